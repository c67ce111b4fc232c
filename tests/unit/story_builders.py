"""Log lines, letters and outbox entries as stories are told from: of one payment, unless said otherwise."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.lines import Line
from events.envelope import CloudEvent, derived_id, format_time
from ops.letters.letter import Letter
from ops.letters.places import places
from ops.letters.reading import letter_of
from ops.logs.window import Window
from ops.story.evidence import Evidence, Kept
from ops.story.story import Choices, EventStory, Story, Visit
from ops.story.telling import Question, tell
from ops.target import Target

START = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
NOW = START + timedelta(seconds=30)

PAYMENT = ("payment-provider", "pay-1")
SETTLED = ("ingestion-service", derived_id(*PAYMENT, "ingestion.payment.settled", 0))
PAID = ("billing-service", derived_id(*SETTLED, "billing.invoice.paid", 0))
SENT = ("notification-service", derived_id(*PAID, "notification.message.sent", 0))

PARTNER_TYPE = "partner.payment.settled"
SETTLED_TYPE = "ingestion.payment.settled"
PAID_TYPE = "billing.invoice.paid"
SENT_TYPE = "notification.message.sent"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def millis(seconds: float) -> int:
    return round(at(seconds).timestamp() * 1000)


def line(function: str, seconds: float, outcome: str, identity: tuple[str, str], type_: str, **changes: Any) -> Line:
    fields: dict[str, Any] = {
        "at": millis(seconds),
        "function": function,
        "role": "relay" if function.endswith("-relay") else "consumer",
        "outcome": outcome,
        "event_source": identity[0],
        "event_id": identity[1],
        "event_type": type_,
        "correlation_id": PAYMENT[1],
        "attempts": 0 if function.endswith("-relay") else 1,
        "duration_ms": 10.0,
        "message_id": f"m-{function}-{seconds}",
    }
    return Line(**{**fields, **changes})


def ingested(seconds: float = 0.1, **changes: Any) -> Line:
    out = (f"{SETTLED_TYPE} {SETTLED[1]}",)
    changes = {"events_out": out, "invoice_id": "inv_1", **changes}
    return line("ingestion", seconds, "handled", PAYMENT, PARTNER_TYPE, **changes)


def booked(seconds: float = 0.2, outcome: str = "handled", **changes: Any) -> Line:
    changes = {"causation_id": PAYMENT[1], "invoice_id": "inv_1", **changes}
    return line("billing", seconds, outcome, SETTLED, SETTLED_TYPE, **changes)


def relayed(seconds: float = 0.3, outcome: str = "relayed", **changes: Any) -> Line:
    return line("billing-relay", seconds, outcome, PAID, PAID_TYPE, **{**_paid(), **changes})


def notified(seconds: float = 0.4, outcome: str = "handled", **changes: Any) -> Line:
    out = (f"{SENT_TYPE} {SENT[1]}",) if outcome == "handled" else ()
    return line("notification", seconds, outcome, PAID, PAID_TYPE, **{"events_out": out, **_paid(), **changes})


def _paid() -> dict[str, Any]:
    return {"causation_id": SETTLED[1], "invoice_id": "inv_1", "customer_id": "cus_1"}


def the_whole_way() -> list[Line]:
    return [ingested(), booked(), relayed(), notified()]


def paid_event(**changes: Any) -> CloudEvent:
    members = {
        "specversion": "1.0",
        "id": PAID[1],
        "source": PAID[0],
        "type": PAID_TYPE,
        "time": format_time(at(0.2)),
        "data": {"invoice_id": "inv_1", "customer_id": "cus_1", "amount": 1, "currency": "USD"},
        "correlationid": PAYMENT[1],
        "causationid": SETTLED[1],
    }
    return CloudEvent.parse({**members, **changes})


def kept(event: CloudEvent | None = None) -> Kept:
    return Kept(
        event=event or paid_event(), item="invoice inv_1", table="breakwater-dev-billing", relay="billing-relay"
    )


def letter(owner: str = "notification", *, event: CloudEvent | None = None, **attributes: str) -> Letter:
    """As that owner's dead-letter queue has it, with the reason that the runtime gives; or others' attributes."""
    place = next(place for place in places(Target.named("dev")) if place.owner == owner)
    told = {
        "reason": "unreadable",
        "error_message": "data.amount: Input should be a valid integer",
        "attempts": "1",
        "failed_at": format_time(at(0.4)),
    }
    texts = attributes or told
    message = {
        "MessageId": "letter-1",
        "Body": json.dumps({"detail-type": PAID_TYPE, "source": PAID[0], "detail": (event or paid_event()).to_dict()}),
        "MessageAttributes": {name: {"DataType": "String", "StringValue": value} for name, value in texts.items()},
        "Attributes": {"SentTimestamp": str(millis(0.4))},
    }
    return letter_of(message, place)


def evidence(*lines: Line, now: datetime = NOW, **changes: Any) -> Evidence:
    window = Window(start=now - timedelta(hours=24), end=now)
    return Evidence(**{"window": window, "lines": lines, "depths": None, **changes})


def story_of(known: Evidence, *, event: str = PAYMENT[1]) -> Story:
    told = tell(Question(kind="event", value=event), known)
    assert isinstance(told, Story)
    return told


def choices_of(question: Question, known: Evidence, *, most: int = 20) -> Choices:
    told = tell(question, known, most=most)
    assert isinstance(told, Choices)
    return told


def event_in(story: Story, type_: str) -> EventStory:
    return next(event for event in story.walk() if event.type == type_)


def visit_in(story: Story, name: str) -> Visit:
    return next(visit for event in story.walk() for visit in event.visits if visit.name == name)
