"""`cpu`: the processor's time that a record takes, beside the plain peer. AWS calls cost nothing (bench.canned)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from random import Random
from typing import Final

from bench import plain
from bench.canned import CannedAws, Level
from bench.cloud import canned_cloud
from bench.rounds import in_turns
from bench.scenarios import Handler, Scenario, scenarios
from bench.traffic import Invocation, Traffic
from events.catalog import PartnerUsageReported, payload_of
from events.envelope import CloudEvent
from local.memory.clock import VirtualClock
from local.memory.functions import MemoryFunction
from runtime.consumer import QueueConsumer
from runtime.lambda_consumer import consumer_from_env
from runtime.manifest import Consumer, Function
from runtime.outcome import Outcome

_CREATED: Final = HTTPStatus.CREATED
#: Records of one side's turn, about: enough for the clock, few enough for many turns.
_RECORDS: Final = 400
_CHECKED: Final = Consumer(
    function=Function(name="bench", handler="bench", timeout=30), subscriptions=(), dedup="record"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuResult:
    """One scenario's: microseconds for one record, and the median of the rounds' ratios."""

    function: str
    work: str
    batch: int
    ours_us: float
    plain_us: float
    ratio: float


class Unhandled(Exception):
    """A side left records in the queue: its time means nothing."""


def measure_cpu(*, now: datetime, rounds: int, level: Level) -> Sequence[CpuResult]:
    """Log lines are written as on Lambda, to nowhere. Raises Unhandled. Once a process: the functions remember."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        aws = CannedAws(level)
        canned_cloud(aws)
        chosen = [_consumer_alone(now), *(s for s in scenarios(now) if not s.fails)]
        return [_measure(scenario, aws, now=now, rounds=rounds) for scenario in chosen]


def _consumer_alone(now: datetime) -> Scenario:
    """What there is to it beside the business: batch, checks, idempotency and log line."""
    return Scenario(
        function=_CHECKED.function,
        work="checked, done once",
        events=_CHECKED.batch_size,
        ours=_ours(),
        plain=plain.consumer(plain.check_usage),
        batch=Traffic(now).reports,
    )


def _ours() -> QueueConsumer:
    def handle(event: CloudEvent) -> Outcome:
        payload = payload_of(event)
        return Outcome() if isinstance(payload, PartnerUsageReported) else Outcome(duplicate=True)

    return consumer_from_env(_CHECKED, handle, os.environ)  # noqa: TID251 - a composition root


def _measure(scenario: Scenario, aws: CannedAws, *, now: datetime, rounds: int) -> CpuResult:
    with aws.keeping():
        batches = [scenario.batch(n) for n in range(max(1, _RECORDS // scenario.events))]

    functions = {side: _function(scenario, side) for side in ("ours", "plain")}
    peers = {
        side: MemoryFunction(
            side,
            handler,
            clock=VirtualClock(now),
            random=Random(0),  # noqa: S311 - of request ids
            timeout=scenario.function.timeout,
        )
        for side, handler in functions.items()
    }
    works = {side: partial(_deliver, function, batches) for side, function in peers.items()}
    times = in_turns(works, rounds=rounds)
    records = len(batches) * scenario.events
    return CpuResult(
        function=scenario.function.name,
        work=scenario.work,
        batch=scenario.events,
        ours_us=times.median("ours") / records * 1e6,
        plain_us=times.median("plain") / records * 1e6,
        ratio=times.ratio("ours", "plain"),
    )


def _function(scenario: Scenario, side: str) -> Handler:
    return scenario.ours if side == "ours" else scenario.plain


def _deliver(function: MemoryFunction, batches: Sequence[Invocation]) -> None:
    for batch in batches:
        answer = function.invoke(batch) or {}
        if answer.get("batchItemFailures") or answer.get("statusCode", _CREATED) != _CREATED:
            raise Unhandled(f"{function.name}: {answer}")
