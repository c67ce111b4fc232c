"""What is written down while a scenario is played."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate


@dataclass(slots=True)
class Samples:
    """Seconds, each for so many records."""

    values: list[tuple[float, int]] = field(default_factory=list)

    def add(self, seconds: float, count: int) -> None:
        self.values.append((seconds, count))

    @property
    def count(self) -> int:
        return sum(count for _, count in self.values)

    @property
    def mean(self) -> float:
        """0.0 when there are none."""
        return sum(seconds * count for seconds, count in self.values) / max(1, self.count)

    def percentiles(self, *parts: float) -> list[float]:
        """Of the records, in seconds; 0.0 when there are none."""
        self.values.sort()
        seconds = [each for each, _ in self.values]
        reached = list(accumulate(count for _, count in self.values))
        return [seconds[bisect_left(reached, part * reached[-1])] if reached else 0.0 for part in parts]


@dataclass(slots=True)
class PerSecond:
    """Counts by second: a quota of so many a second is compared with the worst one."""

    seconds: Counter[int] = field(default_factory=Counter)

    def add(self, now: float, count: float) -> None:
        self.seconds[int(now)] += count  # type: ignore[assignment]

    @property
    def peak(self) -> float:
        return max(self.seconds.values(), default=0)

    @property
    def mean(self) -> float:
        return sum(self.seconds.values()) / max(1, len(self.seconds))


@dataclass(slots=True, kw_only=True)
class Notes:
    """`critical` by consumer, from an event's own time to its effect; `whole` by event type, from what came in first.

    `answers` are the APIs' times. `late` is when something was handed out last that should have been before.
    `accepted`, `done` and `refused` count records, `deferred` how often one was put back.
    """

    critical: defaultdict[str, Samples] = field(default_factory=lambda: defaultdict(Samples))
    whole: defaultdict[str, Samples] = field(default_factory=lambda: defaultdict(Samples))
    answers: defaultdict[str, Samples] = field(default_factory=lambda: defaultdict(Samples))
    rates: defaultdict[str, PerSecond] = field(default_factory=lambda: defaultdict(PerSecond))
    ages: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    accepted: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    deferred: Counter[str] = field(default_factory=Counter)
    throttled: Counter[str] = field(default_factory=Counter)
    batches: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    concurrency: Counter[str] = field(default_factory=Counter)
    backlog: Counter[str] = field(default_factory=Counter)
    peak: int = 0
    late: float = 0.0

    def batch(self, function: str, size: int) -> None:
        self.batches[function].append(size)

    def mean_batch(self, function: str) -> float:
        sizes: Sequence[int] = self.batches[function]
        return sum(sizes) / len(sizes) if sizes else 0.0
