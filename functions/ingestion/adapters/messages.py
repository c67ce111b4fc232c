"""What an event is on the ingestion queue."""

from __future__ import annotations

from typing import Final

from events.envelope import CloudEvent
from runtime.claim_check import ClaimChecks, checked_in

#: What a message carries whole. SQS takes 1 MiB, but its dead letter needs some of that for the reason.
MAX_BODY: Final = 1_000_000


def message_body(event: CloudEvent, claims: ClaimChecks) -> str:
    """The CloudEvent in structured mode, with its data checked in when the queue could not carry it.

    Raises TransientError when it cannot be checked in for now.
    """
    body = event.to_json()
    return body if len(body.encode()) <= MAX_BODY else checked_in(event, claims).to_json()
