"""The other direction: letters come back to their dead-letter queue, out of the trail's keeping or out of a file.

The trail has the intent; the letter is sent; the trail has that, too. Killed in between, a letter may come back twice:
as two letters of one event, which is done once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ops.letters.desk import Desk
from ops.letters.letter import Letter
from ops.letters.mover import batches
from ops.letters.operations import Entry, Operation, Step, Verb
from ops.letters.packing import unpacked
from ops.wrong_use import WrongUse


def parked(desk: Desk, entry: Entry) -> Letter:
    """A letter that lies in the trail's keeping, whole. Raises WrongUse and CannotAsk."""
    original = desk.trail.original(entry.operation, entry.letter)
    if original is None:
        raise WrongUse(f"the trail does not have letter {entry.letter} of operation {entry.operation} any more")
    return unpacked(original, desk.places)


def bring_back(
    desk: Desk, operation: Operation, letters: Sequence[Letter], tell: Callable[[int], None]
) -> dict[str, str]:
    """Each to its own dead-letter queue; by id, why some were refused. Raises CannotAsk."""
    refused: dict[str, str] = {}
    boxes = {box.place.name: box for box in desk.boxes()}
    for batch in batches(letters):
        desk.trail.intend(operation, batch, desk.clock.now(), {})
        failures = boxes[batch[0].place.name].put(batch)
        _record(desk, operation, batch, failures)
        refused |= failures
        tell(len(batch))
    return refused


def _record(desk: Desk, operation: Operation, letters: Sequence[Letter], failures: Mapping[str, str]) -> None:
    at = desk.clock.now()
    back = [Entry.of(operation, letter, Step.RETURNED, at) for letter in letters if letter.id not in failures]
    stuck = [
        Entry.of(operation, letter, Step.REFUSED, at, failures[letter.id])
        for letter in letters
        if letter.id in failures
    ]
    desk.trail.record(stuck)
    if operation.verb is Verb.UNPARK:
        desk.trail.park(back)
    else:
        desk.trail.record(back)
