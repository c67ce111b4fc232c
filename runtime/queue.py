"""A consumer's own queue, as far as the consumer acts on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from runtime.aws import aws_errors

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient


class Queue(Protocol):
    def dead_letter(self, body: str, attributes: Mapping[str, str]) -> None:
        """Put the message, as it came, into the DLQ with what is known of its failure. Raises TransientError."""

    def delay(self, receipt_handle: str, seconds: int) -> None:
        """Show the message again `seconds` from now. Raises TransientError."""


class SqsQueue:
    """The real one."""

    def __init__(self, client: SQSClient, *, url: str, dead_letter_url: str) -> None:
        self._client = client
        self._url = url
        self._dead_letter_url = dead_letter_url

    def dead_letter(self, body: str, attributes: Mapping[str, str]) -> None:
        with aws_errors("SQS"):
            self._client.send_message(
                QueueUrl=self._dead_letter_url,
                MessageBody=body,
                MessageAttributes={k: {"DataType": "String", "StringValue": v} for k, v in attributes.items() if v},
            )

    def delay(self, receipt_handle: str, seconds: int) -> None:
        with aws_errors("SQS"):
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )
