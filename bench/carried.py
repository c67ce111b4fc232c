"""`capacity`: the model's queues beside the embedded stack's, with the same arrivals: usage on its way to the ledger.

The model knows of the emulator what single events and one burst tell: how long a hop takes when nothing waits, how long
a batch takes by its size, and what the next one costs on top. Everything else - what gathers, what waits, when all of
it is done - it has to find out by itself, at other rates.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from random import Random
from statistics import linear_regression, median, quantiles
from typing import Any, Final

from simpy import Environment

from bench.usage import Traffic
from contracts.following import log_events
from contracts.lines import Line, line_in
from functions.billing.manifest import USAGE
from functions.ingestion.manifest import CONSUMER as INTAKE
from local.embedded.client import Client
from local.embedded.polling import wait_until
from local.embedded.stack import Stack
from ops.capacity.lambdas import Lambdas, Step
from ops.capacity.later import after
from ops.capacity.messages import Message
from ops.capacity.notes import Notes
from ops.capacity.queues import Queue
from ops.capacity.world import Latency
from ops.cost.topology import QueueMapping

#: The emulator gives no larger batches, whatever the mapping says, and knows no window.
BATCH: Final = 10
HOPS: Final = (INTAKE.name, USAGE.name)
#: A PutEvents call at most.
_CALL: Final = 10
#: Longer than a message of an invocation that timed out stays invisible.
_PATIENCE: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """`count` events, one every `1 / rate` seconds; all at once with a rate of 0."""

    name: str
    count: int
    rate: float

    def arrivals(self) -> Sequence[float]:
        return [n / self.rate if self.rate else 0.0 for n in range(self.count)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Seconds from when an event was sent until the ledger had it, and until the last of them was there."""

    p50: float
    p95: float
    done: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One hop, in seconds: until a handler begins when nothing waits; of a batch: `first` + `each` x n; between two."""

    ways: Sequence[float]
    first: float
    each: float
    between: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    load: Load
    predicted: Seen
    measured: Seen


@dataclass(frozen=True, kw_only=True)
class Carried:
    """`concurrency` is what the stack's mappings were set to."""

    stack: Stack
    traffic: Traffic
    concurrency: int

    def compared(self, loads: Sequence[Load], say: Callable[[str], None]) -> list[Comparison]:
        """Raises DeadlinePassed."""
        first = 0
        runs: list[tuple[Load, Sequence[float], Sequence[Line]]] = []
        for load in (WARM_UP, *CALIBRATION, *loads):
            say(f"sending {load.name}")
            runs.append((load, *self._run(load, first)))
            first += load.count
        calibration, compared = runs[1 : 1 + len(CALIBRATION)], runs[1 + len(CALIBRATION) :]
        stages = self._stages(calibration)
        for function, stage in stages.items():
            batch = f"{stage.first:.3f} + n x {stage.each:.4f} s a batch, {stage.between:.3f} s between two"
            say(f"{function}: {median(stage.ways):.3f} s on the way, {batch}")
        return [
            Comparison(
                load=load,
                predicted=predicted(load, stages, self.concurrency),
                measured=self._seen(sent, hops),
            )
            for load, sent, hops in compared
        ]

    def _run(self, load: Load, first: int) -> tuple[Sequence[float], Sequence[Line]]:
        """When each was sent, in seconds since the epoch, and what the functions wrote of it."""
        client, start = Client(self.stack), time.time()  # noqa: TID251 - the stack's logs tell the machine's time
        sent: dict[int, float] = {}
        for group in _calls(load.arrivals()):
            time.sleep(max(0.0, start + group[0][1] - time.time()))  # noqa: TID251 - as above
            now = time.time()  # noqa: TID251 - as above
            client.put(*(self.traffic.event(first + n) for n, _ in group))
            sent |= dict.fromkeys((first + n for n, _ in group), now)
        names = {self.traffic.event(n).id for n in sent}
        return list(sent.values()), wait_until(
            lambda: self._hops(names, start), what=f"{load.name} is in the ledger", timeout=_PATIENCE
        )

    def _hops(self, names: set[str], start: float) -> Sequence[Line] | None:
        """None while one is missing."""
        hops = [hop for hop in self._logged(start) if self._original(hop) in names]
        done = {self._original(hop) for hop in hops if hop.function == USAGE.name}
        return hops if done == names else None

    def _logged(self, start: float) -> Iterator[Line]:
        logs = self.stack.cloud.client("logs")
        for function in HOPS:
            for event in log_events(logs, self.stack.log_groups[function], start=int(start * 1000)):
                line = line_in(event["message"], function=function, at=event["timestamp"])
                if line is not None and line.outcome == "handled":
                    yield line

    def _original(self, hop: Line) -> str:
        return self.traffic.booked_as.get(hop.event_id, hop.event_id)

    def _seen(self, sent: Sequence[float], hops: Sequence[Line]) -> Seen:
        ends = sorted(hop.at / 1000 for hop in hops if hop.function == USAGE.name)
        return seen(sorted(sent), ends)

    def _stages(self, runs: Sequence[tuple[Load, Sequence[float], Sequence[Line]]]) -> Mapping[str, Stage]:
        (_, sent, single), (_, _, burst) = runs
        begun, between = sorted(sent), self._between(batches_of(burst, INTAKE.name))
        stages: dict[str, Stage] = {}
        for function in HOPS:
            ends = sorted(hop.at / 1000 for hop in single if hop.function == function)
            alone = median(hop.duration_ms / 1000 for hop in single if hop.function == function)
            ways = [max(0.0, end - start - alone) for start, end in zip(begun, ends, strict=True)]
            stages[function] = self._stage(ways, batches_of(burst, function), alone, between)
            begun = ends
        return stages

    def _between(self, batches: Sequence[tuple[float, int, float]]) -> float:
        """What one more invocation costs beside its handler, on the hop that has a burst before it all the time."""
        gap = median(later - earlier for earlier, later in pairwise(sorted(end for end, _, _ in batches)))
        return max(0.0, gap * self.concurrency - median(seconds for _, _, seconds in batches))

    @staticmethod
    def _stage(
        ways: Sequence[float], batches: Sequence[tuple[float, int, float]], alone: float, between: float
    ) -> Stage:
        sizes, seconds = [1, *(n for _, n, _ in batches)], [alone, *(s for _, _, s in batches)]
        line = linear_regression(sizes, seconds) if len(set(sizes)) > 1 else None
        each, first = (line.slope, line.intercept) if line else (0.0, alone)
        return Stage(ways=ways, first=max(0.0, first), each=max(0.0, each), between=between)


