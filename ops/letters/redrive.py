"""Redriving: letters go back to where they came from, at a pace, until they are done or come back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from ops.letters.box import BATCH, Box
from ops.letters.grouping import Group, grouped
from ops.letters.holding import Holding
from ops.letters.letter import Letter
from ops.letters.looking import Sweep
from ops.letters.mover import Moved, Mover, batches
from ops.letters.operations import Entry, Operation, Step
from ops.letters.outlets import CannotSend, destination
from ops.letters.trail import Trail
from runtime.clock import Clock

#: Letters a second.
RATE: Final = 50.0
#: Seconds after the last letter in which it is still looked whether any comes back.
WATCH: Final = 5.0
#: Seconds between two looks at how full the queues are.
_EVERY: Final = 1.0
_HOLD: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What redriving these letters would do. `ways` are where they go, `stuck` why some go nowhere: with counts."""

    groups: tuple[Group, ...]
    ways: Mapping[str, int]
    stuck: Mapping[str, int]
    seconds: float

    @property
    def sendable(self) -> int:
        return sum(self.ways.values())

    def to_dict(self) -> dict[str, Any]:
        return {
            "letters": sum(group.count for group in self.groups),
            "sendable": self.sendable,
            "goes_to": dict(self.ways),
            "stays": dict(self.stuck),
            "seconds": round(self.seconds, 1),
            "groups": [group.to_dict() for group in self.groups],
        }


def plan(letters: Sequence[Letter], *, bus: str, rate: float) -> Plan:
    ways: dict[str, int] = {}
    stuck: dict[str, int] = {}
    for letter in letters:
        try:
            way = destination(letter, bus=bus)
            ways[way] = ways.get(way, 0) + 1
        except CannotSend as error:
            stuck[str(error)] = stuck.get(str(error), 0) + 1
    return Plan(groups=tuple(grouped(letters)), ways=ways, stuck=stuck, seconds=sum(ways.values()) / rate)


@dataclass(slots=True, kw_only=True)
class Report:
    """What came of it. `planned` were ours when it began; `elsewhere` counts what others held.

    `came_back` are letters that arrived meanwhile with the failure of one that was redriven; the first of them stops
    the rest. `others` arrived with another failure. `stopped` says why it ended early; empty when it did not.
    """

    operation: str
    planned: int
    elsewhere: Mapping[str, int] = field(default_factory=dict)
    sent: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    lost: int = 0
    kept: int = 0
    came_back: dict[str, Letter] = field(default_factory=dict)
    others: dict[str, Letter] = field(default_factory=dict)
    stopped: str = ""

    @property
    def left(self) -> int:
        return self.planned - self.sent - len(self.refused) - self.lost

    @property
    def is_complete(self) -> bool:
        return not (self.stopped or self.refused or self.lost or self.left or self.elsewhere)

    def add(self, moved: Moved) -> None:
        self.sent += len(moved.sent)
        self.refused |= moved.refused
        self.lost += len(moved.lost)
        self.kept += len(moved.kept)

    def plus(self, later: Report) -> Report:
        """With what came of those that were lost here, and taken up again."""
        return replace(
            self,
            sent=self.sent + later.sent,
            refused=self.refused | later.refused,
            lost=self.lost - later.sent - len(later.refused),
            kept=self.kept + later.kept,
            came_back=self.came_back | later.came_back,
            others=self.others | later.others,
            stopped=later.stopped,
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "operation": self.operation,
            "planned": self.planned,
            "sent": self.sent,
            "refused": self.refused,
            "lost_to_others": self.lost,
            "left": self.left,
            "held_by_others": dict(self.elsewhere),
            "came_back": [letter.to_dict() for letter in self.came_back.values()],
            "other_failures": [letter.to_dict() for letter in self.others.values()],
            "stopped": self.stopped or None,
        }


Tell = Callable[[Report], None]


