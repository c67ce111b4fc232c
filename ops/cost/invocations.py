"""How many records an invocation gets, and how long it takes: what a poller does with what comes in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, exp
from typing import Final

from functions.billing.manifest import USAGE
from ops.cost.figures import Assumptions, Measured, Point, Side, between, measured
from ops.cost.flows import Work
from ops.cost.topology import Function, QueueMapping, StreamMapping, Topology

NEW_CUSTOMERS: Final = "usage, new customers"
_TOUCH: Final = "dynamodb.UpdateItem"
_MS: Final = 1000
_ROUNDS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocations:
    """Of one work: `per_second` of them, with `point.records` records each. `billed_ms` is whole milliseconds."""

    per_second: float
    point: Point
    ms: float
    concurrency: float
    pollers: float

    @property
    def billed_ms(self) -> int:
        return ceil(self.ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Turns works into invocations, for one side and one set of assumptions."""

    topology: Topology
    assumptions: Assumptions
    customers: int
    side: Side = "ours"

    def of(self, work: Work) -> Invocations:
        function = self.topology.functions[work.function]
        if work.trigger == "http":
            return self._made(function, self._measured(work).at(work.per_call), work.records / work.per_call, 0)
        if work.trigger == "stream":
            mapping = next(s for s in self.topology.streams if s.function == work.function)
            return self._streamed(work, mapping, function)
        return self._queued(work, self.topology.queues[work.function], function)

    def ms(self, point: Point, function: Function) -> float:
        """From the first line of the handler to its last: the processor's share of a vCPU, and what is waited for."""
        get, calls = self.assumptions, sum(point.calls.values())
        cpu = point.cpu_ms * get["processor_factor"] + calls * get["call_cpu_ms"]
        waits = sum(times * get.latency(operation) for operation, times in point.waits.items())
        return cpu / self._processor(function) + waits

    def _processor(self, function: Function) -> float:
        """Of a vCPU. Python has no use for a second one."""
        return min(1.0, function.memory_mib / self.assumptions["full_processor_mib"])

    def _measured(self, work: Work) -> Measured:
        return measured()[work.function, work.work, self.side]

    def _queued(self, work: Work, mapping: QueueMapping, function: Function) -> Invocations:
        """Each poller takes what has come in since it asked last: the longer it is away, the more there is."""
        pollers = min(self.assumptions["pollers"], mapping.max_concurrency)
        point_of = self.points(work, pollers)

        def away(records: float) -> float:
            receives = ceil(records / self.assumptions["receive_batch"])
            polling = receives * self.assumptions.latency("ReceiveMessage") / _MS
            return max(mapping.window, polling) + self.ms(point_of(records), function) / _MS

        records = settled(lambda n: min(mapping.batch_size, max(1.0, work.records / pollers * away(n))))
        return self._made(function, point_of(records), work.records / records, pollers)

    def _streamed(self, work: Work, mapping: StreamMapping, function: Function) -> Invocations:
        """Each shard of the stream is looked at so often a second."""
        polls = self.assumptions["stream_shards"] * mapping.parallel * self.assumptions["stream_polls_per_second"]
        records = min(mapping.batch_size, max(1.0, work.records / polls))
        return self._made(function, self._measured(work).at(records), work.records / records, 0)

    def points(self, work: Work, processes: float) -> Callable[[float], Point]:
        """Of usage, some is of customers whose account the process has not touched yet."""
        known = self._measured(work)
        if work.function != USAGE.name or self.side == "plain":
            return known.at
        new, share = measured()[work.function, NEW_CUSTOMERS, self.side], self._untouched(work.records, processes)

        def point(records: float) -> Point:
            there = new.at(records)
            part = min(1.0, share * records / there.calls[_TOUCH])
            return between(known.at(records), there, part)

        return point

    def _untouched(self, per_second: float, processes: float) -> float:
        """The share of records that are a customer's first for their process, which lives for some hours."""
        each = per_second * self.assumptions["environment_hours"] * 3600 / processes / self.customers
        return (1 - exp(-each)) / each if each else 1.0

    def _made(self, function: Function, point: Point, per_second: float, pollers: float) -> Invocations:
        ms = self.ms(point, function)
        return Invocations(
            per_second=per_second, point=point, ms=ms, concurrency=per_second * ms / _MS, pollers=pollers
        )


def settled(step: Callable[[float], float]) -> float:
    """Where `step` leads to, from 1, half of the way at a time."""
    value = 1.0
    for _ in range(_ROUNDS):
        value += (step(value) - value) / 2
    return value