#: So that no function starts while it is looked at.
WARM_UP: Final = Load(name="a first burst", count=50, rate=0)
#: What the model is told about the emulator.
CALIBRATION: Final = (Load(name="single events", count=40, rate=4), Load(name="a burst of 200", count=200, rate=0))
#: What it has to tell.
LOADS: Final = (
    Load(name="10 a second", count=100, rate=10),
    Load(name="40 a second", count=400, rate=40),
    Load(name="a burst of 500", count=500, rate=0),
)


def _calls(arrivals: Sequence[float]) -> Iterator[list[tuple[int, float]]]:
    """What is due at one moment goes in calls of ten."""
    due: list[tuple[int, float]] = []
    for numbered in enumerate(arrivals):
        if due and (numbered[1] != due[0][1] or len(due) == _CALL):
            yield due
            due = []
        due.append(numbered)
    yield due


def batches_of(hops: Sequence[Line], function: str) -> list[tuple[float, int, float]]:
    """End, size and seconds of each batch: lines that have one time are of one invocation."""
    groups: defaultdict[int, list[Line]] = defaultdict(list)
    for hop in hops:
        if hop.function == function:
            groups[hop.at].append(hop)
    return [(at / 1000, len(group), max(h.duration_ms for h in group) / 1000) for at, group in groups.items()]


def seen(begun: Sequence[float], ends: Sequence[float]) -> Seen:
    """Of events that are done in about the order in which they were sent."""
    spans = [end - start for start, end in zip(begun, ends, strict=True)]
    cuts = quantiles(spans, n=20)
    return Seen(p50=cuts[9], p95=cuts[18], done=ends[-1] - begun[0])


def predicted(load: Load, stages: Mapping[str, Stage], concurrency: int) -> Seen:
    """The same arrivals through the model's queues."""
    env, notes, random = Environment(), Notes(), Random(1)  # noqa: S311 - to be drawn again
    ends: list[float] = []
    lambdas = Lambdas(env=env, notes=notes, limit=1000, cold_start=Latency(0.0, 0.0, random))
    queues: dict[str, Queue] = {}

    def handle(function: str, batch: list[Message]) -> list[Step]:
        stage, count = stages[function], sum(message.count for message in batch)
        return [(stage.first + stage.each * count, lambda: done(function, batch))]

    def done(function: str, batch: list[Message]) -> None:
        for message in batch:
            if function == USAGE.name:
                ends.append(env.now)
            else:
                queues[USAGE.name].send(message)

    for function in HOPS:
        queues[function] = Queue(
            env=env,
            mapping=QueueMapping(function=function, batch_size=BATCH, window=0, max_concurrency=concurrency),
            lambdas=lambdas,
            notes=notes,
            pickup=Observed(stages[function].ways, random),
            invoke=Observed([stages[function].between], random),
            part=1,
            first=concurrency,
            growth=300,
            handle=handle,
        )
        queues[function].start()
    for arrival in load.arrivals():
        after(env, arrival, lambda: queues[INTAKE.name].send(Message("usage", 1, (INTAKE.name,), env.now, env.now)))
    while len(ends) < load.count:
        env.run(until=env.now + 1)
    return seen(load.arrivals(), sorted(ends))


@dataclass(frozen=True, slots=True)
class Observed:
    """A Delay that is one of those that were seen."""

    seconds: Sequence[float]
    random: Random

    def draw(self) -> float:
        return self.random.choice(self.seconds)


def as_lines(comparisons: Sequence[Comparison]) -> str:
    head = f"{'load':18}{'':>10}{'p50 s':>9}{'p95 s':>9}{'all done s':>12}"
    return "\n".join([head, *(line for comparison in comparisons for line in _lines(comparison))])


def _lines(comparison: Comparison) -> Iterator[str]:
    for name, found in (("predicted", comparison.predicted), ("measured", comparison.measured)):
        yield f"{comparison.load.name:18}{name:>10}{found.p50:>9.3f}{found.p95:>9.3f}{found.done:>12.2f}"


def as_json(comparisons: Sequence[Comparison]) -> list[dict[str, Any]]:
    return [asdict(comparison) for comparison in comparisons]
