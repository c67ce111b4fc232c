"""Which dead letters an operator redrives, and which of them that can help."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from events.binding import from_sqs_body
from functions.notification.ports import ContactUnknown
from local.memory.queue import Message
from local.simulate.book import Book
from runtime.errors import TransientError


def is_transient(message: Message) -> bool:
    """Whether an operator would redrive it: what it met may be over."""
    return message.attributes.get("reason") in TRANSIENT


def is_hopeless(message: Message, book: Book) -> bool:
    """News for a customer whom no CRM has told of."""
    if message.attributes.get("reason") != ContactUnknown.code:
        return False
    told = (event.data for event in book.accepted.values() if event.type == "customer.contact.updated")
    return from_sqs_body(message.body).data["customer_id"] not in {data["customer_id"] for data in told}


def _codes(kind: type[TransientError]) -> Iterator[str]:
    yield kind.code
    for narrower in kind.__subclasses__():
        yield from _codes(narrower)


#: Reasons of dead letters that another try may get rid of.
TRANSIENT: Final = frozenset(_codes(TransientError)) | {"crashed", "unexpected"}
