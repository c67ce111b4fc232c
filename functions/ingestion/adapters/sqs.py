"""The ingestion queue on SQS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from events.envelope import CloudEvent
from functions.ingestion.adapters.messages import Message, messages
from runtime.aws import aws_errors
from runtime.claim_check import ClaimChecks
from runtime.clock import Clock
from runtime.errors import TransientError
from runtime.telemetry import logger

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

#: SendMessageBatch's limits.
MAX_ENTRIES: Final = 10
MAX_BYTES: Final = 1_048_576

_ATTEMPTS: Final = 3


class _Answer(NamedTuple):
    """Why messages were not taken, by their numbers in the call."""

    again: dict[int, str]
    refused: dict[int, str]


class SqsIntake:
    """The events of one request share messages (functions.ingestion.adapters.messages)."""

    def __init__(self, client: SQSClient, *, url: str, claims: ClaimChecks, clock: Clock) -> None:
        self._client = client
        self._url = url
        self._claims = claims
        self._clock = clock

    def put(self, events: Sequence[CloudEvent]) -> Mapping[int, str]:
        queued, failures = messages(events, self._claims)
        down: str | None = None
        for chunk in _chunks(queued):
            # A queue that took nothing of one chunk is not asked again: the caller waits for an answer.
            missing = self._send(chunk) if down is None else dict.fromkeys(range(len(chunk)), down)
            if len(missing) == len(chunk):
                down = next(iter(missing.values()))
            failures |= {place: why for number, why in missing.items() for place in chunk[number].places}
        if failures:
            reason = next(iter(failures.values()))
            logger().warning("not_queued", extra={"events": len(failures), "error_message": reason})
        return failures

    def _send(self, chunk: Sequence[Message]) -> dict[int, str]:
        """What was not taken in the end, by its number. Only that is sent again, and only if SQS says that it was not
        our fault."""
        refused: dict[int, str] = {}
        left = dict(enumerate(chunk))
        again: dict[int, str] = {}
        for attempt in range(_ATTEMPTS):
            self._clock.sleep(0.1 * attempt)
            again, new = self._attempt(left)
            refused |= new
            left = {number: left[number] for number in again}
            if not left:
                break
        return refused | again

    def _attempt(self, chunk: Mapping[int, Message]) -> _Answer:
        try:
            with aws_errors("SQS"):
                answer = self._client.send_message_batch(
                    QueueUrl=self._url,
                    Entries=[{"Id": str(number), "MessageBody": message.body} for number, message in chunk.items()],
                )
        except TransientError as error:
            return _Answer(again=dict.fromkeys(chunk, str(error)), refused={})
        failed = answer.get("Failed", [])
        reasons = {int(f["Id"]): f"{f['Code']}: {f.get('Message', '')}" for f in failed}
        ours = {int(f["Id"]) for f in failed if f["SenderFault"]}
        return _Answer(
            again={i: why for i, why in reasons.items() if i not in ours},
            refused={i: why for i, why in reasons.items() if i in ours},
        )


def _chunks(queued: Iterable[Message]) -> Iterator[list[Message]]:
    chunk: list[Message] = []
    total = 0
    for message in queued:
        if chunk and (len(chunk) == MAX_ENTRIES or total + message.size > MAX_BYTES):
            yield chunk
            chunk, total = [], 0
        chunk.append(message)
        total += message.size
    if chunk:
        yield chunk
