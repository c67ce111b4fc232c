"""Virtual time: a clock that stands still until someone moves it, and a scheduler on it.

Time is kept in whole microseconds, so that the order of things never hangs on rounding.

Code that is to run beside other code is a task (`spawn`): while it sleeps, others use the time. Tasks switch
nowhere but in `sleep`, so that what happens between two sleeps happens at once, and a run is the same every time.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from greenlet import getcurrent, greenlet

_MICROSECOND: Final = timedelta(microseconds=1)
#: A deadline that every sleep exceeds, however short.
_OVER: Final = -1
#: More steps than any flow needs: a run that gets here is a loop.
_STEPS: Final = 10_000_000

Action = Callable[[], object]


class DeadlineExceeded(BaseException):
    """The code under a deadline slept past it. Not an Exception: what runs there must not catch it.

    Whatever it does against that, every further sleep under this deadline ends at once in the same way.
    """


class _Main:
    """What is not a task: whoever moves the clock."""

    deadline: int | None = None


class _Task(greenlet):
    deadline: int | None = None

    def __init__(self, action: Action, hub: greenlet) -> None:
        super().__init__(action)
        self.hub = hub


class StillBusy(Exception):
    """The system did not come to rest within the given number of steps."""


class VirtualClock:
    """A runtime.clock.Clock whose time passes only in `sleep`, `advance` and `run_until_idle`.

    Actions run in the order of (time, order of scheduling), and never before their time.
    """

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("the start must have a time zone")
        self._epoch = round(start.timestamp() * 1_000_000)
        self._start = start.astimezone(UTC)
        self._now = 0
        self._main = _Main()
        self._sequence = 0
        self._agenda: list[tuple[int, int, Action]] = []
        self._cancelled: set[int] = set()

    def now(self) -> datetime:
        return self._start + self._now * _MICROSECOND

    @property
    def micros(self) -> int:
        """Microseconds since the Unix epoch."""
        return self._epoch + self._now

    @property
    def pending(self) -> int:
        """Actions that are still to come."""
        return len(self._agenda) - len(self._cancelled)

    def sleep(self, seconds: float) -> None:
        """A task lets others run until then. Of anyone else, time passes, and scheduled actions are late."""
        runner = self._runner()
        target = self._now + _micros(seconds)
        if runner.deadline is None or target <= runner.deadline:
            self._pass_until(runner, target)
            return
        last, runner.deadline = runner.deadline, _OVER
        if last != _OVER:
            self._pass_until(runner, last)
        raise DeadlineExceeded

    def spawn(self, action: Action) -> None:
        """Run `action` as a task, at once; returns when it is done or sleeps for the first time."""
        _Task(action, getcurrent()).switch()

    def call_later(self, seconds: float, action: Action) -> int:
        """Schedule `action`; the ticket to cancel it with."""
        return self._schedule(self._now + _micros(seconds), action)

    def call_at(self, time: datetime, action: Action) -> int:
        """At `time`, or at once when that is past; the ticket to cancel it with."""
        return self._schedule(round((time - self._start) / _MICROSECOND), action)

    def call_at_micros(self, micros: int, action: Action) -> int:
        """As call_at, in microseconds since the Unix epoch."""
        return self._schedule(micros - self._epoch, action)

    def cancel(self, ticket: int) -> None:
        """The action, which must not have run yet, will not run, and no time passes for it."""
        self._cancelled.add(ticket)

    def run_until_idle(self, limit: int = _STEPS) -> int:
        """Run every action, and those that they schedule; the number of actions run. Raises StillBusy after `limit`."""
        steps = 0
        while self.pending:
            if steps == limit:
                raise StillBusy(f"{self.pending} actions were still to come after {limit} steps")
            steps += self._step()
        return steps

    def advance(self, seconds: float) -> None:
        """Run what is due within the next `seconds`, and stop at their end."""
        end = self._now + _micros(seconds)
        while self._agenda and self._agenda[0][0] <= end:
            self._step()
        self._now = max(self._now, end)

    @contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Under it, a sleep that would end later than `seconds` from now ends then, with DeadlineExceeded."""
        runner = self._runner()
        outer, runner.deadline = runner.deadline, self._now + _micros(seconds)
        try:
            yield
        finally:
            runner.deadline = outer

    def _runner(self) -> _Task | _Main:
        current = getcurrent()
        return current if isinstance(current, _Task) else self._main

    def _pass_until(self, runner: _Task | _Main, target: int) -> None:
        if isinstance(runner, _Task):
            self._suspend(runner, target)
        else:
            self._now = max(self._now, target)

    def _suspend(self, task: _Task, until: int) -> None:
        self._schedule(until, task.switch)
        try:
            task.hub.switch()
        except BaseException:
            # Nobody will ever come back to it (GreenletExit): what it still does on its way out must not sleep.
            task.deadline = _OVER
            raise

    def _schedule(self, at: int, action: Action) -> int:
        self._sequence += 1
        heapq.heappush(self._agenda, (max(at, self._now), self._sequence, action))
        return self._sequence

    def _step(self) -> bool:
        """Whether the action that was due next had not been cancelled."""
        at, ticket, action = heapq.heappop(self._agenda)
        if ticket in self._cancelled:
            self._cancelled.remove(ticket)
            return False
        # Someone may have slept past `at`: then the action is late, and time stays where it is.
        self._now = max(self._now, at)
        action()
        return True


def _micros(seconds: float) -> int:
    if seconds < 0:
        raise ValueError("time does not run backwards")
    return round(seconds * 1_000_000)
