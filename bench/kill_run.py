"""Usage events through the embedded stack while its functions' processes are killed: are the totals exact?

    python -m bench.kill_run --events 100000 --faults 0.02

Every event is sent until it is accepted, some batches again after that. Then the ledger must hold each event
exactly once, but for those whose dead letter says why; the API's totals must be the ledger's.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from os import environ  # noqa: TID251 - the composition root
from pathlib import Path
from typing import Any, Final

from bench.killer import Killer
from events.catalog import PartnerUsageReported, initial
from events.envelope import CloudEvent
from functions.billing.manifest import USAGE
from functions.billing.periods import period_of
from functions.ingestion.api import MAX_BATCH
from functions.ingestion.domain import normalised
from functions.ingestion.manifest import API
from functions.ingestion.manifest import CONSUMER as INGESTION
from local.embedded.client import Client, DeadLetter, Refused
from local.embedded.cloud import Cloud, http
from local.embedded.emulator_env import emulator_python
from local.embedded.emulator_faults import PATH as FAULTS
from local.embedded.ministack import running_ministack
from local.embedded.polling import wait_until
from local.embedded.stack import Stack, deploy_stack
from runtime.manifest import VISIBILITY_FACTOR, Consumer

CONSUMERS: Final = (INGESTION, USAGE)
TARGETS: Final = (API.function.name, INGESTION.name, USAGE.name)
_METERS: Final = ("api_calls", "storage_gb_hours", "seats")
_CUSTOMERS: Final = 20
#: The emulator looks at all of a queue for each message: what waits is kept short.
_LONGEST_BACKLOG: Final = 4_000
_MINUTES: Final = 60

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One run. `pause` are the seconds between kills on average, where functions start faster than that.

    `faults` is the share of the functions' calls that fail, `again` that of the batches that are sent twice.

    `timeout` shortens the consumers' time limits, and with them how long a killed batch stays invisible.
    """

    events: int
    pause: float = 2.0
    faults: float = 0.0
    again: float = 0.05
    timeout: int | None = None
    concurrency: int = 4
    drain: int = 30 * _MINUTES
    seed: int = 1


@dataclass(frozen=True)
class Traffic:
    """The events of a run: the n-th is always the same."""

    settings: Settings
    moment: datetime

    def batches(self) -> Iterator[Sequence[CloudEvent]]:
        """Of many sizes."""
        chance, start = random.Random(self.settings.seed), 0  # noqa: S311 - a schedule, not a secret
        while start < self.settings.events:
            end = min(start + chance.randint(1, MAX_BATCH), self.settings.events)
            yield [self.event(n) for n in range(start, end)]
            start = end

    def event(self, n: int) -> CloudEvent:
        payload = PartnerUsageReported(
            customer_id=f"cus_{n % _CUSTOMERS}",
            meter=_METERS[n % len(_METERS)],
            quantity=1 + n % 7,
            used_at=self.moment,
        )
        return initial(payload, id=f"usage-{n}", source="metering-partner", time=self.moment)

    @cached_property
    def booked_as(self) -> Mapping[str, str]:
        """Id under which the ledger has an event -> id under which it was sent."""
        events = (self.event(n) for n in range(self.settings.events))
        return {normalised(event, self.moment).id: event.id for event in events}


@dataclass(kw_only=True)
class Result:
    """What came of it. `lost` were accepted, and are neither booked nor dead; `unexplained` are dead without a reason.

    `wrong_totals` are customers for whom the API does not say what the events that were booked add up to.
    """

    events: int
    booked: int = 0
    lost: int = 0
    strange: int = 0
    wrong_totals: int = 0
    unexplained: int = 0
    dead_letters: Mapping[str, int] = field(default_factory=dict)
    requests: int = 0
    refused_requests: int = 0
    events_sent_again: int = 0
    kills: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, int] = field(default_factory=dict)
    seconds_sending: float = 0
    seconds_draining: float = 0

    @property
    def events_per_second(self) -> float:
        return round(self.events / (self.seconds_sending + self.seconds_draining), 1)

    @property
    def is_exact(self) -> bool:
        return not (self.lost or self.strange or self.wrong_totals or self.unexplained)


