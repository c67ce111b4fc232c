"""`calls`: what each function asks of AWS for an event, beside its plain peer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from random import Random
from typing import Any, Final

from bench.cloud import metered_cloud, queue_url
from bench.meter import UNITS, Meter, Tally
from bench.scenarios import Handler, Scenario, scenarios
from bench.traffic import Invocation
from local.memory.clock import VirtualClock
from local.memory.functions import MemoryFunction
from runtime.manifest import Function

#: Batches that warm our process up, and are not counted. The plain one knows nothing from one batch to the next.
_WARM_UP: Final = 1
#: How often a queue with the plain consumer's redrive policy hands a message out.
_RECEIVES: Final = 3
_DONE: Final = (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED)
_DEAD_LETTER: Final = "sqs.SendMessage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one event, on average. `calls` are by operation, `units` by kind (bench.meter.UNITS)."""

    round_trips: float
    calls: dict[str, float]
    units: dict[str, float]

    @classmethod
    def of(cls, tally: Tally, events: int) -> Cost:
        return cls(
            round_trips=tally.round_trips / events,
            calls={name: count / events for name, count in sorted(tally.calls.items())},
            units={kind: tally.units[kind] / events for kind in UNITS},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One scenario's. `events` were counted, `batch` in each invocation."""

    function: str
    work: str
    batch: int
    events: int
    ours: Cost
    plain: Cost


class Undone(Exception):
    """A scenario's work was not done as it should be: what it cost means nothing."""


def measure_all(*, now: datetime, batches: int) -> Sequence[Result]:
    """Every scenario, `batches` invocations each. Raises Undone. Once a process (see metered_cloud)."""
    with metered_cloud(Meter) as meter:
        return [_measure(scenario, meter, now=now, batches=batches) for scenario in scenarios(now, queue_url())]


def _measure(scenario: Scenario, meter: Meter, *, now: datetime, batches: int) -> Result:
    events = batches * scenario.events
    ours, plain = (function_of(scenario.function, handler, now) for handler in (scenario.ours, scenario.plain))
    tallies = {ours: Tally(), plain: Tally()}
    for n in range(-_WARM_UP, 0):
        deliver(ours, scenario.for_ours(scenario.batch(n)), may_fail=scenario.fails)
    for n in range(batches):
        batch = scenario.batch(n)
        for function, tally in tallies.items():
            with meter.counting(tally):
                deliver(function, scenario.for_ours(batch) if function is ours else batch, may_fail=scenario.fails)
    costs = {function: Cost.of(tally, events) for function, tally in tallies.items()}
    if _DEAD_LETTER in costs[ours].calls and not scenario.fails:
        raise Undone(f"{scenario.function.name}: {scenario.work}: it ended in dead letters")
    return Result(
        function=scenario.function.name,
        work=scenario.work,
        batch=scenario.events,
        events=events,
        ours=costs[ours],
        plain=costs[plain],
    )


def function_of(spec: Function, handler: Handler, now: datetime) -> MemoryFunction:
    ids = Random(0)  # noqa: S311 - of requests
    return MemoryFunction(spec.name, handler, clock=VirtualClock(now), random=ids, timeout=spec.timeout)


def deliver(function: MemoryFunction, event: Invocation, *, may_fail: bool = False) -> Mapping[str, Any]:
    """As Lambda does it: what the answer leaves in the queue is handed out again. The last answer. Raises Undone."""
    for receives in range(1, _RECEIVES + 1):
        answer = function.invoke(event) or {}
        failed = {failure["itemIdentifier"] for failure in answer.get("batchItemFailures", ())}
        if (failed and not may_fail) or answer.get("statusCode", HTTPStatus.OK) not in _DONE:
            raise Undone(f"{function.name}: {answer}")
        left = [record for record in event.get("Records", ()) if record.get("messageId") in failed]
        if not left:
            break
        event = {"Records": [_received(record, receives + 1) for record in left]}
    return answer


def _received(record: Mapping[str, Any], times: int) -> dict[str, Any]:
    return {**record, "attributes": {**record["attributes"], "ApproximateReceiveCount": str(times)}}
