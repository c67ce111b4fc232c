"""How often a function is called, with how many records of what, and for how long: what a poller does with what comes.

A function that several services share is called with what its queue has, of all of them: each part handles its share
of a batch, one after the other, and many a batch has nothing for some.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, exp
from typing import Final

from functions.billing.manifest import USAGE
from ops.cost.figures import GROUP, HANDING_ON, Assumptions, Measured, Point, Side, between, measured
from ops.cost.flows import Flows, Trigger, Work
from ops.cost.topology import Function, QueueMapping, Topology

NEW_CUSTOMERS: Final = "usage, new customers"
_TOUCH: Final = "dynamodb.UpdateItem"
_MS: Final = 1000
_ROUNDS: Final = 50
_ROUNDING: Final = 1.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a work has of its function's invocations: `per_second` have something for it, `point.records` records each.

    `ms` is for how long it has them.
    """

    per_second: float
    point: Point
    ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Invocations of one deployed function by one trigger: `per_second` of them, with so many `messages` each.

    `ms` is the sum of what the parts take, in proportion to how often they have something to do. `pollers` is 0 where
    no queue is polled.
    """

    function: str
    trigger: Trigger
    per_second: float
    messages: float
    ms: float
    pollers: float
    shares: Mapping[Work, Share]

    @property
    def name(self) -> str:
        """Of whatever has one part: its work."""
        if len(self.shares) > 1:
            return f"{self.function} (batches of {len(self.shares)} consumers)"
        return ", ".join(f"{work.function} ({work.work})" for work in self.shares)

    @property
    def billed_ms(self) -> int:
        """Lambda bills whole milliseconds."""
        return ceil(self.ms)

    @property
    def concurrency(self) -> float:
        return self.per_second * self.ms / _MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Turns works into invocations, for one side and one set of assumptions."""

    topology: Topology
    assumptions: Assumptions
    customers: int
    side: Side = "ours"

    def runs(self, flows: Flows) -> list[Run]:
        """One for each work that a client or a stream causes, and one for each queue."""
        works = [work for work in flows.works if work.trigger != "queue"]
        alone = [self._answered(work) if work.trigger == "http" else self._streamed(work) for work in works]
        return [*alone, *self._batched(flows, alone)]

    def _batched(self, flows: Flows, alone: Sequence[Run]) -> Iterator[Run]:
        for queue in dict.fromkeys((*flows.direct, *flows.sent)):
            works = [w for w in flows.works if w.trigger == "queue" and self.topology.deployed_as(w.function) == queue]
            others = sum(run.concurrency for run in alone if run.function == queue)
            messages = flows.direct[queue] + flows.sent[queue]
            yield _Polled(timing=self, queue=queue, works=works, messages=messages, others=others).run()

    def ms(self, point: Point, function: Function) -> float:
        """From the first line of the handler to its last: the processor's share of a vCPU, and what is waited for."""
        get, calls = self.assumptions, sum(point.calls.values())
        cpu = point.cpu_ms * get["processor_factor"] + calls * get["call_cpu_ms"]
        waits = sum(times * get.latency(operation) for operation, times in point.waits.items())
        return cpu / self._processor(function) + waits

    def handing_on(self, group: str, messages: float) -> float:
        """Milliseconds in which a group's function finds out whose so many messages are."""
        return self.ms(measured()[GROUP, HANDING_ON, "ours"].at(messages), self.topology.functions[group])

    def _processor(self, function: Function) -> float:
        """Of a vCPU. Python has no use for a second one."""
        return min(1.0, function.memory_mib / self.assumptions["full_processor_mib"])

    def _measured(self, work: Work) -> Measured:
        return measured()[work.function, work.work, self.side]

    def _answered(self, work: Work) -> Run:
        return self._alone(work, self._measured(work).at(work.per_call), work.records / work.per_call)

    def _streamed(self, work: Work) -> Run:
        """Each shard of the stream is looked at so often a second."""
        mapping = next(stream for stream in self.topology.streams if stream.function == work.function)
        polls = self.assumptions["stream_shards"] * mapping.parallel * self.assumptions["stream_polls_per_second"]
        records = min(mapping.batch_size, max(1.0, work.records / polls))
        return self._alone(work, self._measured(work).at(records), work.records / records)

    def _alone(self, work: Work, point: Point, per_second: float) -> Run:
        function = self.topology.function_of(work.function)
        share = Share(per_second=per_second, point=point, ms=self.ms(point, function))
        return Run(
            function=function.name,
            trigger=work.trigger,
            per_second=per_second,
            messages=0.0,
            ms=share.ms,
            pollers=0.0,
            shares={work: share},
        )

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Polled:
    """A queue, with so many `messages` a second for `works`, on a timing's assumptions.

    `others` are the environments in which its function does something else meanwhile.
    """

    timing: Timing
    queue: str
    works: Sequence[Work]
    messages: float
    others: float

    @property
    def mapping(self) -> QueueMapping:
        return self.timing.topology.queues[self.queue]

    def run(self) -> Run:
        """With as many pollers as Lambda begins with, or, when those would not keep up, with more of them."""
        first = min(self.timing.assumptions["pollers"], self.mapping.max_concurrency)
        run = self._with(settled(lambda size: self._next(size, first)), first)
        return run if self._busy(run) <= first * _ROUNDING else self._scaled(first)

    def _scaled(self, first: float) -> Run:
        """Pollers are added until nothing waits any more; that leaves batches that are not full."""
        part = 1.0 if self.mapping.window or self.timing.side == "plain" else self.timing.assumptions["scaled_batches"]
        size = max(1.0, self.mapping.batch_size * part)
        needed = self._busy(self._with(size, first))
        return self._with(size, min(max(first, needed), self.mapping.max_concurrency))

    def _busy(self, run: Run) -> float:
        """How many pollers it takes."""
        return run.per_second * (self._polling(run.messages) + run.ms / _MS)

    def _next(self, size: float, pollers: float) -> float:
        """Each poller takes what has come in since it asked last: the longer it is away, the more there is."""
        away = max(self.mapping.window, self._polling(size)) + self._with(size, pollers).ms / _MS
        return min(self.mapping.batch_size, max(1.0, self.messages / pollers * away))

    def _with(self, size: float, pollers: float) -> Run:
        """So many messages in a batch."""
        per_second = self.messages / size
        shares = {work: self._share(work, size, pollers) for work in self.works}
        return Run(
            function=self.queue,
            trigger="queue",
            per_second=per_second,
            messages=size,
            ms=sum(share.ms * share.per_second for share in shares.values()) / per_second + self._handing_on(size),
            pollers=pollers,
            shares=shares,
        )

    def _share(self, work: Work, size: float, pollers: float) -> Share:
        """Of batches that are drawn at random from all of the queue's messages.

        What was sent together is drawn together, as far as one receive sees it.
        """
        each = min(1.0, work.records / work.per_message / self.messages)
        drawn = max(1.0, min(work.together, self.timing.assumptions["part_of_a_call"], size))
        some = 1 - (1 - each) ** (size / drawn)
        point = self.timing.points(work, pollers + self.others)(size * each / some * work.per_message)
        ms = self.timing.ms(point, self.timing.topology.functions[self.queue])
        return Share(per_second=self.messages / size * some, point=point, ms=ms)

    def _handing_on(self, size: float) -> float:
        """Milliseconds in which a group finds out whose each message is."""
        if all(group.name != self.queue for group in self.timing.topology.groups):
            return 0.0
        return self.timing.handing_on(self.queue, size)

    def _polling(self, messages: float) -> float:
        """Seconds for which a poller asks for so many."""
        receives = ceil(messages / self.timing.assumptions["receive_batch"])
        return receives * self.timing.assumptions.latency("ReceiveMessage") / _MS


def settled(step: Callable[[float], float]) -> float:
    """Where `step` leads to, from 1, half of the way at a time."""
    value = 1.0
    for _ in range(_ROUNDS):
        value += (step(value) - value) / 2
    return value
