"""A circuit breaker: while a dependency is down, messages wait instead of using up their tries on it.

    closed ──THRESHOLD failures in a row──► open ──its pause is over──► half open: one attempt
      ▲                                      ▲                              │
      └─────────────── it succeeded ─────────┼──────────────────────────────┤
                                             └── it failed: a longer pause ─┘

One for each process of a function: nothing is shared, so it costs no call.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from runtime.clock import Clock
from runtime.errors import CircuitOpen, DependencyUnavailable

#: Failures in a row that open it: fewer than a batch, more than bad luck.
THRESHOLD: Final = 3
#: Seconds that it stays open the first time, and at most.
FIRST_PAUSE: Final = 5
LONGEST_PAUSE: Final = 60


class Breaker:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._open_until: datetime | None = None

    def check(self) -> None:
        """Before an attempt. Raises CircuitOpen while there should be none."""
        if self._open_until is not None and self._clock.now() < self._open_until:
            raise CircuitOpen(f"a dependency is down: the next attempt is due at {self._open_until.isoformat()}")

    def failed(self, error: DependencyUnavailable) -> DependencyUnavailable | CircuitOpen:
        """An attempt failed. What the message has suffered: nothing, when it was only there to probe."""
        probing = self._open_until is not None
        self._failures += 1
        if self._failures >= THRESHOLD:
            self._open_until = self._clock.now() + self._pause()
        return CircuitOpen(f"a dependency is still down: {error}") if probing else error

    def succeeded(self) -> None:
        """An attempt went through, to its very end."""
        self._failures = 0
        self._open_until = None

    def _pause(self) -> timedelta:
        doublings = min(self._failures - THRESHOLD, 10)
        return timedelta(seconds=min(LONGEST_PAUSE, FIRST_PAUSE * 2**doublings))