def run(settings: Settings, say: Say) -> Result:
    """The whole of it, on an emulator of its own. Raises DeadlinePassed when the queues do not drain."""
    faults = f"{settings.faults} {settings.seed}" if settings.faults else ""
    with running_ministack(emulator_python(say), faults=faults) as url:
        stack = deploy_stack(Cloud(url), _clean(environ), say, is_ours=True)
        tune(stack, settings)
        return KillRun(stack, settings, say).perform()


def _clean(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if not name.startswith(("AWS_", "BREAKWATER_"))}


def tune(stack: Stack, settings: Settings) -> None:
    """As many functions at once as a small machine can feed, and a shorter time limit where that is asked for."""
    functions = stack.cloud.client("lambda")
    for consumer in CONSUMERS:
        name = stack.function_name(consumer.name)
        (mapping,) = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        scaling = {"MaximumConcurrency": settings.concurrency}
        functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig=scaling)
        if settings.timeout is not None:
            functions.update_function_configuration(FunctionName=name, Timeout=settings.timeout)
            _show_again_sooner(stack, consumer, settings.timeout)


def _show_again_sooner(stack: Stack, consumer: Consumer, timeout: int) -> None:
    """By the relation that synthesis asserts."""
    visibility = str(VISIBILITY_FACTOR * timeout + consumer.batching_window)
    url = stack.queue_url(consumer.name)
    stack.cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": visibility})


