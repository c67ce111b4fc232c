"""Customers, invoices and messages for notification's tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from events.envelope import CloudEvent
from functions.notification.adapters.memory import MemoryGuard, MemoryNotification, memory_notification
from functions.notification.domain import Contact, Email, WebhookCall
from functions.notification.ports import Guard
from tests.unit.event_builders import paid
from tests.unit.runtime_fakes import FakeClock

CUSTOMER = "cus_abc123"


def contact(**changes: Any) -> Contact:
    base: dict[str, Any] = {
        "customer_id": CUSTOMER,
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "updated_at": datetime(2026, 5, 1, 12, tzinfo=UTC),
        "event_id": "c-1",
    }
    return Contact(**(base | changes))


def contact_updated(**changes: Any) -> CloudEvent:
    data = {"customer_id": CUSTOMER, "name": "Ada Lovelace", "email": "ada@example.com"}
    members = {
        "specversion": "1.0",
        "id": "c-1",
        "source": "/crm",
        "type": "customer.contact.updated",
        "time": "2026-05-01T12:00:00Z",
        "data": data | changes.pop("data", {}),
    }
    return CloudEvent.parse(members | changes)


def issued(**data: Any) -> CloudEvent:
    return paid(type="billing.invoice.issued", data={**paid().data, **data})


def payment_failed(**data: Any) -> CloudEvent:
    return paid(type="billing.invoice.payment_failed", data={**paid().data, "reason": "card declined", **data})


def email(**changes: Any) -> Email:
    base = {"message_id": "msg_1", "to": "ada@example.com", "subject": "Hallo", "text": "text", "html": "<p>html</p>"}
    return Email(**(base | changes))


def call(**changes: Any) -> WebhookCall:
    base = {"message_id": "msg_1", "customer_id": CUSTOMER, "url": "https://hooks.example.com/in", "body": '{"é":1}'}
    return WebhookCall(**(base | changes))


def service(*contacts: Contact, guard: Guard | None = None) -> MemoryNotification:
    made = memory_notification(FakeClock(), guard=guard or MemoryGuard())
    for each in contacts:
        made.book.offer(each)
    return made
