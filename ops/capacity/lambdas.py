"""Lambda: environments that are warm or cold, and an account that has so many of them at most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

from simpy import Environment

from ops.capacity.notes import Notes
from ops.capacity.world import Latency

#: What an invocation does: for so many seconds, and what has come of it then.
Step = tuple[float, Callable[[], None]]


@dataclass(kw_only=True)
class Lambdas:
    """`warm` are idle environments by function; with `limit` in use, nobody gets another."""

    env: Environment
    notes: Notes
    limit: int
    cold_start: Latency
    warm: Counter[str] = field(default_factory=Counter)
    _busy: Counter[str] = field(default_factory=Counter)

    def take(self, function: str) -> bool | None:
        """Whether the environment is a warm one; None when the account has no more."""
        if self._busy.total() >= self.limit:
            self.notes.throttled[function] += 1
            return None
        warm = self.warm[function] > 0
        self.warm[function] -= warm
        self._busy[function] += 1
        self.notes.concurrency[function] = max(self.notes.concurrency[function], self._busy[function])
        self.notes.peak = max(self.notes.peak, self._busy.total())
        return warm

    def run(self, function: str, steps: Iterable[Step], *, warm: bool) -> Generator[Any, Any, None]:
        """One step after the other, in an environment that was taken; it is given back."""
        starting = 0.0 if warm else self.cold_start.draw()
        for seconds, then in steps:
            yield self.env.timeout(starting + seconds)
            starting = 0.0
            then()
        self._busy[function] -= 1
        self.warm[function] += 1
