"""`measure`: what one invocation of each function takes, at several batch sizes. What a bill is reckoned from.

Processor time is that of the function, Powertools and botocore; what stands in for AWS is left out (bench.stopwatch).
Sending the bytes is left out, too. `waits` are how often an invocation waits for an operation: calls that are made
side by side are waited for once.
"""

from __future__ import annotations

import gc
import io
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from statistics import mean, median
from typing import Any, ClassVar, Final

from bench.calls import deliver, function_of
from bench.cloud import metered_cloud, queue_url
from bench.meter import Tally
from bench.scenarios import Handler, Scenario, scenarios
from bench.stopwatch import DELAY, Stopwatch
from bench.traffic import Invocation
from local.memory.functions import MemoryFunction
from ops.cost.figures import Measured, Point, Side

#: As in production: lines are written as INFO, and Lambda names a trace, which Powertools writes into each line.
_ENVIRONMENT: Final = {
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=557abcec3ee5a047;Sampled=0",
}
_SIZES: Final = (1, 10, 100)
#: A hundred mails one after the other are nobody's batch.
_LARGEST: Final = {"notification": 10}
_PLAIN_LARGEST: Final = 10
#: Is to the account that it is on what usage of new customers is.
_LEFT_OUT: Final = ("usage of last month",)
_WARM_UP: Final = 3


class _Log(io.TextIOBase):
    """A standard output that counts what is written, and which metrics CloudWatch would take out of it."""

    def __init__(self) -> None:
        self.bytes = 0
        self.lines = 0
        self.series = set[str]()

    def write(self, text: str, /) -> int:
        self.bytes += len(text.encode())
        self.lines += text.count("\n")
        if '"_aws"' in text:
            self.series.update(series_in(json.loads(text)))
        return len(text)


def series_in(line: Mapping[str, Any]) -> Iterator[str]:
    """The custom metrics of a line in embedded metric format: each name with each set of dimensions is one."""
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for dimensions in directive["Dimensions"]:
            values = [f"{name}={line[name]}" for name in dimensions]
            yield from (f"{metric['Name']} {' '.join(values)}" for metric in directive["Metrics"])


def measured_works(*, now: datetime, repeats: int) -> Sequence[Measured]:
    """Every scenario whose work can be done. Raises Undone. Once a process (see metered_cloud)."""
    log = _Log()
    with metered_cloud(Stopwatch, _ENVIRONMENT, out=log) as stopwatch:
        bench = _Bench(stopwatch=stopwatch, log=log, now=now, repeats=repeats)
        return [
            measured
            for scenario in scenarios(now, queue_url())
            if not scenario.fails and scenario.work not in _LEFT_OUT
            for measured in bench.both_sides(scenario)
        ]


@dataclass(frozen=True, kw_only=True)
class _Bench:
    stopwatch: Stopwatch
    log: _Log
    now: datetime
    repeats: int

    def both_sides(self, scenario: Scenario) -> Iterator[Measured]:
        print(f"measuring {scenario.function.name}: {scenario.work}", file=sys.stderr)
        largest = _LARGEST.get(scenario.function.name, max(_SIZES)) if scenario.events > 1 else 1
        yield self._side(scenario, "ours", scenario.ours, largest)
        yield self._side(scenario, "plain", scenario.plain, min(largest, _PLAIN_LARGEST))

    def _side(self, scenario: Scenario, side: Side, handler: Handler, largest: int) -> Measured:
        function = function_of(scenario.function, handler, self.now)
        source = _Invocations(scenario, side)
        for invocation in source.take(1, _WARM_UP):
            deliver(function, invocation)
        self.log.series.clear()
        points = tuple(self._point(function, source, size) for size in _SIZES if size <= largest)
        return Measured(
            function=scenario.function.name,
            work=scenario.work,
            side=side,
            metrics=len(self.log.series),
            points=points,
        )

    def _point(self, function: MemoryFunction, source: _Invocations, size: int) -> Point:
        invocations, delayed = list(source.take(size, self.repeats)), next(source.take(size, 1))
        before = self.stopwatch.stored()
        written = (self.log.lines, self.log.bytes)
        tally, answers = Tally(), list[Mapping[str, Any]]()
        with self.stopwatch.counting(tally):
            seconds = [self._timed(function, invocation, answers) for invocation in invocations]
        lines, size_of_lines = self.log.lines - written[0], self.log.bytes - written[1]
        after = self.stopwatch.stored()
        with self.stopwatch.delaying(DELAY) as waits:
            deliver(function, delayed)
        return Point(
            records=size,
            cpu_ms=round(median(seconds) * 1000, 3),
            waits={name: round(times, 1) for name, times in waits.times().items()},
            calls=_each(tally.calls, self.repeats),
            units=_each(tally.units, self.repeats),
            log_lines=lines / self.repeats,
            log_bytes=size_of_lines / self.repeats,
            bus_bytes=round(tally.bus_bytes / max(1, tally.bus_entries)),
            message_bytes=round(mean(_message_bytes(invocation) for invocation in invocations) / size),
            answer_bytes=round(mean(len(answer.get("body", "")) for answer in answers)),
            stored_items=_each({t: n - before[t].items for t, (n, _) in after.items()}, self.repeats),
            stored_bytes=_each({t: size - before[t].bytes for t, (_, size) in after.items()}, self.repeats),
        )

    def _timed(self, function: MemoryFunction, invocation: Invocation, answers: list[Mapping[str, Any]]) -> float:
        """Processor seconds. Garbage is collected before, and not meanwhile: most of it is not the function's."""
        gc.collect()
        gc.disable()
        start, excluded = time.process_time(), self.stopwatch.excluded
        try:
            answers.append(deliver(function, invocation))
            return time.process_time() - start - (self.stopwatch.excluded - excluded)
        finally:
            gc.enable()


class _Invocations:
    """A scenario's, with as many records as are asked for. None comes twice, whoever asks."""

    _numbers: ClassVar[Iterator[int]] = count()

    def __init__(self, scenario: Scenario, side: Side) -> None:
        self._scenario = scenario
        self._side = side

    def take(self, size: int, times: int) -> Iterator[Invocation]:
        for _ in range(times):
            yield self._sized(size)

    def _sized(self, size: int) -> Invocation:
        first = self._batch()
        records = _records(first)
        while len(records) < size:
            records += _records(self._batch())
        invocation = _with_records(first, records[:size])
        return self._scenario.for_ours(invocation) if self._side == "ours" else invocation

    def _batch(self) -> Invocation:
        return self._scenario.batch(next(self._numbers))


def _records(invocation: Invocation) -> list[Any]:
    if "Records" in invocation:
        return list(invocation["Records"])
    events = json.loads(invocation["body"] or "null")
    return events if isinstance(events, list) else [events]


def _with_records(invocation: Invocation, records: list[Any]) -> Invocation:
    if "Records" in invocation:
        return {**invocation, "Records": records}
    return {**invocation, "body": json.dumps(records)} if invocation["body"].startswith("[") else invocation


def _message_bytes(invocation: Invocation) -> int:
    """Of all its messages."""
    return sum(len(record["body"]) if "body" in record else 0 for record in invocation.get("Records", [{}]))


def _each(counts: Mapping[str, float], repeats: int) -> dict[str, float]:
    return {name: round(count / repeats, 3) for name, count in sorted(counts.items()) if count}
