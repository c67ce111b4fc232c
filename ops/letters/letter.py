"""One dead letter, as an operator sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from events.binding import events_in, from_sqs_body
from events.envelope import CloudEvent, InvalidEvent, format_time
from infra.components.relations import DEAD_LETTER_DAYS
from ops.letters.places import Kind, Place

#: How long a dead-letter queue keeps a message.
KEPT: Final = timedelta(days=DEAD_LETTER_DAYS)


class Origin(StrEnum):
    """Who put it there."""

    RUNTIME = "runtime"  #: a consumer or a relay of ours, with the reason
    QUEUE = "queue"  #: SQS, after too many receives, without one
    RULE = "rule"  #: EventBridge, which could not deliver to the consumer's queue
    SCHEDULER = "scheduler"  #: EventBridge Scheduler, which could not call the function
    INVOCATION = "invocation"  #: Lambda, after an asynchronous call has failed for good
    STREAM = "stream"  #: Lambda, for a record that the table's stream has forgotten
    UNKNOWN = "unknown"  #: somebody else, by hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Which event it is about, as far as the letter says; members are empty where it does not."""

    source: str = ""
    id: str = ""
    type: str = ""

    @property
    def identity(self) -> tuple[str, str] | None:
        return (self.source, self.id) if self.source and self.id else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """`id` is SQS's message id. `attributes` are the message's, in SQS's own shape; `system` its system attributes.

    `reason` is a stable code (runtime.errors, or `rule_target`, `gave_up`, ...), `error` its message for people,
    `attempts` the tries that it had. `failed_at` is when it became a letter, as far as is known. `fingerprint` names
    its group (ops.letters.fingerprints). `receipt` is good for as long as the message is held.
    """

    id: str
    place: Place
    origin: Origin
    body: str = field(repr=False)
    attributes: Mapping[str, Mapping[str, Any]] = field(repr=False)
    system: Mapping[str, str] = field(repr=False)
    subject: Subject
    reason: str
    error: str
    error_class: str
    attempts: int | None
    first_seen: datetime | None
    failed_at: datetime
    fingerprint: str
    receipt: str = field(default="", repr=False, compare=False)

    @property
    def owner(self) -> str:
        """Whose failure it is: in a queue that a group shares, who says so in it, if anybody does."""
        said = str(self.attributes.get("consumer", {}).get("StringValue", ""))
        return said if said in self.place.members else self.place.owner

    @property
    def kind(self) -> Kind:
        """What its owner is, and so where it goes back to: `consumer`, `relay` or `schedule`."""
        if self.place.kind != "group":
            return self.place.kind
        if self.origin in (Origin.SCHEDULER, Origin.INVOCATION):
            return "schedule"
        return "relay" if self.origin is Origin.STREAM or self.owner in self.place.relays else "consumer"

    @property
    def sent_at(self) -> datetime:
        """When SQS took it in: what its retention counts from."""
        return datetime.fromtimestamp(int(self.system.get("SentTimestamp", 0)) / 1000, tz=self.failed_at.tzinfo)

    @property
    def lost_at(self) -> datetime:
        """When SQS throws it away."""
        return self.sent_at + KEPT

    @property
    def several(self) -> int | None:
        """How many events are in it; None where there is one, or none. Consumers put them away one by one.

        Together come those of a function that crashed, and of one that could not start.
        """
        try:
            count = len(events_in(self.body))
        except InvalidEvent:
            return None
        return count if count > 1 else None

    @property
    def called(self) -> str:
        """Its event's id, or how many there are, or `?`."""
        return self.subject.id or (f"{self.several} events" if self.several else "?")

    @property
    def event(self) -> CloudEvent | None:
        """The event inside; None where there is none, or none that can be read."""
        try:
            return from_sqs_body(self.body)
        except InvalidEvent:
            return None

    def to_dict(self) -> dict[str, Any]:
        """For `--json`: what is known of it, without its body and attributes (ops.letters.packing has those, too)."""
        return {
            "id": self.id,
            "queue": self.place.name,
            "owner": self.owner,
            "origin": self.origin.value,
            "group": self.fingerprint,
            "reason": self.reason,
            "error": self.error,
            "error_class": self.error_class,
            "event": {"source": self.subject.source, "id": self.subject.id, "type": self.subject.type},
            "attempts": self.attempts,
            "first_seen": format_time(self.first_seen) if self.first_seen else None,
            "failed_at": format_time(self.failed_at),
            "lost_at": format_time(self.lost_at),
        }
