"""A consumer's own queue, as far as the consumer acts on it, and where its dead letters go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from events.envelope import CloudEvent, format_time
from runtime.aws import aws_errors
from runtime.telemetry import why

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageAttributeValueTypeDef

#: SQS counts attribute names and values into the message's 1 MiB.
_LONGEST_ATTRIBUTE: Final = 1024
#: Source: SendMessage, "Valid Characters". Compiled when there is a dead letter: that takes milliseconds.
_UNACCEPTABLE: Final = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


class DeadLetters(Protocol):
    def dead_letter(self, body: str, attributes: Mapping[str, str]) -> None:
        """Put the message, as it came, into the DLQ with what is known of its failure. Raises TransientError."""


class Queue(DeadLetters, Protocol):
    def delay(self, receipt_handle: str, seconds: int) -> None:
        """Show the message again `seconds` from now. Raises TransientError."""

    def defer(self, body: str, attributes: Mapping[str, str], seconds: int) -> None:
        """Send the message again, to be seen `seconds` (at most 900) from now. Raises TransientError."""


class SqsDeadLetters:
    """The real one."""

    def __init__(self, client: SQSClient, *, dead_letter_url: str) -> None:
        self._client = client
        self._dead_letter_url = dead_letter_url

    def dead_letter(self, body: str, attributes: Mapping[str, str]) -> None:
        with aws_errors("SQS"):
            self._client.send_message(
                QueueUrl=self._dead_letter_url,
                MessageBody=body,
                MessageAttributes=_strings(attributes),
            )


class SqsQueue(SqsDeadLetters):
    """The real one."""

    def __init__(self, client: SQSClient, *, url: str, dead_letter_url: str) -> None:
        super().__init__(client, dead_letter_url=dead_letter_url)
        self._url = url

    def delay(self, receipt_handle: str, seconds: int) -> None:
        with aws_errors("SQS"):
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )

    def defer(self, body: str, attributes: Mapping[str, str], seconds: int) -> None:
        with aws_errors("SQS"):
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=body,
                DelaySeconds=seconds,
                MessageAttributes=_strings(attributes),
            )


def _strings(attributes: Mapping[str, str]) -> dict[str, MessageAttributeValueTypeDef]:
    return {k: {"DataType": "String", "StringValue": v} for k, v in attributes.items() if v}


def reason(
    error: BaseException,
    *,
    consumer: str,
    attempts: int,
    first_seen: str,
    failed_at: datetime,
    event: CloudEvent | None,
) -> dict[str, str]:
    """A dead letter's message attributes: at most the ten that SQS takes, each fit to be one."""
    attributes = {
        **why(error),
        "attempts": str(attempts),
        "consumer": consumer,
        "first_seen": first_seen,
        "failed_at": format_time(failed_at),
    }
    if event is not None:
        attributes |= {"event_source": event.source, "event_id": event.id, "event_type": event.type}
    return {name: _fit(value) for name, value in attributes.items() if value}


def _fit(value: str) -> str:
    """An attribute value that SQS accepts: not too long, and only characters that XML can carry."""
    printable = re.sub(_UNACCEPTABLE, "\ufffd", value)
    return printable if len(printable) <= _LONGEST_ATTRIBUTE else printable[: _LONGEST_ATTRIBUTE - 1] + "…"
