"""The events of each scenario, and what must lie in the tables for them. Both sides get the very same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from bench import plain
from events.binding import BATCH
from events.catalog import (
    BillingInvoicePaid,
    Channels,
    CustomerContactUpdated,
    IngestionPaymentSettled,
    IngestionUsageRecorded,
    PartnerUsageReported,
    Payload,
    initial,
)
from events.envelope import BATCH_MEDIA_TYPE, CloudEvent, derived_id, format_time
from functions.billing.adapters.dynamodb import DynamoDbInvoices, Table
from functions.billing.adapters.items import invoice_item
from functions.billing.documents import NewInvoice
from functions.billing.domain import Decision, draft, invoice_id, issue
from functions.billing.due import SHARDS, shard_due
from functions.billing.manifest import PAYMENTS, RELAY, USAGE
from functions.billing.periods import months_before, period_of, start_of
from functions.billing.ports import Stored
from functions.ingestion.adapters.sqs import MAX_ENTRIES
from functions.ingestion.manifest import CONSUMER as INGESTION
from functions.notification.adapters.dynamodb import DynamoDbContactBook
from functions.notification.domain import contact_of
from functions.notification.manifest import CONTACTS, MESSAGES
from runtime.aws import client

#: Customers whose usage is in one batch.
CUSTOMERS: Final = 20

#: Between events: nobody's events all happen at once.
_APART: Final = timedelta(microseconds=1_003)

_ORDER: Final = {
    "customer_id": "cus_1",
    "currency": "USD",
    "lines": [{"description": "Onboarding", "quantity": 1, "unit_amount": 49_900}],
}

Invocation = dict[str, Any]


class Traffic:
    """Each method makes the n-th invocation of its kind: full, and unlike any other.

    The first event is of `now`, and each other one of so much later.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._made = 0

    def reports(self, n: int) -> Invocation:
        usage = PartnerUsageReported(**_usage("cus_1", self._now))
        return _batch(self._event(usage, f"{n}-{i}") for i in range(INGESTION.batch_size))

    def payments(self, n: int) -> Invocation:
        """Each for an invoice that is owed."""
        return _batch(self._payment(self._owed(f"paid-{n}-{i}")) for i in range(PAYMENTS.batch_size))

    def payments_of_nothing(self, n: int) -> Invocation:
        return _batch(self._payment(self._issued(f"never-{n}-{i}")) for i in range(PAYMENTS.batch_size))

    def usage(self, n: int) -> Invocation:
        """Of this month and of the same customers each time."""
        return self._usages(n, period_of(self._now), "known")

    def first_usage(self, n: int) -> Invocation:
        """Of this month and of customers that were never seen before."""
        return self._usages(n, period_of(self._now), f"new-{n}")

    def late_usage(self, n: int) -> Invocation:
        """Of last month and of the same customers each time."""
        return self._usages(n, months_before(period_of(self._now), 1), "known")

    def receipts(self, n: int) -> Invocation:
        """All for one customer, who has an e-mail address."""
        self._introduce(f"cus_reader_{n}")
        return _batch(self._paid(f"{n}-{i}", f"cus_reader_{n}") for i in range(MESSAGES.batch_size))

    def contacts(self, n: int) -> Invocation:
        return _batch(self._event(_contact(f"cus_{n}-{i}"), f"{n}-{i}") for i in range(CONTACTS.batch_size))

    def due(self, n: int) -> Invocation:
        """One shard to be looked through, in which nothing is due."""
        return _batch(iter([shard_due(SHARDS[n % len(SHARDS)], now=self._now)]))

    def written(self, n: int) -> Invocation:
        """As the table's stream tells of new invoices."""
        return {"Records": [self._stream_record(f"stream-{n}-{i}") for i in range(RELAY.batch_size)]}

    def order(self, n: int) -> Invocation:
        headers = {"content-type": "application/json", "idempotency-key": f"order-{n}"}
        return http_request("POST", "/invoices", n, headers=headers, body=json.dumps(_ORDER))

    def look(self, n: int) -> Invocation:
        """For an invoice that is there."""
        return http_request("GET", f"/invoices/{self._owed(f'look-{n}').invoice.id}", n, headers={}, body="")

    def posted(self, n: int) -> Invocation:
        """A batch of usage, as many as one call queues."""
        usage = PartnerUsageReported(**_usage("cus_1", self._now))
        events = [self._event(usage, f"posted-{n}-{i}").to_dict() for i in range(MAX_ENTRIES)]
        return http_request("POST", "/events", n, headers={"content-type": BATCH_MEDIA_TYPE}, body=json.dumps(events))

    def _usages(self, n: int, period: str, crowd: str) -> Invocation:
        used_at = start_of(period)
        return _batch(
            self._event(
                IngestionUsageRecorded(**_usage(f"cus_{crowd}_{i % CUSTOMERS}", used_at)), f"{crowd}-{period}-{n}-{i}"
            )
            for i in range(USAGE.batch_size)
        )

    def _owed(self, key: str) -> Decision:
        decision = self._issued(key)
        DynamoDbInvoices(Table(client("dynamodb"), "billing")).save(decision, over=None, now=self._now)
        plain.store_invoice(plain.invoice(decision.invoice.id, _wanted()))
        return decision

    def _issued(self, key: str) -> Decision:
        order = _wanted().to_order(key)
        id_ = invoice_id(self._now, "order", key)
        made = draft(id=id_, customer_id=order.customer_id, currency=order.currency, lines=order.lines, now=self._now)
        return issue(made, now=self._now)

    def _payment(self, decision: Decision) -> CloudEvent:
        owed = decision.invoice
        payment = IngestionPaymentSettled(
            payment_id=f"pay_{owed.id}", invoice_id=owed.id, amount=owed.amount, currency=owed.currency
        )
        return self._event(payment, owed.id)

    def _paid(self, key: str, customer_id: str) -> CloudEvent:
        invoice = self._issued(key).invoice
        paid = BillingInvoicePaid(
            invoice_id=invoice.id,
            customer_id=customer_id,
            amount=invoice.amount,
            currency=invoice.currency,
            payment_id=f"pay_{key}",
            paid_at=self._now,
        )
        return self._event(paid, key)

    def _introduce(self, customer_id: str) -> None:
        event = self._event(_contact(customer_id), customer_id)
        DynamoDbContactBook(client("dynamodb"), "contacts").offer(contact_of(event))
        plain.keep_contact(event.to_dict())

    def _stream_record(self, key: str) -> dict[str, Any]:
        decision = self._issued(key)
        outbox = tuple(event.to_json() for event in decision.events)
        image = invoice_item(Stored(invoice=decision.invoice, version=1, outbox=outbox))
        change = {"Keys": {"pk": image["pk"], "sk": image["sk"]}, "NewImage": image, "SequenceNumber": key}
        return {"eventID": key, "eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": change}

    def _event(self, payload: Payload, key: str) -> CloudEvent:
        source = f"{payload.type.partition('.')[0]}-service"
        time = self._now + self._made * _APART
        self._made += 1
        return initial(payload, id=derived_id(payload.type, key), source=source, time=time)


