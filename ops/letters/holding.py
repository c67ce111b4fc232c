"""Letters that are ours for a while: SQS's visibility timeout as a lease, kept up while there is work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Final, Self

from contracts.deployed import CannotAsk
from ops.letters.box import Box
from ops.letters.letter import Letter
from ops.letters.looking import Sweep
from runtime.clock import Clock

#: Seconds. Whoever is killed hides its letters from others for this long at most.
LEASE: Final = 60
_RENEWALS: Final = 3


class Holding:
    """For the length of the block, the letters that match are ours, and nobody else is handed them.

    What is in the queues and does not match is given back at once; what is left at the end, too. `elsewhere` counts
    what others held. A letter is only worked on while its lease lives: ask `still` right before. A process that is
    suspended for longer than the lease has lost its letters, and is told so.
    """

    def __init__(
        self, boxes: Sequence[Box], matches: Callable[[Letter], bool], *, clock: Clock, lease: int = LEASE
    ) -> None:
        self._boxes = {box.place.name: box for box in boxes}
        self._matches = matches
        self._clock = clock
        self._lease = lease
        self._held: dict[str, tuple[Letter, datetime]] = {}
        self._lock = Lock()
        self._over = Event()
        self._keeper = Thread(target=self._keep, name="leases", daemon=True)
        self.seen: set[str] = set()
        self.elsewhere: Mapping[str, int] = {}

    def __enter__(self) -> Self:
        try:
            self.elsewhere = {name: count for name, box in self._boxes.items() if (count := self._take(box))}
        except BaseException:
            self._give_back_all()
            raise
        self._keeper.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._keeper.join()
        self._give_back_all()

    @property
    def letters(self) -> list[Letter]:
        """What is ours now, the oldest first."""
        with self._lock:
            held = [letter for letter, _ in self._held.values()]
        return sorted(held, key=lambda letter: (letter.failed_at, letter.id))

    def box(self, place: str) -> Box:
        return self._boxes[place]

    def still(self, letters: Sequence[Letter]) -> list[Letter]:
        """Those of them that are ours, with their leases renewed this very moment. Raises CannotAsk."""
        self._renew([letter for letter in letters if letter.id in self._held])
        return [letter for letter in letters if letter.id in self._held]

    def delete(self, letters: Sequence[Letter]) -> list[Letter]:
        """Take them out of their queues; those that SQS would not delete are returned. Raises CannotAsk."""
        kept = [letter for name, some in _by_place(letters) for letter in self._boxes[name].delete(some)]
        self._forget(letters)
        return kept

    def _take(self, box: Box) -> int:
        """How many others hold."""
        started, others = self._clock.now(), 0
        sweep = Sweep(box, self._lease)
        try:
            sweep.run(box.counts().waiting)
            others = max(0, box.counts().total - len(sweep.found))
        finally:
            self.seen |= sweep.found.keys()
            ours = {id_: (letter, started) for id_, letter in sweep.found.items() if self._matches(letter)}
            with self._lock:
                self._held |= ours
            box.show([letter for id_, letter in sweep.found.items() if id_ not in ours])
        return others

    def _keep(self) -> None:
        while not self._over.wait(self._lease / _RENEWALS):
            try:
                self._renew(self.letters)
            except CannotAsk:  # then the leases run out, and `still` says so
                continue

    def _renew(self, letters: Sequence[Letter]) -> None:
        now = self._clock.now()
        self._forget([letter for letter in letters if self._has_lapsed(letter, now)])
        for name, some in _by_place([letter for letter in letters if letter.id in self._held]):
            lost = self._boxes[name].hide(some, self._lease)
            self._forget(lost)
            with self._lock:
                self._held |= {letter.id: (letter, now) for letter in some if letter.id in self._held}

    def _has_lapsed(self, letter: Letter, now: datetime) -> bool:
        held = self._held.get(letter.id)
        return held is None or now - held[1] >= timedelta(seconds=self._lease)

    def _forget(self, letters: Sequence[Letter]) -> None:
        with self._lock:
            for letter in letters:
                self._held.pop(letter.id, None)

    def _give_back_all(self) -> None:
        for name, some in _by_place(self.letters):
            self._boxes[name].show(some)


def _by_place(letters: Sequence[Letter]) -> list[tuple[str, list[Letter]]]:
    ordered = sorted(letters, key=lambda letter: letter.place.name)
    return [(name, list(some)) for name, some in groupby(ordered, key=lambda letter: letter.place.name)]
