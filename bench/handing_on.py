"""What a group's function adds to its parts: for each message it finds out whose it is (runtime.group)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from bench.traffic import Invocation, Traffic
from contracts.company import SERVICES
from ops.cost.figures import GROUP, HANDING_ON, Measured, Point
from runtime.group import GroupFunction
from runtime.manifest import Function
from runtime.topology import MONOLITH, topology

_SIZES: Final = (1, 10, 100)
#: So that what is timed is long beside the clock's steps.
_AT_ONCE: Final = 20


def handing_on(*, now: datetime, repeats: int) -> Measured:
    """By a monolith whose handlers do nothing. Half of the messages are for ingestion, half for billing."""
    (group,) = topology(MONOLITH, SERVICES).groups
    function = GroupFunction(group, _doing_nothing)
    points = tuple(_point(function, _messages(Traffic(now), size), repeats) for size in _SIZES)
    return Measured(function=GROUP, work=HANDING_ON, side="ours", metrics=0, points=points)


def _doing_nothing(_: Function) -> Any:
    return lambda *_: {"batchItemFailures": []}


def _messages(traffic: Traffic, size: int) -> Sequence[Any]:
    pool = [
        record for n in range(size) for made in (traffic.reports(n), traffic.usage(n)) for record in made["Records"]
    ]
    return pool[:: len(pool) // size][:size]


def _point(function: GroupFunction, records: Sequence[Any], repeats: int) -> Point:
    invocation: Invocation = {"Records": [{**record, "eventSource": "aws:sqs"} for record in records]}
    return Point.nothing(records=len(records), cpu_ms=round(min(_ms(function, invocation) for _ in range(repeats)), 4))


def _ms(function: GroupFunction, invocation: Invocation) -> float:
    start = time.process_time()
    for _ in range(_AT_ONCE):
        function(invocation, None)
    return (time.process_time() - start) / _AT_ONCE * 1000
