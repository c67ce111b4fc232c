"""Who is told what, on which channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from events.catalog import (
    BillingInvoiceIssued,
    BillingInvoicePaid,
    BillingInvoicePaymentFailed,
    CustomerContactUpdated,
    NotificationMessageFailed,
    NotificationMessageSent,
    Payload,
    caused_by,
    payload_of,
)
from events.envelope import CloudEvent, InvalidEvent, Problem, derived_id
from functions.notification.manifest import SOURCE

EMAIL: Final = "email"
WEBHOOK: Final = "webhook"
NO_CHANNEL: Final = "none"
#: Tells apart the events that one event brings about, one for each channel.
CHANNELS: Final = {EMAIL: 0, WEBHOOK: 1, NO_CHANNEL: 2}

Invoice = BillingInvoiceIssued | BillingInvoicePaid | BillingInvoicePaymentFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How to reach a customer, as of one event."""

    customer_id: str
    name: str
    email: str | None = None
    webhook_url: str | None = None
    updated_at: datetime
    event_id: str

    @property
    def channels(self) -> tuple[str, ...]:
        """Every address that is given is used, each with a message of its own."""
        return tuple(c for c, address in ((EMAIL, self.email), (WEBHOOK, self.webhook_url)) if address)

    def supersedes(self, other: Contact) -> bool:
        """The newest event wins; of two at the same time, the one with the greater id."""
        return (self.updated_at, self.event_id) > (other.updated_at, other.event_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """One e-mail, ready to send. `subject` is one line."""

    message_id: str
    to: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCall:
    """One call of a customer's endpoint, ready to sign. `trace` are the headers by which a trace goes on there."""

    message_id: str
    customer_id: str
    url: str
    body: str
    trace: Mapping[str, str] = field(default_factory=dict)


def contact_of(event: CloudEvent) -> Contact:
    """The contact that a `customer.contact.updated` tells of. Raises InvalidEvent."""
    payload = payload_of(event)
    if not isinstance(payload, CustomerContactUpdated):
        raise InvalidEvent([Problem("type", f"{event.type} is no contact")])
    if event.occurred_at is None:
        raise InvalidEvent([Problem("time", "is required: the newest contact stands")])
    return Contact(
        customer_id=payload.customer_id,
        name=payload.name,
        email=payload.channels.email,
        webhook_url=payload.channels.webhook_url,
        updated_at=event.occurred_at,
        event_id=event.id,
    )


def invoice_of(event: CloudEvent) -> Invoice:
    """What there is to tell a customer. Raises InvalidEvent."""
    payload = payload_of(event)
    if not isinstance(payload, BillingInvoiceIssued | BillingInvoicePaid | BillingInvoicePaymentFailed):
        raise InvalidEvent([Problem("type", f"there is nothing to tell a customer about {event.type}")])
    return payload


def message_id(event: CloudEvent, channel: str) -> str:
    """The same for every attempt at one message, so that a receiver can tell a repeat."""
    return f"msg_{derived_id(event.source, event.id, channel)}"


def sent(event: CloudEvent, invoice: Invoice, channel: str, *, provider_id: str | None, now: datetime) -> CloudEvent:
    """The news that a message was handed over."""
    payload = NotificationMessageSent(
        message_id=message_id(event, channel),
        customer_id=invoice.customer_id,
        channel=channel,
        template=event.type,
        about_id=event.id,
        about_source=event.source,
        provider_id=provider_id,
    )
    return _news(event, payload, channel, now)


def failed(event: CloudEvent, invoice: Invoice, channel: str, *, reason: str, now: datetime) -> CloudEvent:
    """The news that a message was refused for good."""
    payload = NotificationMessageFailed(
        message_id=message_id(event, channel),
        customer_id=invoice.customer_id,
        channel=channel,
        template=event.type,
        about_id=event.id,
        about_source=event.source,
        reason=reason[:1000] or "refused without a reason",
    )
    return _news(event, payload, channel, now)


def _news(event: CloudEvent, payload: Payload, channel: str, now: datetime) -> CloudEvent:
    return caused_by(event, payload, source=SOURCE, time=now, index=CHANNELS[channel], subject=event.subject)
