"""A meter that keeps the bench's own work out of the clock, and can make each call to AWS take a while."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final, NamedTuple

from moto.core.botocore_stubber import BotocoreStubber

from bench.meter import Meter, Tables


class Interval(NamedTuple):
    """Seconds, on one clock."""

    start: float
    end: float


@dataclass(slots=True)
class Waits:
    """When which operation (`PutItem`) was waited for."""

    intervals: defaultdict[str, list[Interval]] = field(default_factory=lambda: defaultdict(list))

    def times(self) -> dict[str, float]:
        """Operation -> how many calls' time at least one call of it was under way."""
        return {operation: waits_of(found) for operation, found in sorted(self.intervals.items())}


def waits_of(intervals: Sequence[Interval]) -> float:
    """3.0 for three calls of equal length one after the other, 1.0 for three at once."""
    lengths = [end - start for start, end in intervals]
    return covered(intervals) * len(lengths) / sum(lengths)


def covered(intervals: Sequence[Interval]) -> float:
    """Length of their union: what is waited for side by side is waited for once."""
    total, until = 0.0, float("-inf")
    for start, end in sorted(intervals):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


class Stopwatch(Meter):
    """One process has one Stopwatch: it changes moto's stub for good."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables)
        self._excluded: list[float] = []
        self._delay = 0.0
        self._waits = Waits()
        BotocoreStubber.__call__ = self._left_out(BotocoreStubber.__call__)
        for hook in ("_asked", "_sent", "_answered"):
            setattr(self, hook, self._left_out(getattr(self, hook)))

    @property
    def excluded(self) -> float:
        """Processor seconds of moto's and of the meter's so far: no function's."""
        return sum(self._excluded)

    @contextmanager
    def delaying(self, seconds: float) -> Iterator[Waits]:
        """Each call takes so much longer, in the thread that makes it."""
        self._delay, self._waits = seconds, Waits()
        try:
            yield self._waits
        finally:
            self._delay = 0.0

    def watch(self, client: Any) -> None:
        super().watch(client)
        client.meta.events.register_first("before-send", self._wait)

    def _wait(self, *, event_name: str, **_: Any) -> None:
        if not self._delay:
            return
        start = time.perf_counter()
        time.sleep(self._delay)
        self._waits.intervals[event_name.rpartition(".")[2]].append(Interval(start, time.perf_counter()))

    def _left_out(self, work: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(work)
        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.thread_time()
            try:
                return work(*args, **kwargs)
            finally:
                self._excluded.append(time.thread_time() - start)

        return timed


#: Long beside what a call costs by itself, so that calls side by side are seen to be.
DELAY: Final = 0.02
