"""`cpu`: the processor's time that a record takes, beside the plain peer. AWS calls cost nothing (bench.canned)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
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
from bench.cloud import canned_cloud, queue_url
from bench.rounds import in_turns
from bench.scenarios import Handler, Scenario, scenarios
from bench.traffic import Invocation, Traffic
from contracts.company import SERVICES
from events.catalog import PartnerUsageReported, payload_of
from events.envelope import CloudEvent
from local.memory.clock import VirtualClock
from local.memory.functions import MemoryFunction
from runtime.aws import client
from runtime.clock import SystemClock
from runtime.consumer import QueueConsumer
from runtime.idempotency import Once, dynamodb_store
from runtime.lambda_consumer import consumer_from_env, publisher_from_env
from runtime.manifest import Consumer, Function
from runtime.outcome import Outcome
from runtime.queue import SqsQueue

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


#: What a queue feeds: the others' time is mostly somebody else's.
_FED: Final = frozenset(consumer.function for service in SERVICES for consumer in service.consumers)


class Unhandled(Exception):
    """A side left records in the queue: its time means nothing."""


def measure_cpu(*, now: datetime, rounds: int, level: Level) -> Sequence[CpuResult]:
    """Log lines are written as on Lambda, to nowhere. Raises Unhandled. Once a process: the functions remember."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        aws = CannedAws(level)
        canned_cloud(aws)
        chosen = [
            *_consumers_alone(now),
            *(s for s in scenarios(now, queue_url()) if s.function in _FED and not s.fails),
        ]
        return [_measure(scenario, aws, now=now, rounds=rounds) for scenario in chosen]


def _consumers_alone(now: datetime) -> Iterator[Scenario]:
    """What there is to one beside the business: batch, checks, idempotency and log line; and with metrics of it."""
    for work, ours, peer in (
        ("checked, once, logged", _unmeasured(), plain.consumer(plain.check_usage)),
        ("the same, measured", _measured(), plain.consumer(plain.check_usage, metrics=plain.metrics())),
    ):
        yield Scenario(
            function=_CHECKED.function,
            work=work,
            events=_CHECKED.batch_size,
            ours=ours,
            plain=peer,
            batch=Traffic(now).reports,
        )


def _measured() -> QueueConsumer:
    return consumer_from_env(_CHECKED, _check, os.environ)  # noqa: TID251 - a composition root


def _unmeasured() -> QueueConsumer:
    return QueueConsumer(
        _CHECKED,
        _check,
        publisher=publisher_from_env(os.environ),  # noqa: TID251 - a composition root
        queue=SqsQueue(client("sqs"), url="", dead_letter_url=""),
        clock=SystemClock(),
        once=Once(dynamodb_store("idempotency"), _CHECKED.name),
    )


def _check(event: CloudEvent) -> Outcome:
    payload = payload_of(event)
    return Outcome() if isinstance(payload, PartnerUsageReported) else Outcome(duplicate=True)


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
    sides = {"ours": [scenario.for_ours(batch) for batch in batches], "plain": batches}
    works = {side: partial(_deliver, function, sides[side]) for side, function in peers.items()}
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
