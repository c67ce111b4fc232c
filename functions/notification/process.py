"""Notification's use cases: keep the contact book, and tell customers what happened to their invoices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Final

from events.envelope import CloudEvent
from events.trace_context import passed_on
from functions.notification.domain import (
    EMAIL,
    NO_CHANNEL,
    WEBHOOK,
    Contact,
    Email,
    Invoice,
    WebhookCall,
    contact_of,
    failed,
    invoice_of,
    message_id,
    sent,
)
from functions.notification.ports import ContactBook, ContactUnknown, Guard, Mailer, Refused, WebhookSender
from functions.notification.rendering import render
from runtime.clock import Clock
from runtime.errors import BusinessRuleViolated, TransientError
from runtime.outcome import Outcome

#: How far a CRM's clock may be ahead of ours.
SKEW: Final = timedelta(days=1)

Send = Callable[[CloudEvent, Invoice, Contact], str | None]


class Contacts:
    """Keeps the contact book."""

    def __init__(self, book: ContactBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    def handle(self, event: CloudEvent) -> Outcome:
        """A contact that is older than the one in the book, or the same, changes nothing.

        Raises InvalidEvent, and BusinessRuleViolated for one of the future: no true one would ever replace it.
        """
        contact = contact_of(event)
        if event.occurred_at is not None and event.occurred_at > self._clock.now() + SKEW:
            raise BusinessRuleViolated(f"the contact's time {event.time} is in the future")
        return Outcome(duplicate=not self._book.offer(contact))


class Notification:
    """Sends one message for each channel of the customer.

    Each channel is guarded by itself, so that a webhook that fails for now does not send the e-mail again.
    """

    def __init__(
        self, *, book: ContactBook, mailer: Mailer, webhooks: WebhookSender, clock: Clock, guard: Guard
    ) -> None:
        self._book = book
        self._mailer = mailer
        self._webhooks = webhooks
        self._clock = clock
        self._guard = guard
        self._channels: dict[str, Send] = {EMAIL: self._send_email, WEBHOOK: self._send_webhook}

    def handle(self, event: CloudEvent) -> Outcome:
        """What was sent, and what was refused for good.

        Raises InvalidEvent, ContactUnknown, and the TransientError of a channel after all were tried.
        """
        invoice = invoice_of(event)
        contact = self._book.find(invoice.customer_id)
        if contact is None:
            raise ContactUnknown(f"no contact of {invoice.customer_id} has come in yet")
        if not contact.channels:
            reason = "the contact has neither an e-mail address nor a webhook"
            return Outcome.of([failed(event, invoice, NO_CHANNEL, reason=reason, now=self._clock.now())])
        return self._on_all_channels(event, invoice, contact)

    def _on_all_channels(self, event: CloudEvent, invoice: Invoice, contact: Contact) -> Outcome:
        news: list[CloudEvent] = []
        errors: list[TransientError] = []
        for channel in contact.channels:
            deliver = partial(self._deliver, channel, invoice, contact)
            try:
                news.extend(self._guard(channel, deliver, event).events)
            except TransientError as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return Outcome.of(news)

    def _deliver(self, channel: str, invoice: Invoice, contact: Contact, event: CloudEvent) -> Outcome:
        try:
            provider_id = self._channels[channel](event, invoice, contact)
        except Refused as error:
            return Outcome.of([failed(event, invoice, channel, reason=str(error), now=self._clock.now())])
        return Outcome.of([sent(event, invoice, channel, provider_id=provider_id, now=self._clock.now())])

    def _send_email(self, event: CloudEvent, invoice: Invoice, contact: Contact) -> str:
        content = render(event.type, invoice, contact)
        return self._mailer.send(
            Email(
                message_id=message_id(event, EMAIL),
                to=contact.email or "",
                subject=content.subject,
                text=content.text,
                html=content.html,
            )
        )

    def _send_webhook(self, event: CloudEvent, _: Invoice, contact: Contact) -> str | None:
        return self._webhooks.send(
            WebhookCall(
                message_id=message_id(event, WEBHOOK),
                customer_id=contact.customer_id,
                url=contact.webhook_url or "",
                body=event.to_json(),
                trace=passed_on(event.extensions),
            )
        )
