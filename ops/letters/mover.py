"""How a letter leaves its dead-letter queue, so that it is at every moment in at least one place:

    1  its lease is renewed: it is ours, and nobody else is at it
    2  the trail has the intent, and the letter as it is
    3  it is put where it is to go
    4  the trail has that, too
    5  it is taken out of its dead-letter queue

Killed before 3, nothing has happened. Killed between 3 and 5, it is in both places, and is put there again by whoever
takes the work up (or only taken out, if that is the same operation and it came to 4): consumers know it by (source, id)
and do nothing twice. After 5, the trail already has everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ops.letters.box import BATCH, fitting
from ops.letters.holding import Holding
from ops.letters.letter import Letter
from ops.letters.operations import Entry, Operation, Step
from ops.letters.outlets import Outcome, Outlet, Sent
from ops.letters.trail import Trail
from runtime.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What became of one batch. `kept` were moved, and SQS would not delete them: they are done again, harmlessly."""

    sent: tuple[Letter, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    lost: tuple[Letter, ...] = ()
    kept: tuple[Letter, ...] = ()


class Mover:
    """`sent_before` are letters that this very operation had sent when it was interrupted."""

    def __init__(
        self,
        *,
        holding: Holding,
        trail: Trail,
        operation: Operation,
        outlet: Outlet,
        clock: Clock,
        sent_before: frozenset[str] = frozenset(),
    ) -> None:
        self._holding = holding
        self._trail = trail
        self._operation = operation
        self._outlet = outlet
        self._clock = clock
        self._sent_before = sent_before

    def move(self, letters: Sequence[Letter], edited: Mapping[str, str] | None = None) -> Moved:
        """`edited` are bodies that go in the letters' place, by letter. Raises CannotAsk."""
        ours = self._holding.still(letters)
        lost = [letter for letter in letters if letter not in ours]
        fresh = [letter for letter in ours if letter.id not in self._sent_before]
        outcomes = self._put(fresh, edited or {}) if fresh else {}
        gone = [letter for letter in ours if isinstance(outcomes.get(letter.id, Sent()), Sent)]
        kept = self._holding.delete(gone)
        refused = {id_: outcome.why for id_, outcome in outcomes.items() if not isinstance(outcome, Sent)}
        return Moved(sent=tuple(gone), refused=refused, lost=tuple(lost), kept=tuple(kept))

    def _put(self, letters: Sequence[Letter], edited: Mapping[str, str]) -> Mapping[str, Outcome]:
        self._trail.intend(self._operation, letters, self._clock.now(), edited)
        outcomes = self._outlet.put([_as_edited(letter, edited) for letter in letters])
        self._record([self._entry(letter, outcomes[letter.id]) for letter in letters])
        return outcomes

    def _entry(self, letter: Letter, outcome: Outcome) -> Entry:
        step, note = (self._outlet.step, outcome.note) if isinstance(outcome, Sent) else (Step.REFUSED, outcome.why)
        return Entry.of(self._operation, letter, step, self._clock.now(), note)

    def _record(self, entries: Sequence[Entry]) -> None:
        if self._outlet.step is Step.PARKED:
            self._trail.park(entries)
        else:
            self._trail.record(entries)


def batches(letters: Sequence[Letter], most: int = BATCH) -> list[list[Letter]]:
    """As many as one call takes, at most `most`, each batch out of one queue."""
    by_place: dict[str, list[Letter]] = {}
    for letter in letters:
        by_place.setdefault(letter.place.name, []).append(letter)
    whole = [batch for some in by_place.values() for batch in fitting(some)]
    return [batch[i : i + most] for batch in whole for i in range(0, len(batch), most)]


def _as_edited(letter: Letter, edited: Mapping[str, str]) -> Letter:
    return replace(letter, body=edited[letter.id]) if letter.id in edited else letter
