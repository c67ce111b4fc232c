"""What an event is on the ingestion queue."""

from __future__ import annotations

from typing import Final

from events.envelope import CloudEvent
from runtime.claim_check import ClaimChecks, checked_in

#: What a message carries whole. SQS takes 1 MiB, but its dead letter needs some of that for the reason.
MAX_BODY: Final = 1_000_000
#: JSON may hold these two characters, an SQS message may not. They only occur inside JSON strings: escape them.
_ESCAPES: Final = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}


def message_body(event: CloudEvent, claims: ClaimChecks) -> str:
    """The CloudEvent in structured mode, with its data checked in when the queue could not carry it.

    Raises TransientError when it cannot be checked in for now.
    """
    body = _text(event)
    return body if len(body.encode()) <= MAX_BODY else _text(checked_in(event, claims))


def _text(event: CloudEvent) -> str:
    return event.to_json().translate(_ESCAPES)
