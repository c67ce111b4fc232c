"""Many seeds on all cores."""

from __future__ import annotations

import gc
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any, Final

from local.simulate.generate import plan_of
from local.simulate.run import Verdict, run, silence

#: Small enough to tell of progress, large enough that handing it over costs nothing.
_CHUNK: Final = 50


@dataclass(kw_only=True)
class Tally:
    """What many schedules came to."""

    schedules: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    #: Seed -> the invariant that it violates.
    failing: dict[int, str] = field(default_factory=dict)

    def count(self, seed: int, verdict: Verdict) -> None:
        self.schedules += 1
        self.faults += verdict.faults
        self.duplicates += verdict.copies
        if verdict.violated is not None:
            self.failing[seed] = verdict.violated.invariant

    def add(self, other: Tally) -> None:
        self.schedules += other.schedules
        self.faults += other.faults
        self.duplicates += other.duplicates
        self.failing |= other.failing

    def summary(self, seconds: float) -> dict[str, Any]:
        """Plain data, for people and machines."""
        return {
            "schedules": self.schedules,
            "failing": {str(seed): invariant for seed, invariant in sorted(self.failing.items())},
            "faults": dict(self.faults.most_common()),
            "crashes": sum(n for fault, n in self.faults.items() if fault.startswith(("crash", "hang"))),
            "duplicates": self.duplicates,
            "seconds": round(seconds, 1),
            "schedules_per_second": round(self.schedules / seconds, 1) if seconds else 0.0,
        }


def play(seeds: Sequence[int]) -> Tally:
    """One after the other, in this process."""
    silence()
    tally = Tally()
    for seed in seeds:
        tally.count(seed, run(plan_of(seed)))
    return tally


def play_all(first: int, count: int, *, workers: int, tell: Callable[[Tally, float], None]) -> tuple[Tally, float]:
    """`count` seeds from `first` on; the tally and the seconds. `tell` hears of both whenever there is news."""
    started = time.monotonic()
    tally = Tally()
    context = get_context("spawn")
    with context.Pool(workers, initializer=_begin) as pool:
        for part in pool.imap_unordered(play, _chunks(first, count)):
            tally.add(part)
            tell(tally, time.monotonic() - started)
    return tally, time.monotonic() - started


def _begin() -> None:
    """Ctrl-C is the parent's business; and a schedule's garbage is collected in few, large sweeps."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def _chunks(first: int, count: int) -> Iterator[range]:
    for start in range(first, first + count, _CHUNK):
        yield range(start, min(start + _CHUNK, first + count))
