"""Looking into dead-letter queues. SQS shows a message only by handing it out: so each is held for a moment, and
given back as soon as all have been seen."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from typing import Final

from ops.letters.box import WORKERS, Box, Counts
from ops.letters.letter import Letter
from runtime.clock import Clock

#: Seconds for which a message that is looked at stays hidden if the one who looks is killed.
HOLD: Final = 30
#: Seconds that looking waits for what others hold.
PATIENCE: Final = 3.0
_LETTERS_PER_WORKER: Final = 50
_BARREN: Final = 3
_CONFIRMATIONS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen. `counts` are of before; `elsewhere` counts, by place, what others held."""

    letters: tuple[Letter, ...]
    counts: Mapping[str, Counts]
    elsewhere: Mapping[str, int]

    def only(self, matches: Callable[[Letter], bool]) -> Look:
        return Look(letters=tuple(filter(matches, self.letters)), counts=self.counts, elsewhere=self.elsewhere)


@dataclass(slots=True)
class Sweep:
    """One pass over a queue: every letter that it hands out, once each, held until `give_back`.

    SQS may hand out a message twice, or say that there is none when there is one: what counts is whether anything
    new comes, and it is asked again, patiently, as long as it says itself that there is more. `receive` is how it is
    asked, given the seconds to wait, if not plainly.
    """

    box: Box
    seconds: int
    receive: Callable[[int], list[Letter]] | None = None
    found: dict[str, Letter] = field(default_factory=dict)
    over: Event = field(default_factory=Event)

    def run(self, expected: int) -> None:
        """Raises CannotAsk. `expected` is how many there should be, about."""
        workers = max(1, min(WORKERS, expected // _LETTERS_PER_WORKER))
        try:
            if workers == 1:
                self._work()
            else:
                with ThreadPoolExecutor(workers) as pool:
                    list(pool.map(lambda _: self._work(), range(workers)))
            for _ in range(_CONFIRMATIONS):
                if len(self.found) >= expected or self.over.is_set():
                    break
                self._take(wait=1)
        finally:
            self.over.set()

    def give_back(self) -> None:
        self.box.show(list(self.found.values()))

    def _work(self) -> None:
        barren = 0
        while barren < _BARREN and not self.over.is_set():
            received, new = self._take()
            if not received:
                return
            barren = 0 if new else barren + 1

    def _take(self, *, wait: int = 0) -> tuple[int, int]:
        """How many came, and how many of them for the first time."""
        letters = self.receive(wait) if self.receive else self.box.receive(self.seconds, wait=wait)
        new = sum(letter.id not in self.found for letter in letters)
        self.found.update({letter.id: letter for letter in letters})
        return len(letters), new


@contextmanager
def looking(
    boxes: Sequence[Box],
    *,
    clock: Clock,
    patience: float = PATIENCE,
    jitter: Callable[[float, float], float] = random.uniform,
) -> Iterator[Look]:
    """All letters that can be seen, and how many cannot because others hold them. Raises CannotAsk.

    The block begins as soon as everything was seen; the letters are given back meanwhile, and by its end they are.
    """
    with ThreadPoolExecutor(max(1, len(boxes))) as backs:
        givings: list[Future[None]] = []

        def give_back(sweep: Sweep) -> Future[None]:
            givings.append(backs.submit(sweep.give_back))
            return givings[-1]

        with ThreadPoolExecutor(max(1, len(boxes))) as pool:
            parts = list(pool.map(lambda box: _look_into(box, clock, patience, jitter, give_back), boxes))
        yield Look(
            letters=tuple(letter for part in parts for letter in part.letters),
            counts={name: counts for part in parts for name, counts in part.counts.items()},
            elsewhere={name: count for part in parts for name, count in part.elsewhere.items() if count},
        )
        for giving in givings:
            giving.result()


def look(boxes: Sequence[Box], *, clock: Clock, patience: float = PATIENCE) -> Look:
    """The same, when the letters are given back. Raises CannotAsk."""
    with looking(boxes, clock=clock, patience=patience) as seen:
        return seen


def _look_into(
    box: Box,
    clock: Clock,
    patience: float,
    jitter: Callable[[float, float], float],
    give_back: Callable[[Sweep], Future[None]],
) -> Look:
    """Two that look at once see half each: both give back and look again, at different moments."""
    seen: dict[str, Letter] = {}
    first = counts = box.counts()
    deadline = clock.now() + timedelta(seconds=patience)
    while True:
        elsewhere, giving = _pass(box, counts.waiting, seen, give_back)
        if not elsewhere or clock.now() >= deadline:
            letters = tuple(sorted(seen.values(), key=lambda letter: letter.failed_at))
            return Look(letters=letters, counts={box.place.name: first}, elsewhere={box.place.name: elsewhere})
        giving.result()
        clock.sleep(jitter(0.1, 0.7))
        counts = box.counts()


def _pass(
    box: Box, expected: int, seen: dict[str, Letter], give_back: Callable[[Sweep], Future[None]]
) -> tuple[int, Future[None]]:
    """One sweep into `seen`; how many there are that it was not shown, about."""
    sweep = Sweep(box, HOLD)
    total = 0
    try:
        sweep.run(expected)
        total = box.counts().total
    finally:
        giving = give_back(sweep)
    seen.update(sweep.found)
    return max(0, total - len(sweep.found)), giving
