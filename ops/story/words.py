"""Times, lengths of time and event types as people say them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from events.catalog import (
    BillingInvoiceIssued,
    BillingInvoicePaid,
    BillingInvoicePaymentFailed,
    CustomerContactUpdated,
    IngestionPaymentFailed,
    IngestionPaymentSettled,
    IngestionRecordRejected,
    IngestionUsageRecorded,
    NotificationMessageFailed,
    NotificationMessageSent,
)

#: What has happened once everybody has acted on an event of this type. `{customer}` and `{invoice}` are filled in.
FACTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        IngestionUsageRecorded.type: "the usage of {customer} was booked",
        IngestionPaymentSettled.type: "the payment of {invoice} was booked",
        IngestionPaymentFailed.type: "the failed payment of {invoice} was booked",
        IngestionRecordRejected.type: "the record was refused",
        BillingInvoiceIssued.type: "{invoice} was issued",
        BillingInvoicePaid.type: "{invoice} was paid",
        BillingInvoicePaymentFailed.type: "the payment of {invoice} failed",
        CustomerContactUpdated.type: "the contact book has {customer} as the event says, or newer",
        NotificationMessageSent.type: "{customer} was told",
        NotificationMessageFailed.type: "{customer} could not be told",
    }
)
#: Facts that another one, if it is there, says better.
SAID_BY: Final[Mapping[str, str]] = MappingProxyType(
    {
        IngestionPaymentSettled.type: BillingInvoicePaid.type,
        IngestionPaymentFailed.type: BillingInvoicePaymentFailed.type,
    }
)
#: An answer that nobody hoped for, and an end all the same.
REFUSALS: Final = frozenset((IngestionRecordRejected.type, NotificationMessageFailed.type))

_SHORT: Final = 12
_DERIVED_ID_LENGTH: Final = 32
_SECOND: Final = 1_000
_MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


def span(millis: float) -> str:
    """A length of time in as few words as it takes: `412 ms`, `3.2 s`, `5 min`, `2 h 10 min`, `3 d`."""
    if millis < _SECOND:
        return f"{millis:.0f} ms"
    if millis < _MINUTE:
        return f"{millis / _SECOND:.1f} s"
    if millis < _HOUR:
        return f"{millis / _MINUTE:.0f} min"
    if millis < 2 * _DAY:
        return f"{millis // _HOUR:.0f} h {millis % _HOUR // _MINUTE:.0f} min"
    return f"{millis / _DAY:.0f} d"


def between(start: datetime, end: datetime) -> float:
    """Milliseconds."""
    return (end - start) / timedelta(milliseconds=1)


def clock(moment: datetime, now: datetime) -> str:
    """The time of day, with the day if it is not today's: `03:12:04`, `2026-05-20 03:12:04`. UTC."""
    form = "%H:%M:%S" if moment.date() == now.date() else "%Y-%m-%d %H:%M:%S"
    return moment.strftime(form)


def short(event_id: str) -> str:
    """A derived id shortened; any other as it is."""
    return f"{event_id[:_SHORT]}…" if len(event_id) == _DERIVED_ID_LENGTH else event_id


def times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def joined(parts: list[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def sentence(text: str) -> str:
    """With a capital, unless it starts with a name, and a full stop."""
    text = text if text[:1].isupper() or "_" in text.partition(" ")[0] else text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."