class Redrive:
    """One run over what `holding` holds. `since` is when it began by SQS's clock: what is older did not come back."""

    def __init__(
        self,
        *,
        holding: Holding,
        mover: Mover,
        trail: Trail,
        operation: Operation,
        clock: Clock,
        rate: float = RATE,
        watch: float = WATCH,
    ) -> None:
        self._holding = holding
        self._mover = mover
        self._trail = trail
        self._operation = operation
        self._clock = clock
        self._rate = rate
        self._watch = watch

    def run(self, tell: Tell, *, since: datetime) -> Report:
        """`tell` hears of it after each batch. Raises CannotAsk; what was not sent then is as it was."""
        letters = self._holding.letters
        report = Report(operation=self._operation.id, planned=len(letters), elsewhere=self._holding.elsewhere)
        arrivals = Arrivals(self._holding, {letter.fingerprint for letter in letters}, since, report)
        started = self._clock.now()
        for batch in batches(letters, max(1, min(BATCH, int(self._rate)))):
            report.add(self._mover.move(batch))
            tell(report)
            self._clock.sleep(self._pause(started, report))
            if self._has_come_back(arrivals, report):
                return report
        self._watch_on(arrivals, report)
        return report

    def _pause(self, started: datetime, report: Report) -> float:
        """Seconds until the next may go: what was late is not made up for."""
        done = report.sent + len(report.refused)
        due = started + timedelta(seconds=done / self._rate)
        return max(0.0, (due - self._clock.now()).total_seconds())

    def _watch_on(self, arrivals: Arrivals, report: Report) -> None:
        until = self._clock.now() + timedelta(seconds=self._watch)
        while report.sent and not self._has_come_back(arrivals, report) and self._clock.now() < until:
            self._clock.sleep(min(_EVERY, self._watch))

    def _has_come_back(self, arrivals: Arrivals, report: Report) -> bool:
        new = arrivals.look(self._clock.now())
        if new:
            at = self._clock.now()
            self._trail.record([Entry.of(self._operation, letter, Step.CAME_BACK, at, letter.error) for letter in new])
        if report.came_back:
            kind = next(iter(report.came_back.values()))
            report.stopped = f"the failure came back ({kind.fingerprint}: {kind.reason}: {kind.error})"
        return bool(report.came_back)


class Arrivals:
    """Letters that were not there when the redrive began, found without hiding anything for long.

    A queue is looked into only when it holds more than what we have left there: usually it does not.
    """

    def __init__(self, holding: Holding, kinds: set[str], since: datetime, report: Report) -> None:
        self._holding = holding
        self._kinds = kinds
        self._since = since
        self._report = report
        self._boxes = {letter.place.name: holding.box(letter.place.name) for letter in holding.letters}
        self._expected = {name: box.counts().total for name, box in self._boxes.items()}
        self._arrived = 0
        self._due: datetime | None = None

    def look(self, now: datetime) -> list[Letter]:
        """Those that are new, and of a kind that is being redriven."""
        if self._due and now < self._due and self._report.left:
            return []
        self._due = now + timedelta(seconds=_EVERY)
        expected = sum(self._expected.values()) - self._report.sent + self._report.kept + self._arrived
        if sum(box.counts().total for box in self._boxes.values()) <= expected:
            return []
        return [letter for box in self._boxes.values() for letter in self._new_in(box)]

    def _new_in(self, box: Box) -> list[Letter]:
        sweep = Sweep(box, _HOLD)
        try:
            sweep.run(box.counts().waiting)
        finally:
            sweep.give_back()
        new = [letter for letter in sweep.found.values() if self._is_new(letter)]
        same = [letter for letter in new if letter.fingerprint in self._kinds]
        self._report.came_back |= {letter.id: letter for letter in same}
        self._report.others |= {letter.id: letter for letter in new if letter not in same}
        self._holding.seen |= {letter.id for letter in new}
        self._arrived += len(new)
        return same

    def _is_new(self, letter: Letter) -> bool:
        return letter.id not in self._holding.seen and letter.sent_at >= self._since
