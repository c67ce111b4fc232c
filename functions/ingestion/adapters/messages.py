"""What an event is on the ingestion queue."""

from __future__ import annotations

from typing import Final

from events.envelope import CloudEvent
from runtime.claim_check import ClaimChecks, checked_in

#: What SQS takes, of one message and of all in one call.
MAX_BYTES: Final = 1_048_576
#: JSON may hold these two characters, an SQS message may not. They only occur inside JSON strings: escape them.
_ESCAPES: Final = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}


def message_body(event: CloudEvent, claims: ClaimChecks) -> str:
    """The CloudEvent in structured mode, with its data checked in when the queue could not carry it.

    Raises TransientError when it cannot be checked in for now.
    """
    body = _text(event)
    return body if len(body.encode()) <= MAX_BYTES else _text(checked_in(event, claims))


def _text(event: CloudEvent) -> str:
    return event.to_json().translate(_ESCAPES)
