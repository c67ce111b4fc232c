"""Breakwater as its users see it: HTTP APIs, a bus to put events on, and dead letters to look at."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from events.binding import to_entry, to_http
from events.envelope import BATCH_MEDIA_TYPE, CloudEvent
from functions.ingestion.manifest import INCOMING, RESULTS
from local.embedded.cloud import Answer, http
from local.embedded.stack import Stack

_DEAD_LETTERS_AT_ONCE: Final = 10
_PEEKS: Final = 50


class Refused(Exception):
    """The system answered otherwise than a client that does everything right would expect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """`reason` holds the message attributes: reason, attempts, error_message, event_id and so on."""

    message_id: str
    receipt_handle: str
    body: str
    reason: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One upload."""

    name: str
    etag: str
    version: str | None


class Client:
    """Talks to one deployed stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def put_text(self, event: str) -> None:
        """`aws events put-events` with this very text as the detail. Raises Refused."""
        members = json.loads(event)
        entry = {"Source": members["source"], "DetailType": members["type"], "Detail": event}
        self._put([{**entry, "EventBusName": self._stack.bus_name}])

    def put(self, *events: CloudEvent) -> None:
        """Raises Refused."""
        self._put([to_entry(event, self._stack.bus_name) for event in events])

    def _put(self, entries: Sequence[Any]) -> None:
        answer = self._stack.cloud.client("events").put_events(Entries=entries)
        if answer["FailedEntryCount"]:
            raise Refused(f"put-events: {answer['Entries']}")

    def post(self, event: CloudEvent) -> Answer:
        headers, body = to_http(event)
        return self.post_raw(headers, body)

    def post_batch(self, events: Sequence[Any]) -> Answer:
        return self.post_raw({"content-type": BATCH_MEDIA_TYPE}, json.dumps(events).encode())

    def post_raw(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """POST /events."""
        return http("POST", f"{self._stack.ingestion_url}/events", headers=headers, body=body)

    def put_file(self, name: str, body: bytes) -> StoredFile:
        """Upload a file of records."""
        key, s3 = f"{INCOMING}{name}", self._stack.cloud.client("s3")
        answer = s3.put_object(Bucket=self._stack.files_bucket, Key=key, Body=body)
        return StoredFile(name=name, etag=answer["ETag"].strip('"'), version=answer.get("VersionId"))

    def file_result(self, file: StoredFile) -> dict[str, Any] | None:
        """The answer to this upload; None as long as there is none."""
        found = self._answer(f"{RESULTS}{file.name}.json")
        result = json.loads(found) if found else None
        return result if result and result["etag"] == file.etag else None

    def rejects(self, name: str) -> list[dict[str, Any]]:
        """What the reject files that a file's result names say, line by line."""
        result = json.loads(self._answer(f"{RESULTS}{name}.json") or b'{"reject_files": []}')
        texts = [self._answer(key) or b"" for key in result["reject_files"]]
        return [json.loads(line) for text in texts for line in text.splitlines()]

    def _answer(self, key: str) -> bytes | None:
        s3 = self._stack.cloud.client("s3")
        try:
            return bytes(s3.get_object(Bucket=self._stack.files_bucket, Key=key)["Body"].read())
        except s3.exceptions.NoSuchKey:
            return None

    def issue_invoice(self, order: Mapping[str, Any], *, key: str) -> dict[str, Any]:
        """The invoice. Raises Refused."""
        return _expected(self.try_invoice(order, key=key), HTTPStatus.CREATED)

    def try_invoice(self, order: Mapping[str, Any], *, key: str) -> Answer:
        """POST /invoices."""
        headers = {"content-type": "application/json", "idempotency-key": key}
        return http("POST", f"{self._stack.billing_url}/invoices", headers=headers, body=json.dumps(order).encode())

    def try_billing(self, path: str) -> Answer:
        """GET anything of billing's API."""
        return http("GET", f"{self._stack.billing_url}/{path}")

    def invoice(self, invoice_id: str) -> dict[str, Any]:
        """Raises Refused."""
        return _expected(self.try_billing(f"invoices/{invoice_id}"), HTTPStatus.OK)

    def usage(self, customer_id: str, period: str) -> dict[str, int]:
        """Meter -> quantity in one period. Raises Refused."""
        query = urlencode({"period": period})
        answer = self.try_billing(f"customers/{customer_id}/usage?{query}")
        return {meter["meter"]: meter["quantity"] for meter in _expected(answer, HTTPStatus.OK)["meters"]}

    def dead_letters(self, consumer: str) -> list[DeadLetter]:
        """What the consumer's DLQ holds; it still holds it afterwards."""
        url, sqs = self._stack.dead_letter_url(consumer), self._stack.cloud.client("sqs")
        found: dict[str, DeadLetter] = {}
        for _ in range(_PEEKS):
            answer = sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=_DEAD_LETTERS_AT_ONCE,
                MessageAttributeNames=["All"],
                VisibilityTimeout=2,
            )
            letters = [_dead_letter(message) for message in answer.get("Messages", ())]
            if not letters:
                break
            found |= {letter.message_id: letter for letter in letters}
        self._show_again(url, found.values())
        return list(found.values())

    def _show_again(self, url: str, letters: Any) -> None:
        for letter in letters:
            self._stack.cloud.client("sqs").change_message_visibility(
                QueueUrl=url, ReceiptHandle=letter.receipt_handle, VisibilityTimeout=0
            )


def _dead_letter(message: Mapping[str, Any]) -> DeadLetter:
    return DeadLetter(
        message_id=message["MessageId"],
        receipt_handle=message["ReceiptHandle"],
        body=message["Body"],
        reason={name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()},
    )


def _expected(answer: Answer, status: HTTPStatus) -> dict[str, Any]:
    if answer.status != status:
        raise Refused(f"HTTP {answer.status} instead of {status.value}: {answer.body.decode(errors='replace')}")
    return dict(answer.json())
