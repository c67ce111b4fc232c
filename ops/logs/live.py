"""Lines as they are written, and which of them somebody wants to see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contracts.deployed import CannotAsk
from contracts.following import Follower, LogEvent, Read, log_events
from contracts.lines import Line
from ops.logs.sources import asking_logs
from ops.target import Target
from runtime.clock import Clock


@dataclass(kw_only=True)
class Wanted:
    """A line is wanted when it fits each of these that is given. `functions` are by their names in the manifest.

    Not every event says whose it is: a flow in which the customer was named is the customer's from then on.
    """

    functions: frozenset[str] | None = None
    type: str = ""
    customer: str = ""
    outcome: str = ""
    _flows: set[str] = field(default_factory=set)

    def __call__(self, line: Line) -> bool:
        # First, since lines that are not shown tell whose a flow is, too.
        return (
            (not self.customer or self._is_of_customer(line))
            and (self.functions is None or line.function in self.functions)
            and self.type in ("", line.event_type)
            and self.outcome in ("", line.outcome)
        )

    def _is_of_customer(self, line: Line) -> bool:
        if line.customer_id == self.customer and line.correlation_id:
            self._flows.add(line.correlation_id)
        return line.customer_id == self.customer or line.correlation_id in self._flows


def reading(target: Target) -> Read:
    """What a Follower of the stage's lines reads by. It raises CannotAsk."""
    logs = target.client("logs")

    def read(group: str, start: int) -> list[LogEvent]:
        with asking_logs():
            return list(log_events(logs, group, start=start))

    return read


def follow(
    target: Target,
    clock: Clock,
    *,
    since: datetime,
    until: datetime | None,
    every: float,
    trouble: Callable[[str], None],
) -> Iterator[Line]:
    """The stage's lines from `since` on, asked for every so many seconds; without `until`, for ever.

    Raises CannotAsk when the first question is refused; later refusals are told to `trouble`, and it goes on.
    """
    with ThreadPoolExecutor(len(target.log_groups)) as pool:
        follower = Follower(reading(target), target.log_groups, since=round(since.timestamp() * 1000), each=pool.map)
        yield from follower.new()
        while until is None or clock.now() + timedelta(seconds=every) < until:
            clock.sleep(every)
            yield from _next(follower, trouble)
        if until is not None:
            clock.sleep(max(0.0, (until - clock.now()).total_seconds()))
            yield from _next(follower, trouble)


def _next(follower: Follower, trouble: Callable[[str], None]) -> list[Line]:
    try:
        return follower.new()
    except CannotAsk as error:
        trouble(f"{error}; trying again")
        return []
