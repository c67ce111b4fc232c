"""One event on its way through one invocation, and what its message brings along from earlier ones.

SQS counts receives, and not all of them are tries. So a message that is put off without a try's cost is sent
anew with its count in message attributes:

    tries            failures that it has had, but those of this message's own receives
    deferrals        how often it was put off
    deferred_since   when that happened first, RFC 3339
    first_seen       when a consumer first received it, RFC 3339; a dead letter has it, too
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from events.batches import only
from events.envelope import CloudEvent, InvalidEvent, format_time, parse_time
from events.versions import OlderVersionTravels
from runtime.errors import UnreadableMessage
from runtime.outcome import Outcome
from runtime.telemetry import about, why
from runtime.timing import critical_ms, epoch_ms, whole_ms
from runtime.tracing import NO_SPAN, Span

_COUNT: Final = re.compile("[0-9]{1,9}")

Fate = Literal["handled", "duplicate", "suppressed", "retry", "deferred", "dead_letter"]


@dataclass(slots=True, kw_only=True)
class Delivery:
    """`record` is one of the `Records` of Lambda's event, and `picked_up` when its batch began (runtime.timing).

    `tries` count this one, too; `sent` is when SQS got it, in milliseconds. `suppressed` says why nothing is done,
    where that is so. `handler_ms` is what it took in the service's own code, if it came to that. `place` is the
    event's among those of its message; None where it has the message for itself, as most do.
    """

    record: Mapping[str, Any]
    picked_up: float
    place: int | None = None
    event: CloudEvent | None = None
    suppressed: str = ""
    outcome: Outcome = field(default_factory=Outcome)
    error: BaseException | None = None
    fate: Fate | None = None
    span: Span = NO_SPAN
    handler_ms: int | None = None
    duration_ms: float | None = None
    critical_ms: int | None = None
    tries: int = field(init=False)
    sent: int | None = field(init=False)

    def __post_init__(self) -> None:
        attributes = self.record["attributes"]
        self.tries = self._count("tries") + int(attributes["ApproximateReceiveCount"])
        sent = attributes.get("SentTimestamp")
        self.sent = int(sent) if sent else None

    @property
    def body(self) -> str:
        """The message's, with this event alone in it."""
        body = str(self.record["body"])
        return body if self.place is None else only(body, [self.place])

    @property
    def message_id(self) -> str:
        return str(self.record["messageId"])

    @property
    def receipt_handle(self) -> str:
        return str(self.record["receiptHandle"])

    @property
    def known_event(self) -> CloudEvent:
        """The event of a message that was readable."""
        if self.event is None:
            raise ValueError(f"message {self.message_id} has not been read")
        return self.event

    @property
    def deferrals(self) -> int:
        return self._count("deferrals")

    @property
    def deferred_since(self) -> datetime | None:
        text = self._attribute("deferred_since")
        return _time(text) if text else None

    @property
    def first_seen(self) -> str:
        millis = int(self.record["attributes"]["ApproximateFirstReceiveTimestamp"])
        return self._attribute("first_seen") or format_time(datetime.fromtimestamp(millis / 1000, UTC))

    @property
    def is_new(self) -> bool:
        """Whether nobody has received it before, nor what it stands in for."""
        return self.record["attributes"]["ApproximateReceiveCount"] == "1" and not self._attribute("first_seen")

    @property
    def age_ms(self) -> int | None:
        """Between its sending and the batch's start; None of a record that was made by hand and does not tell."""
        return None if self.sent is None else whole_ms(self.picked_up - self.sent)

    def settled(self, now: float) -> None:
        """Its fate is known, and whatever that asked for is done."""
        self.duration_ms = round(now - self.picked_up, 3)
        if self.fate == "handled" and self.event is not None:
            self.critical_ms = critical_ms(self.event, arrived=self._arrived, done=now)

    @property
    def _arrived(self) -> float:
        """On this queue: of a message that stands in for another, when that one was first received."""
        text = self._attribute("first_seen")
        seen = _time(text) if text else None
        return (self.sent or self.picked_up) if seen is None else epoch_ms(seen)

    def line(self, consumer: str) -> dict[str, Any]:
        """The members of its canonical line (see runtime.telemetry)."""
        line = about(self.event, carrier=self.span.carrier) | {
            "consumer": consumer,
            "outcome": self.fate,
            "attempts": self.tries,
            "duration_ms": self.duration_ms,
            "message_id": self.message_id,
        }
        if (age_ms := self.age_ms) is not None:
            line["age_ms"] = age_ms
        if self.critical_ms is not None:
            line["critical_ms"] = self.critical_ms
        if self.outcome.events:
            line["events_out"] = [f"{e.type} {e.id}" for e in self.outcome.events]
        if self.suppressed:
            line["suppressed_because"] = self.suppressed
        return line if self.error is None else line | why(self.error)

    def fail(self, error: Exception) -> None:
        """What an attempt raised: the delivery's error, or no failure if the same event comes in a readable version."""
        if isinstance(error, OlderVersionTravels):
            self.suppressed = str(error)
        else:
            self.error = UnreadableMessage.of(error) if isinstance(error, InvalidEvent) else error

    def as_deferred(self, now: datetime) -> dict[str, str]:
        """Attributes of the message that stands in for this one, as if this try had not been."""
        return {
            "tries": str(self.tries - 1),
            "deferrals": str(self.deferrals + 1),
            "deferred_since": format_time(self.deferred_since or now),
            "first_seen": self.first_seen,
        }

    def as_failed(self) -> dict[str, str]:
        """Attributes of the message that stands in for this one, with all the tries that it has had."""
        since = self.deferred_since
        return {
            "tries": str(self.tries),
            "deferrals": str(self.deferrals),
            "deferred_since": format_time(since) if since else "",
            "first_seen": self.first_seen,
        }

    def as_new(self) -> dict[str, str]:
        """Attributes of the message that goes on with this one's work: it has failed in nothing."""
        return {"first_seen": self.first_seen}

    def _count(self, name: str) -> int:
        text = self._attribute(name)
        return int(text) if text and _COUNT.fullmatch(text) else 0

    def _attribute(self, name: str) -> str:
        attributes = self.record.get("messageAttributes")
        return str(attributes.get(name, {}).get("stringValue") or "") if attributes else ""


def _time(text: str) -> datetime | None:
    try:
        return parse_time(text)
    except ValueError:  # somebody else's attribute of that name
        return None
