"""What fuzzing starts from: the examples, and one event of each type in the catalog."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from events.binding import to_http
from events.catalog import CATALOG, dataschema
from events.envelope import BATCH_MEDIA_TYPE, CloudEvent
from events.twins import in_versions
from tests.fuzz.contract import envelope_of
from tests.fuzz.messages import Request

_EXAMPLES = Path(__file__).parents[2] / "examples"
#: Of all fields in the catalog, a value.
_FACTS: dict[str, Any] = {
    "customer_id": "cus_abc123",
    "meter": "seats",
    "quantity": 2,
    "used_at": "2026-05-20T14:00:00Z",
    "payment_id": "pay_1",
    "invoice_id": "inv_1",
    "amount": 49900,
    "currency": "USD",
    "reason": "card declined",
    "problems": [{"field": "data.amount", "message": "no"}],
    "record_type": "t",
    "record_source": "s",
    "record_id": "i",
    "record": "{}",
    "period": "2026-05",
    "due_at": "2026-06-03T00:00:00Z",
    "paid_at": "2026-05-20T14:00:00.5+02:00",
    "lines": [{"description": "Seats", "quantity": 2, "amount": 49900, "meter": "seats"}],
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "webhook_url": "https://hooks.example.com/in",
    "channels": {"email": "ada@example.com", "webhook_url": "https://hooks.example.com/in"},
    "message_id": "msg_1",
    "channel": "email",
    "template": "billing.invoice.paid",
    "about_id": "e-1",
    "about_source": "billing-service",
    "provider_id": "ses-1",
}


def events() -> list[CloudEvent]:
    return [
        CloudEvent(
            id=f"e-{number}",
            source="/partners/acme",
            type=type_,
            time="2026-05-20T14:30:00.123Z",
            subject="straße 1 / 50%",
            datacontenttype="application/json",
            dataschema=dataschema(type_, version),
            data={name: _FACTS[name] for name in model.model_fields},
            extensions={
                "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "flag": True,
                "count": 3,
            },
        )
        for number, ((type_, version), model) in enumerate(CATALOG.items())
    ]


def event_texts() -> Iterator[bytes]:
    """Events in the JSON event format, good ones and bad ones."""
    for event in events():
        yield event.to_json().encode()
    for name in ("contact", "contact-v2", "payment", "poison", "seed-event", "usage"):
        yield (_EXAMPLES / f"{name}.json").read_bytes()
    newest, *_ = in_versions(CloudEvent.parse((_EXAMPLES / "contact-v2.json").read_bytes()))
    yield newest.model_copy(update={"dataschema": dataschema(newest.type, 9)}).to_json().encode()
    yield b'{"specversion":"1.0","id":"1","source":"s","type":"t","datacontenttype":"image/png","data_base64":"iVBO"}'


def messages() -> Iterator[bytes]:
    """Bodies of queue messages: events, alone and in EventBridge's envelope."""
    yield from event_texts()
    for event in events():
        yield envelope_of(event).encode()
    for record in json.loads((_EXAMPLES / "sqs-payment-settled.json").read_text())["Records"]:
        yield record["body"].encode()
    yield b'{"id":"eb-1","source":"acme","detail-type":"partner.usage.reported","detail":{"quantity":1}}'
    usage = [event for event in events() if event.type == "ingestion.usage.recorded"]
    yield envelope_of(*usage, *usage).encode()
    yield f"[{','.join(event.to_json() for event in events())},7,{{}}]".encode()


def files() -> Iterator[bytes]:
    """Files of events and of usage records, as they are and compressed."""
    table = (_EXAMPLES / "usage.csv").read_bytes()[:2_000]
    records = b"\n".join(json.dumps({**_FACTS, "source": "s", "id": str(n)}).encode() for n in range(3))
    for file in (table, records, b"\r\n".join(event_texts()), b"\xef\xbb\xbf" + table, b"\n\n" + records + b"\n"):
        yield file
        yield gzip.compress(file, mtime=0)


def details() -> Iterator[bytes]:
    yield from event_texts()
    yield from (text for text in messages() if b'"detail"' in text)


def event_requests() -> Iterator[bytes]:
    """Requests to ingestion in all content modes."""
    for event in events():
        yield Request("POST", "/events", *to_http(event)).to_bytes()
        yield Request("POST", "/events", *to_http(event, "binary")).to_bytes()
    batch = (_EXAMPLES / "usage-batch.json").read_bytes()
    yield Request("POST", "/events", {"content-type": BATCH_MEDIA_TYPE}, batch).to_bytes()
    yield Request("GET", "/openapi.json", {}).to_bytes()


def billing_requests() -> Iterator[bytes]:
    headers = {"content-type": "application/json", "idempotency-key": "key-1"}
    yield Request("POST", "/invoices", headers, (_EXAMPLES / "invoice.json").read_bytes()).to_bytes()
    yield Request("POST", "/invoices/inv_1/void", {}).to_bytes()
    for target in (
        "/invoices?customer_id=cus_abc123&limit=10&cursor=MjAyNi0wNS0yMFQxNDozMDowMC4wMDAwMDBaI2ludl8x",
        "/invoices/inv_1",
        "/customers/cus_abc123/usage?period=2026-05",
        "/openapi.json",
    ):
        yield Request("GET", target, {}).to_bytes()
