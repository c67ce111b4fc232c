"""Dead letters for tests, as SQS hands them out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from events.binding import BATCH
from events.envelope import CloudEvent
from ops.letters.letter import Letter
from ops.letters.places import Place, places
from ops.letters.reading import letter_of
from ops.target import Target
from runtime.errors import BusinessRuleViolated
from runtime.queue import reason
from tests.unit.event_builders import paid

DIED = datetime(2026, 5, 31, 12, tzinfo=UTC)
SENT = datetime(2026, 5, 31, 12, 0, 1, tzinfo=UTC)


def a_place(name: str = "notification-dlq") -> Place:
    return {place.name: place for place in places(Target.named("dev"))}[name]


def a_message(body: str, attributes: Mapping[str, str] | None = None, **system: str) -> dict[str, Any]:
    return {
        "MessageId": "11111111-2222-4333-8444-555555555555",
        "ReceiptHandle": "r",
        "Body": body,
        "Attributes": {"SentTimestamp": str(int(SENT.timestamp() * 1000)), "ApproximateReceiveCount": "1", **system},
        "MessageAttributes": {n: {"DataType": "String", "StringValue": v} for n, v in (attributes or {}).items()},
    }


def a_letter(
    event: CloudEvent | None = None,
    *,
    place: str = "notification-dlq",
    error: Exception | None = None,
    body: str | None = None,
    failed_at: datetime = DIED,
    **changes: Any,
) -> Letter:
    """A letter of the runtime's."""
    event = event or paid()
    attributes = reason(
        error or BusinessRuleViolated("invoice 'inv_1' is void"),
        consumer=a_place(place).owner,
        attempts=3,
        first_seen="2026-05-31T11:00:00Z",
        failed_at=failed_at,
        event=event,
    )
    message = a_message(body or in_envelope(event), attributes)
    return letter_of(message | changes, a_place(place))


def together_in_envelope(*events: CloudEvent) -> str:
    """Several events as one entry brings them."""
    return in_envelope(events[0], detail={BATCH: [event.to_dict() for event in events]})


def in_envelope(event: CloudEvent, **changes: Any) -> str:
    members = {"version": "0", "id": "e", "detail-type": event.type, "source": event.source, "detail": event.to_dict()}
    return json.dumps(members | changes)
