"""Events for tests: valid, minimal, and different where the test says so."""

from __future__ import annotations

from typing import Any

from events.binding import events_in
from events.envelope import CloudEvent

SEED_TEXT = """\
{"id": "evt_01J2XYZ", "type": "billing.invoice.paid", "source": "billing-service", "time": "2026-05-20T14:30:00Z",
 "data": {"invoice_id": "inv_20260520_001", "customer_id": "cus_abc123", "amount": 49900, "currency": "USD"}, \
"specversion": "1.0"}"""


def members(**changes: Any) -> dict[str, Any]:
    """The members of a valid event; a change to None leaves the member out."""
    base = {"specversion": "1.0", "id": "e-1", "source": "/partners/acme", "type": "partner.usage.reported"}
    return {k: v for k, v in (base | changes).items() if v is not None}


def known_events(body: str) -> list[CloudEvent]:
    """Those of a queue message, of which none is anything else."""
    found = events_in(body)
    known = [event for event in found if isinstance(event, CloudEvent)]
    assert len(known) == len(found)
    return known


def usage(**changes: Any) -> CloudEvent:
    data = {"customer_id": "cus_1", "meter": "api_calls", "quantity": 10, "used_at": "2026-05-20T14:30:00Z"}
    return CloudEvent.parse(members(time="2026-05-20T14:30:01Z", data=data) | changes)


def paid(**changes: Any) -> CloudEvent:
    return CloudEvent.parse(CloudEvent.parse(SEED_TEXT).to_dict() | changes)