def http_request(method: str, path: str, n: int, *, headers: dict[str, str], body: str) -> Invocation:
    """As API Gateway hands it on (payload format 2.0)."""
    http = {"method": method, "path": path, "sourceIp": "127.0.0.1", "userAgent": "b", "protocol": "HTTP/1.1"}
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {"stage": "$default", "requestId": f"r-{n}", "http": http},
        "body": body,
        "isBase64Encoded": False,
    }


def _wanted() -> NewInvoice:
    return NewInvoice.model_validate(_ORDER)


def _usage(customer_id: str, used_at: datetime) -> dict[str, Any]:
    return {"customer_id": customer_id, "meter": "api_calls", "quantity": 1_200, "used_at": used_at}


def _contact(customer_id: str) -> CustomerContactUpdated:
    return CustomerContactUpdated(
        customer_id=customer_id, name="Ada Lovelace", channels=Channels(email="ada@example.com")
    )


def _batch(events: Iterator[CloudEvent]) -> Invocation:
    return {"Records": [_sqs_record(event) for event in events]}


def folded(invocation: Invocation, together: int) -> Invocation:
    """The same events, so many in each message, as entries with several bring them."""
    records = invocation["Records"]
    groups = [records[start : start + together] for start in range(0, len(records), together)]
    return {**invocation, "Records": [_folded(group) for group in groups]}


def _folded(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first, *others = (json.loads(record["body"]) for record in records)
    if not others:
        return dict(records[0])
    batch = {**first, "detail": {BATCH: [envelope["detail"] for envelope in (first, *others)]}}
    return {**records[0], "body": json.dumps(batch)}


def _sqs_record(event: CloudEvent) -> dict[str, Any]:
    """As a rule puts the event into a queue, and Lambda hands it on."""
    envelope = {
        "version": "0",
        "id": event.id,
        "detail-type": event.type,
        "source": event.source,
        "account": "000000000000",
        "time": format_time(event.occurred_at) if event.occurred_at else "",
        "region": "us-east-1",
        "resources": [],
        "detail": event.to_dict(),
    }
    return {
        "messageId": event.id,
        "receiptHandle": event.id,
        "body": json.dumps(envelope),
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1780000000000",
            "ApproximateFirstReceiveTimestamp": "1780000000000",
        },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:bench",
        "awsRegion": "us-east-1",
    }