class KillRun:
    """One run on a stack that stands."""

    def __init__(self, stack: Stack, settings: Settings, say: Say) -> None:
        self._stack = stack
        self._client = Client(stack)
        self._settings = settings
        self._say = say
        self._traffic = Traffic(settings, datetime.now(UTC))  # noqa: TID251 - usage is of today
        self._result = Result(events=settings.events)
        self._chance = random.Random(settings.seed)  # noqa: S311 - a schedule, not a secret

    def perform(self) -> Result:
        result, started = self._result, time.monotonic()
        targets = [self._stack.function_name(name) for name in TARGETS]
        batches = self._traffic.batches()
        self._send(next(batches))
        # Where functions take longer to start than they are left alive, nothing would ever be done.
        pause = max(self._settings.pause, time.monotonic() - started)
        with Killer(targets, pause=pause, seed=self._settings.seed) as killer:
            for batch in batches:
                self._send(batch)
                self._report(batch[-1].id, killer)
            result.seconds_sending = round(time.monotonic() - started, 1)
        result.kills = dict(killer.kills)
        self._drain()
        result.seconds_draining = round(time.monotonic() - started - result.seconds_sending, 1)
        result.faults = http("GET", f"{self._stack.cloud.endpoint}{FAULTS}").json() if self._settings.faults else {}
        self._judge()
        return result

    def _send(self, batch: Sequence[CloudEvent]) -> None:
        """Until all of it is accepted, and now and then once more."""
        self._wait(lambda: self._stack.backlog() < _LONGEST_BACKLOG, "the backlog is short")
        self._wait(lambda: self._is_accepted(batch), "a batch is accepted")
        if self._chance.random() < self._settings.again:
            self._wait(lambda: self._is_accepted(batch), "a batch is accepted again")
        self._result.events_sent_again -= len(batch)

    def _is_accepted(self, batch: Sequence[CloudEvent]) -> bool:
        self._result.requests += 1
        self._result.events_sent_again += len(batch)
        try:
            answer = self._client.post_batch([event.to_dict() for event in batch])
        except OSError:
            accepted = False
        else:
            accepted = answer.status == HTTPStatus.ACCEPTED and answer.json()["accepted"] == len(batch)
        self._result.refused_requests += not accepted
        return accepted

    def _report(self, last: str, killer: Killer) -> None:
        kills, backlog = sum(killer.kills.values()), self._stack.backlog()
        self._say(
            f"{last} sent, {backlog:,} under way, {kills} kills, {self._result.refused_requests} requests refused"
        )

    def _drain(self) -> None:
        """Nothing waits, nothing is in flight, nothing is put off, twice in a row."""
        for _ in range(2):
            self._wait(lambda: self._stack.backlog() == 0, "the queues are empty", every=2)

    def _wait(self, probe: Callable[[], object], what: str, *, every: float = 0.2) -> None:
        wait_until(probe, what=what, timeout=self._settings.drain, interval=every)

    def _judge(self) -> None:
        result, sent = self._result, self._traffic.booked_as
        booked = {id_: item for customer in range(_CUSTOMERS) for id_, item in self._booked(f"cus_{customer}")}
        letters = {consumer.name: self._client.dead_letters(consumer.name) for consumer in CONSUMERS}
        dead = {letter.reason.get("event_id", "") for found in letters.values() for letter in found}
        result.booked = len(booked)
        result.strange = len(booked.keys() - sent.keys())
        result.lost = sum(not {id_, sent[id_]} & dead for id_ in sent.keys() - booked.keys())
        result.dead_letters = dict(
            Counter(_why(consumer, letter) for consumer, all_ in letters.items() for letter in all_)
        )
        result.unexplained = sum("reason" not in letter.reason for found in letters.values() for letter in found)
        result.wrong_totals = self._wrong_totals(booked.values())

    def _booked(self, customer: str) -> Iterator[tuple[str, tuple[str, str, int]]]:
        """The customer's ledger: an event's id, and customer, meter and quantity."""
        pages = (
            self._stack.cloud.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self._stack.configuration("billing-api")["Environment"]["Variables"]["BILLING_TABLE"],
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": f"USAGE#{customer}#{period_of(self._traffic.moment)}"}},
                ConsistentRead=True,
            )
        )
        for page in pages:
            for item in page["Items"]:
                yield item["id"]["S"], (customer, item["meter"]["S"], int(item["quantity"]["N"]))

    def _wrong_totals(self, booked: Any) -> int:
        expected: dict[str, Counter[str]] = {}
        for customer, meter, quantity in booked:
            expected.setdefault(customer, Counter())[meter] += quantity
        return sum(self._total(customer) != totals for customer, totals in expected.items())

    def _total(self, customer: str) -> Mapping[str, int]:
        """What the API says, asked again when a fault is in the way."""

        def asked() -> Mapping[str, int] | None:
            try:
                return self._client.usage(customer, period_of(self._traffic.moment))
            except (Refused, OSError):
                return None

        return wait_until(asked, what="the API says the totals", timeout=_MINUTES)


def _why(consumer: str, letter: DeadLetter) -> str:
    return f"{consumer}: {letter.reason.get('reason', 'no reason')}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.kill_run", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--faults", type=float, default=0.0, help="the share of the functions' calls that a fault hits")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between kills, on average")
    parser.add_argument("--timeout", type=int, help="the consumers' time limit, instead of their manifests'")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="where to write the result as JSON, too")
    return parser.parse_args()


def main() -> int:
    """0 when the totals are exact."""
    given = _arguments()
    settings = Settings(
        events=given.events, faults=given.faults, pause=given.pause, timeout=given.timeout, seed=given.seed
    )
    result = run(settings, lambda line: print(line, flush=True))
    text = json.dumps(
        {**asdict(result), "events_per_second": result.events_per_second, "is_exact": result.is_exact}, indent=2
    )
    print(text)
    if given.out:
        given.out.write_text(text + "\n")
    return 0 if result.is_exact else 1


if __name__ == "__main__":
    sys.exit(main())
