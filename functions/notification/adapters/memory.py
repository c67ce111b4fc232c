"""Notification without AWS: the same rules, and outboxes to look into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from events.envelope import CloudEvent
from functions.notification.domain import Contact, Email, WebhookCall
from functions.notification.ports import Guard
from functions.notification.process import Contacts, Notification
from runtime.clock import Clock
from runtime.outcome import Handle, Outcome


@dataclass
class MemoryContactBook:
    contacts: dict[str, Contact] = field(default_factory=dict)

    def offer(self, contact: Contact) -> bool:
        known = self.contacts.get(contact.customer_id)
        if known is not None and not contact.supersedes(known):
            return False
        self.contacts[contact.customer_id] = contact
        return True

    def find(self, customer_id: str) -> Contact | None:
        return self.contacts.get(customer_id)


def _takes_all(_: object) -> None:
    """No trouble."""


@dataclass
class MemoryMailer:
    """Keeps what it sent. `trouble` may raise Refused or TransientError for an e-mail."""

    outbox: list[Email] = field(default_factory=list)
    trouble: Callable[[Email], None] = _takes_all

    def send(self, email: Email) -> str:
        self.trouble(email)
        self.outbox.append(email)
        return f"memory-{len(self.outbox)}"


@dataclass
class MemoryWebhookSender:
    """Keeps what it sent. `trouble` may raise Refused or TransientError for a call."""

    outbox: list[WebhookCall] = field(default_factory=list)
    trouble: Callable[[WebhookCall], None] = _takes_all

    def send(self, call: WebhookCall) -> str | None:
        self.trouble(call)
        self.outbox.append(call)
        return None


@dataclass
class MemoryGuard:
    """What went well is remembered, what raised is not."""

    outcomes: dict[tuple[str, str, str], Outcome] = field(default_factory=dict)

    def __call__(self, channel: str, handle: Handle, event: CloudEvent) -> Outcome:
        key = (channel, *event.identity)
        if key not in self.outcomes:
            self.outcomes[key] = handle(event)
        return self.outcomes[key]


@dataclass(frozen=True, kw_only=True)
class MemoryNotification:
    """The service's two handles, and what they act on."""

    messages: Handle
    contacts: Handle
    book: MemoryContactBook
    mailer: MemoryMailer
    webhooks: MemoryWebhookSender


def memory_notification(clock: Clock, *, guard: Guard | None = None) -> MemoryNotification:
    """The whole service in memory. `guard`, a MemoryGuard by default, remembers each channel's outcome."""
    book, mailer, webhooks = MemoryContactBook(), MemoryMailer(), MemoryWebhookSender()
    notification = Notification(book=book, mailer=mailer, webhooks=webhooks, clock=clock, guard=guard or MemoryGuard())
    return MemoryNotification(
        messages=notification.handle,
        contacts=Contacts(book, clock).handle,
        book=book,
        mailer=mailer,
        webhooks=webhooks,
    )
