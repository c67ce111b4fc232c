"""What operators do to letters, as the audit trail tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from events.envelope import format_time
from ops.letters.letter import Letter, Subject


class Verb(StrEnum):
    REDRIVE = "redrive"
    EDIT = "edit"
    PARK = "park"
    UNPARK = "unpark"
    PURGE = "purge"
    RESTORE = "restore"


class Step(StrEnum):
    """What became of one letter. `INTENDED` without a later step: it was begun, and may have been sent; then the
    letter is still in its queue, and to do it again is safe."""

    INTENDED = "intended"  #: about to be moved; the original is in the trail
    SENT = "sent"  #: it is where it belongs: to be taken out of its dead-letter queue
    PARKED = "parked"  #: it is in the trail's keeping
    PURGED = "purged"  #: nobody wants it: to be thrown away
    RETURNED = "returned"  #: it is in its dead-letter queue again
    REFUSED = "refused"  #: it could not be sent; it stays
    CAME_BACK = "came_back"  #: while the operation ran, a letter of the same kind arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """`identity` is what AWS calls the caller, `user` what the operator's machine calls them."""

    identity: str
    user: str

    def __str__(self) -> str:
        return f"{self.user} ({self.identity})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One command that changes something. `settings` are its selection and whatever else says how it was asked."""

    id: str
    verb: Verb
    who: Who
    why: str
    started_at: datetime
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One step of one letter."""

    operation: str
    verb: Verb
    letter: str
    place: str
    step: Step
    at: datetime
    subject: Subject
    fingerprint: str
    who: Who
    note: str = ""

    @classmethod
    def of(cls, operation: Operation, letter: Letter, step: Step, at: datetime, note: str = "") -> Entry:
        return cls(
            operation=operation.id,
            verb=operation.verb,
            letter=letter.id,
            place=letter.place.name,
            step=step,
            at=at,
            subject=letter.subject,
            fingerprint=letter.fingerprint,
            who=operation.who,
            note=note,
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "operation": self.operation,
            "verb": self.verb.value,
            "letter": self.letter,
            "queue": self.place,
            "step": self.step.value,
            "at": format_time(self.at),
            "event": {"source": self.subject.source, "id": self.subject.id, "type": self.subject.type},
            "group": self.fingerprint,
            "who": str(self.who),
            "note": self.note,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An operation with what is known of its end: `ended_at` is None while it runs, and after it was killed.

    `outcome` is `done`, `stopped` or empty; `resumed` says how often it was taken up again.
    """

    operation: Operation
    ended_at: datetime | None = None
    outcome: str = ""
    note: str = ""
    resumed: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        operation = self.operation
        return {
            "operation": operation.id,
            "verb": operation.verb.value,
            "who": {"identity": operation.who.identity, "user": operation.who.user},
            "why": operation.why,
            "started_at": format_time(operation.started_at),
            "ended_at": format_time(self.ended_at) if self.ended_at else None,
            "outcome": self.outcome or "not ended",
            "note": self.note,
            "resumed": self.resumed,
            "settings": dict(operation.settings),
            "letters": dict(self.counts),
        }


def last_steps(entries: Iterable[Entry]) -> dict[str, Entry]:
    """How far each letter of one operation came, by letter: whatever the clocks of those who took it up again say."""
    last: dict[str, Entry] = {}
    for entry in entries:
        known = last.get(entry.letter)
        if known is None or _FARTHER.index(known.step) < _FARTHER.index(entry.step):
            last[entry.letter] = entry
    return last


_FARTHER = (Step.INTENDED, Step.REFUSED, Step.SENT, Step.PARKED, Step.PURGED, Step.RETURNED, Step.CAME_BACK)


def tally(entries: Iterable[Entry]) -> dict[str, int]:
    """How many letters ended as what."""
    return dict(Counter(entry.step.value for entry in last_steps(entries).values()))
