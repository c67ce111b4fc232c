"""Letters that are ours for a while: SQS's visibility timeout as a lease, kept up while there is work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import groupby
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Final, Self

from contracts.deployed import CannotAsk
from ops.letters.box import BATCH, WORKERS, Box
from ops.letters.letter import Letter
from ops.letters.looking import Sweep
from runtime.clock import Clock

#: Seconds. Whoever is killed hides its letters from others for this long at most.
LEASE: Final = 60
#: A lease is renewed when a third of it is over; whether that is so is looked at more often.
_RENEWALS: Final = 3
_LOOKS: Final = 12


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
        self._keeper.start()
        try:
            self.elsewhere = {name: count for name, box in self._boxes.items() if (count := self._take(box))}
        except BaseException:
            self._let_go()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._let_go()

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
        self._renew(letters)
        return [letter for letter in letters if self._is_held(letter)]

    def delete(self, letters: Sequence[Letter]) -> list[Letter]:
        """Take them out of their queues; those that SQS would not delete are returned. Raises CannotAsk."""
        kept = [letter for name, some in _by_place(letters) for letter in self._boxes[name].delete(some)]
        self._forget(letters)
        return kept

    def _take(self, box: Box) -> int:
        """How many others hold. What is ours is kept up from the moment that it came."""
        others = 0
        sweep = Sweep(box, self._lease, receive=lambda wait: self._received(box, wait))
        try:
            sweep.run(box.counts().waiting)
            others = max(0, box.counts().total - len(sweep.found))
        finally:
            self.seen |= sweep.found.keys()
            box.show([letter for letter in sweep.found.values() if not self._matches(letter)])
        return others

    def _received(self, box: Box, wait: int) -> list[Letter]:
        at = self._clock.now()
        letters = box.receive(self._lease, wait=wait)
        with self._lock:
            self._held |= {letter.id: (letter, at) for letter in letters if self._matches(letter)}
        return letters

    def _keep(self) -> None:
        while not self._over.wait(self._lease / _LOOKS):
            try:
                self._renew(self._due())
            except CannotAsk:  # then the leases run out, and `still` says so
                continue

    def _due(self) -> list[Letter]:
        """Those whose leases are the oldest, before it is too late."""
        limit = self._clock.now() - timedelta(seconds=self._lease / _RENEWALS)
        with self._lock:
            held = sorted(self._held.values(), key=lambda each: each[1])
        return [letter for letter, since in held if since <= limit]

    def _renew(self, letters: Sequence[Letter]) -> None:
        batches = [some[i : i + BATCH] for _, some in _by_place(letters) for i in range(0, len(some), BATCH)]
        if len(batches) == 1:
            self._renew_batch(batches[0])
        elif batches:
            with ThreadPoolExecutor(WORKERS) as pool:
                list(pool.map(self._renew_batch, batches))

    def _renew_batch(self, letters: Sequence[Letter]) -> None:
        now = self._clock.now()
        self._forget([letter for letter in letters if self._has_lapsed(letter, now)])
        ours = [letter for letter in letters if self._is_held(letter)]
        if ours and not self._over.is_set():
            self._forget(self._boxes[ours[0].place.name].hide(ours, self._lease))
            with self._lock:
                self._held |= {letter.id: (letter, now) for letter in ours if self._is_held(letter)}

    def _has_lapsed(self, letter: Letter, now: datetime) -> bool:
        held = self._held.get(letter.id)
        return held is None or now - held[1] >= timedelta(seconds=self._lease)

    def _is_held(self, letter: Letter) -> bool:
        """Under this very receipt: a message that lapsed and was handed to us again has another."""
        held = self._held.get(letter.id)
        return held is not None and held[0].receipt == letter.receipt

    def _forget(self, letters: Sequence[Letter]) -> None:
        with self._lock:
            for letter in letters:
                if self._is_held(letter):
                    del self._held[letter.id]

    def _let_go(self) -> None:
        self._over.set()
        self._keeper.join()
        for name, some in _by_place(self.letters):
            self._boxes[name].show(some)


def _by_place(letters: Sequence[Letter]) -> list[tuple[str, list[Letter]]]:
    ordered = sorted(letters, key=lambda letter: letter.place.name)
    return [(name, list(some)) for name, some in groupby(ordered, key=lambda letter: letter.place.name)]
