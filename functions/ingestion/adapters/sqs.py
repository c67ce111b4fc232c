"""The ingestion queue on SQS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from events.envelope import CloudEvent
from functions.ingestion.adapters.messages import message_body
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


class _Entry(NamedTuple):
    place: int
    body: str
    size: int


class _Answer(NamedTuple):
    again: dict[int, str]
    refused: dict[int, str]


class SqsIntake:
    """Each event is one message."""

    def __init__(self, client: SQSClient, *, url: str, claims: ClaimChecks, clock: Clock) -> None:
        self._client = client
        self._url = url
        self._claims = claims
        self._clock = clock

    def put(self, events: Sequence[CloudEvent]) -> Mapping[int, str]:
        entries, failures = self._entries(events)
        down: str | None = None
        for chunk in _chunks(entries):
            # A queue that took nothing of one chunk is not asked again: the caller waits for an answer.
            missing = self._send(chunk) if down is None else dict.fromkeys((e.place for e in chunk), down)
            if len(missing) == len(chunk):
                down = next(iter(missing.values()))
            failures |= missing
        if failures:
            reason = next(iter(failures.values()))
            logger().warning("not_queued", extra={"events": len(failures), "error_message": reason})
        return failures

    def _entries(self, events: Sequence[CloudEvent]) -> tuple[list[_Entry], dict[int, str]]:
        """The events as messages, and why some are none: their data cannot be checked in for now."""
        entries: list[_Entry] = []
        failures: dict[int, str] = {}
        for index, event in enumerate(events):
            try:
                body = message_body(event, self._claims)
            except TransientError as error:
                failures[index] = str(error)
            else:
                entries.append(_Entry(index, body, len(body.encode())))
        return entries, failures

    def _send(self, chunk: list[_Entry]) -> dict[int, str]:
        """Only what SQS did not take is sent again, and only if SQS says that it was not our fault."""
        refused: dict[int, str] = {}
        again: dict[int, str] = {}
        for attempt in range(_ATTEMPTS):
            self._clock.sleep(0.1 * attempt)
            again, new = self._attempt(chunk)
            refused |= new
            chunk = [entry for entry in chunk if entry.place in again]
            if not chunk:
                break
        return refused | again

    def _attempt(self, chunk: list[_Entry]) -> _Answer:
        try:
            with aws_errors("SQS"):
                answer = self._client.send_message_batch(
                    QueueUrl=self._url, Entries=[{"Id": str(e.place), "MessageBody": e.body} for e in chunk]
                )
        except TransientError as error:
            return _Answer(again=dict.fromkeys((e.place for e in chunk), str(error)), refused={})
        failed = answer.get("Failed", [])
        reasons = {int(f["Id"]): f"{f['Code']}: {f.get('Message', '')}" for f in failed}
        ours = {int(f["Id"]) for f in failed if f["SenderFault"]}
        return _Answer(
            again={i: why for i, why in reasons.items() if i not in ours},
            refused={i: why for i, why in reasons.items() if i in ours},
        )


def _chunks(entries: Iterable[_Entry]) -> Iterator[list[_Entry]]:
    chunk: list[_Entry] = []
    total = 0
    for entry in entries:
        if chunk and (len(chunk) == MAX_ENTRIES or total + entry.size > MAX_BYTES):
            yield chunk
            chunk, total = [], 0
        chunk.append(entry)
        total += entry.size
    if chunk:
        yield chunk
