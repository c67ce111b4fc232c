"""What a plan says about each call, and each message, as it is made."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Final

from local.memory.faults import Call, Fault
from local.simulate.plan import Outage, Plan

_USUAL: Final = 0.02
_SLOW: Final = 8.0
_MILLION: Final = 1_000_000


class PlannedWeather:
    """A local.memory.faults.Weather. The seed and the call alone decide, so that leaving out others changes nothing."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._faults = {planned.call: planned.fault for planned in plan.faults}
        self._start = round(plan.start.timestamp() * _MILLION)

    def latency(self, call: Call) -> float:
        chance = self._chance("latency", call)
        # One draw for both: whether it is slow, and how slow.
        if chance < self._plan.slowness:
            return _SLOW * chance / self._plan.slowness
        return _USUAL * chance

    def fault(self, call: Call, micros: int) -> Fault | None:
        planned = self._faults.get(call)
        if planned is not None or not self._plan.outages:
            return planned
        seconds = (micros - self._start) / _MILLION
        service = call.name.partition(".")[0]
        return next((o.fault for o in self._plan.outages if _holds(o, service, seconds)), None)

    def takes(self, call: Call, entry: int) -> bool:
        return self._chance(f"entry {entry}", call) < 0.5  # noqa: PLR2004 - a coin

    def _chance(self, what: str, call: Call) -> float:
        return zlib.crc32(f"{self._plan.seed} {what} {call.function} {call.name} {call.nth}".encode()) / 2**32


def _holds(outage: Outage, service: str, seconds: float) -> bool:
    return outage.service == service and outage.start <= seconds < outage.start + outage.seconds


class PlannedDisorder:
    """A local.memory.queue.Disorder. `copies` counts the messages that were delivered once more."""

    def __init__(self, plan: Plan) -> None:
        self.copies = 0
        self._late = {(late.queue, late.nth): late.copies for late in plan.late}
        self._counts = Counter[str]()

    def __call__(self, queue: str) -> Sequence[float]:
        self._counts[queue] += 1
        late = self._late.get((queue, self._counts[queue]), (0.0,))
        self.copies += len(late) - 1
        return late
