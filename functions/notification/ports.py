"""What notification needs of the world."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from events.envelope import CloudEvent
from functions.notification.domain import Contact, Email, WebhookCall
from runtime.errors import PermanentError, TransientError
from runtime.outcome import Handle, Outcome


class Refused(PermanentError):
    """The receiving side does not take this message, and will not take it later either. Says why."""

    code = "refused"


class ContactUnknown(TransientError):
    """The contact book has no such customer; news of it may be under way."""

    code = "contact_unknown"


class EndpointUnavailable(TransientError):
    """One customer's endpoint is down or refuses for now. That says nothing about anybody else's."""

    code = "endpoint_unavailable"


class ContactBook(Protocol):
    """The newest contact of each customer."""

    def offer(self, contact: Contact) -> bool:
        """Keep the contact if it supersedes what the book has. Says whether it did. Raises TransientError."""

    def find(self, customer_id: str) -> Contact | None:
        """Sees every contact that was kept before. Raises TransientError."""


class Mailer(Protocol):
    def send(self, email: Email) -> str:
        """The mail service's id of the message, which it has taken over. Raises Refused and TransientError."""


class WebhookSender(Protocol):
    def send(self, call: WebhookCall) -> str | None:
        """The endpoint's own id of the message, if it gave one. Raises Refused and TransientError."""


#: Runs a handler once for each (channel, event) and gives back its outcome ever after: `guard(channel, handle, event)`.
Guard = Callable[[str, Handle, CloudEvent], Outcome]
