"""What a part does with its share of a batch: its time, as was measured, and what it asks of AWS meanwhile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Final

from functions.billing.manifest import USAGE
from ops.capacity.notes import Notes
from ops.capacity.scenario import Outage
from ops.capacity.world import Latency, World
from ops.cost.figures import Point, measured
from ops.cost.flows import Work
from ops.cost.invocations import NEW_CUSTOMERS, Timing

#: Of runtime.breaker, in seconds, and of the manifests' Backoff.
_LONGEST_PAUSE: Final = 60.0
_FIRST_PAUSE: Final = 5.0
_BASE, _CAP = 2, 900


@dataclass(kw_only=True)
class Breaker:
    """One process's, as runtime.breaker has it."""

    failures: int = 0
    until: float = 0.0


@dataclass(kw_only=True)
class Handlers:
    """`works` are the measured works by function; `cold` processes know no customer yet."""

    timing: Timing
    world: World
    random: Random
    notes: Notes
    outage: Outage | None
    works: Mapping[str, Work]
    processes: Mapping[str, int]
    cold: bool
    _breakers: defaultdict[tuple[str, int], Breaker] = field(default_factory=lambda: defaultdict(Breaker))

    def __post_init__(self) -> None:
        self._spread = Latency.through(1.0, self.world["handler_p99"], self.random)
        self._handing_on = lru_cache(maxsize=None)(self.timing.handing_on)
        self._point = lru_cache(maxsize=None)(self._interpolated)

    def seconds(self, function: str, records: int, *, work: str = "") -> float:
        """Of an invocation in which all goes well."""
        return self._point(function, records, work)[1] / 1000 * self._spread.draw()

    def handing_on(self, group: str, messages: int) -> float:
        """Seconds in which a group's function finds out whose its messages are."""
        return self._handing_on(group, messages) / 1000

    def point(self, function: str, records: int, *, work: str = "") -> Point:
        return self._point(function, records, work)[0]

    def is_down(self, function: str, records: int, now: float, *, work: str = "") -> bool:
        calls = {
            name.partition(".")[2]: count for name, count in self.point(function, records, work=work).calls.items()
        }
        return self.outage is not None and self.outage.hits(calls, now)

    def failing_seconds(self, function: str, records: int, now: float) -> float:
        """While its dependency is down: hanging, until the breaker opens; then sending each record back at once."""
        breaker = self._breakers[function, self.random.randrange(self.processes[function])]
        putting_back = records * self.timing.assumptions.latency("SendMessage") / 1000
        if now < breaker.until:
            return putting_back
        attempts = 1 if breaker.failures else min(int(self.world["breaker_failures"]), records)
        breaker.failures += attempts
        hanging = attempts * self.world["hang_seconds"]
        doublings = min(max(0, breaker.failures - int(self.world["breaker_failures"])), 10)
        breaker.until = now + hanging + min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**doublings)
        return hanging + putting_back

    def backoff(self, deferrals: int) -> float:
        """Seconds, as the manifest's Backoff has them for one try."""
        return self.random.uniform(1, min(_CAP, _BASE << min(deferrals + 1, 16)))

    def note(self, function: str, point: Point, now: float) -> None:
        """What was asked of AWS, against its quotas."""
        rates, units, calls = self.notes.rates, point.units, point.calls
        rates["DynamoDB table writes"].add(now, units.get("table_writes", 0) + units.get("index_writes", 0))
        rates["EventBridge PutEvents"].add(now, calls.get("eventbridge.PutEvents", 0))
        rates["SES sending rate"].add(now, units.get("e_mails", 0))
        if function == USAGE.name:
            rates["DynamoDB partition PERIOD#"].add(now, calls.get("dynamodb.UpdateItem", 0))

    def _interpolated(self, function: str, records: int, work: str) -> tuple[Point, float]:
        point = self._measured(function, records, work)
        return point, self.timing.ms(point, self.timing.topology.function_of(function))

    def _measured(self, function: str, records: int, work: str) -> Point:
        if work:
            return measured()[function, work, "ours"].at(records)
        if function == USAGE.name and self.cold:
            return measured()[function, NEW_CUSTOMERS, "ours"].at(records)
        return self.timing.points(self.works[function], self.timing.assumptions["pollers"])(records)
