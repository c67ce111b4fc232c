"""The queue of what is due, on SQS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from events.envelope import CloudEvent
from runtime.aws import aws_errors
from runtime.errors import DependencyUnavailable
from runtime.tracing import begun_here

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

#: SendMessageBatch's limit. Messages of what is due are so small that no other is met.
MAX_ENTRIES: Final = 10


class SqsAgenda:
    """Each is one message."""

    def __init__(self, client: SQSClient, *, url: str) -> None:
        self._client = client
        self._url = url

    def add(self, due: Sequence[CloudEvent]) -> None:
        for start in range(0, len(due), MAX_ENTRIES):
            self._send([begun_here(event).to_json() for event in due[start : start + MAX_ENTRIES]])

    def _send(self, bodies: Sequence[str]) -> None:
        with aws_errors("SQS"):
            answer = self._client.send_message_batch(
                QueueUrl=self._url,
                Entries=[{"Id": str(place), "MessageBody": body} for place, body in enumerate(bodies)],
            )
        for failed in answer.get("Failed", ()):
            raise DependencyUnavailable(f"SQS: {failed['Code']}: {failed.get('Message', '')}")
