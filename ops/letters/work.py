"""What an operator has done to letters: one function for each verb. All raise CannotAsk and WrongUse.

`tell` hears how far it is. Whatever ends a function early, what is held is given back, and the trail knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from ops.letters import files
from ops.letters.desk import DONE, STOPPED, Desk, only
from ops.letters.editing import Edited
from ops.letters.letter import Letter
from ops.letters.mover import batches
from ops.letters.operations import Entry, Operation, Verb
from ops.letters.outlets import Nowhere, Outlet, Parking
from ops.letters.redrive import RATE, WATCH, Redrive, Report, Tell
from ops.letters.returning import bring_back, parked
from ops.letters.selection import Selection
from ops.wrong_use import WrongUse

Count = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Letters a second, and the seconds for which it is watched whether the last ones come back."""

    rate: float = RATE
    watch: float = WATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of moving letters: `moved` of `planned`; `refused` says why, by letter; others held `elsewhere`."""

    operation: str
    planned: int
    moved: int
    refused: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        return self.moved == self.planned and not self.elsewhere

    def to_dict(self) -> dict[str, Any]:
        return {
            "operation": self.operation,
            "planned": self.planned,
            "moved": self.moved,
            "refused": dict(self.refused),
            "held_by_others": dict(self.elsewhere),
        }


def redrive(
    desk: Desk, selection: Selection, *, pace: Pace, why: str, tell: Tell, among: Sequence[Letter] | None = None
) -> Report:
    """The letters that are meant go back to where they came from; with `among`, only those of them."""
    operation = desk.begin(Verb.REDRIVE, why=why, selection=selection.to_dict(), rate=pace.rate)
    with desk.ending(operation):
        report = _rounds(desk, operation, selection, pace=pace, tell=tell, among=among)
    _end(desk, operation, report)
    return report


def resume(desk: Desk, operation_id: str, *, pace: Pace, tell: Tell) -> Report:
    """A redrive that was interrupted goes on, under its name. What was sent already is only taken out."""
    operation, sent = desk.resume(operation_id)
    selection = Selection.from_dict(operation.settings.get("selection", {}))
    with desk.ending(operation):
        _wait_for_leases(desk, selection)
        report = _rounds(desk, operation, selection, pace=pace, tell=tell, sent_before=sent)
    _end(desk, operation, report)
    return report


def park(desk: Desk, selection: Selection, *, why: str, tell: Count, among: Sequence[Letter] | None = None) -> Outcome:
    """The letters that are meant leave their queue, and the alarm's sight, for the trail's keeping."""
    return _move(desk, selection, Verb.PARK, Parking(why), why=why, tell=tell, among=among)


def purge(desk: Desk, selection: Selection, *, why: str, tell: Count, among: Sequence[Letter], file: Path) -> Outcome:
    """Letters that nobody wants: written into `file` first, then thrown away. Never one that is not in it."""

    def export(letters: Sequence[Letter]) -> None:
        files.export(letters, file)

    return _move(desk, selection, Verb.PURGE, Nowhere(), why=why, tell=tell, among=among, first=export)


def edit(desk: Desk, edited: Edited, *, why: str) -> Outcome:
    """The edited letter is sent in the place of the original, which the trail keeps."""
    if not why:
        raise WrongUse("say why: --why")
    id_ = edited.letter.id
    with desk.holding(Selection(ids=(id_,), places=(edited.letter.place.name,))) as holding:
        letter = only(holding.letters, id_)
        if letter.body != edited.letter.body:
            raise WrongUse(f"letter {id_} is not what it was when you edited it")
        operation = desk.begin(Verb.EDIT, why=why, letter=id_)
        with desk.ending(operation):
            moved = desk.mover(holding, operation, desk.redriving).move([letter], {id_: edited.body})
        desk.trail.end(operation, desk.clock.now(), outcome=DONE if moved.sent else STOPPED)
    return Outcome(operation=operation.id, planned=1, moved=len(moved.sent), refused=moved.refused)


def unpark(desk: Desk, entries: Sequence[Entry], *, why: str, tell: Count) -> Outcome:
    """Parked letters come back to their dead-letter queues."""
    return _return(desk, [parked(desk, entry) for entry in entries], Verb.UNPARK, why=why, tell=tell)


def restore(desk: Desk, file: Path, *, why: str, tell: Count) -> Outcome:
    """The letters in a file of `export`, into their dead-letter queues: as new messages, with the same events."""
    return _return(desk, files.read(file, desk.places), Verb.RESTORE, why=why, tell=tell)


def _return(desk: Desk, letters: Sequence[Letter], verb: Verb, *, why: str, tell: Count) -> Outcome:
    operation = desk.begin(verb, why=why, letters=len(letters))
    with desk.ending(operation):
        refused = bring_back(desk, operation, letters, tell)
    desk.trail.end(operation, desk.clock.now(), outcome=STOPPED if refused else DONE)
    moved = len(letters) - len(refused)
    return Outcome(operation=operation.id, planned=len(letters), moved=moved, refused=refused)


def _move(
    desk: Desk,
    selection: Selection,
    verb: Verb,
    outlet: Outlet,
    *,
    why: str,
    tell: Count,
    among: Sequence[Letter] | None,
    first: Callable[[Sequence[Letter]], None] = lambda _: None,
) -> Outcome:
    if not why:
        raise WrongUse("say why: --why")
    with desk.holding(selection, among) as holding:
        letters = holding.letters
        operation = desk.begin(verb, why=why, selection=selection.to_dict(), letters=len(letters))
        moved, refused = 0, dict[str, str]()
        with desk.ending(operation):
            first(letters)
            mover = desk.mover(holding, operation, outlet)
            for batch in batches(letters):
                done = mover.move(batch)
                moved += len(done.sent)
                refused |= done.refused
                tell(len(batch))
        desk.trail.end(operation, desk.clock.now(), outcome=DONE if moved == len(letters) else STOPPED)
    return Outcome(
        operation=operation.id, planned=len(letters), moved=moved, refused=refused, elsewhere=holding.elsewhere
    )


def _rounds(
    desk: Desk,
    operation: Operation,
    selection: Selection,
    *,
    pace: Pace,
    tell: Tell,
    among: Sequence[Letter] | None = None,
    sent_before: frozenset[str] = frozenset(),
) -> Report:
    """Until all is done, or stopped. Letters whose leases ran out on the way are taken up again, if nobody has them."""
    since, total = desk.now_there(), None
    while True:
        with desk.holding(selection, among) as holding:
            among = holding.letters if among is None else among
            mover = desk.mover(holding, operation, desk.redriving, sent_before=sent_before)
            redriving = Redrive(
                holding=holding,
                mover=mover,
                trail=desk.trail,
                operation=operation,
                clock=desk.clock,
                rate=pace.rate,
                watch=pace.watch,
            )
            report = redriving.run(tell, since=since)
        total = report if total is None else total.plus(report)
        if report.stopped or not (report.lost and report.sent):
            return total


def _end(desk: Desk, operation: Operation, report: Report) -> None:
    outcome = STOPPED if report.stopped or report.left or report.lost else DONE
    desk.trail.end(operation, desk.clock.now(), outcome=outcome, note=report.stopped)


def _wait_for_leases(desk: Desk, selection: Selection) -> None:
    """Whoever was killed still holds letters for a while."""
    boxes = desk.boxes(selection.places)
    deadline = desk.clock.now() + timedelta(seconds=desk.lease + 1)
    while any(box.counts().held for box in boxes) and desk.clock.now() < deadline:
        desk.clock.sleep(0.5)
