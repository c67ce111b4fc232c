"""`python -m bench.kill_run`: usage through the embedded stack while its functions' processes are killed.

Every event is sent until it is accepted, and some batches again after that. Then the ledger must hold each event
exactly once, but for those whose dead letter says why, and the API's totals must be the ledger's.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from os import environ  # noqa: TID251 - a composition root
from pathlib import Path
from typing import Annotated, Final

import typer

from bench.killer import Killer
from bench.machine import machine
from bench.usage import CONSUMERS, Books, Traffic
from events.envelope import CloudEvent
from functions.ingestion.manifest import API
from local.embedded.client import Client
from local.embedded.cloud import Cloud, http
from local.embedded.emulator_env import emulator_python
from local.embedded.emulator_faults import PATH as FAULTS
from local.embedded.ministack import running_ministack
from local.embedded.polling import wait_until
from local.embedded.stack import Stack, deploy_stack
from runtime.clock import SystemClock
from runtime.manifest import VISIBILITY_FACTOR, Consumer

TARGETS: Final = (API.function.name, *(consumer.name for consumer in CONSUMERS))
#: The emulator looks at all of a queue for each message: what waits is kept short.
_LONGEST_BACKLOG: Final = 4_000

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One run. `pause` are the seconds between kills on average; they are more while a batch is not accepted.

    `faults` is the share of the functions' calls that fail, `again` that of the batches that are sent twice.
    `timeout` shortens the consumers' time limits, and with them how long a killed batch stays invisible.
    `patience` are the seconds that any one step may take.
    """

    events: int
    pause: float = 2.0
    faults: float = 0.0
    again: float = 0.05
    timeout: int | None = None
    concurrency: int = 4
    patience: int = 1_800
    seed: int = 1


@dataclass(kw_only=True)
class Result:
    """What came of it. For `lost`, `strange`, `unexplained` and `wrong_totals` see Books: all must be 0."""

    events: int
    booked: int = 0
    lost: int = 0
    strange: int = 0
    unexplained: int = 0
    wrong_totals: int = 0
    dead_letters: Mapping[str, int] = field(default_factory=dict)
    requests: int = 0
    refused_requests: int = 0
    events_sent_again: int = 0
    kills: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, int] = field(default_factory=dict)
    seconds_sending: float = 0
    seconds_draining: float = 0

    @property
    def is_exact(self) -> bool:
        return not (self.lost or self.strange or self.unexplained or self.wrong_totals)

    def figures(self) -> dict[str, object]:
        seconds = self.seconds_sending + self.seconds_draining
        return {
            **asdict(self),
            "events_per_second": round(self.events / seconds, 1),
            "is_exact": self.is_exact,
            "machine": machine(f"{SystemClock().now():%Y-%m-%d}"),
        }


def run(settings: Settings, say: Say) -> Result:
    """The whole of it, on an emulator of its own. Raises DeadlinePassed when the queues do not drain."""
    faults = f"{settings.faults} {settings.seed}" if settings.faults else ""
    with running_ministack(emulator_python(say), faults=faults) as url:
        stack = deploy_stack(Cloud(url), clean(environ), say, is_ours=True)
        tune(stack, settings)
        return KillRun(stack, settings, say).perform()


def clean(variables: Mapping[str, str]) -> dict[str, str]:
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
        self._traffic = Traffic(settings.events, datetime.now(UTC), settings.seed)  # noqa: TID251 - usage is of today
        self._result = Result(events=settings.events)
        self._chance = random.Random(settings.seed)  # noqa: S311 - a schedule, not a secret

    def perform(self) -> Result:
        started = time.monotonic()
        self._send_all()
        self._result.seconds_sending = round(time.monotonic() - started, 1)
        self._drain()
        self._result.seconds_draining = round(time.monotonic() - started - self._result.seconds_sending, 1)
        self._judge(Books(self._stack, self._traffic))
        return self._result

    def _send_all(self) -> None:
        targets = [self._stack.function_name(name) for name in TARGETS]
        with Killer(targets, pause=self._settings.pause, seed=self._settings.seed) as killer:
            for batch in self._traffic.batches():
                self._wait(lambda: self._stack.backlog() < _LONGEST_BACKLOG, "the backlog is short")
                self._send(batch, killer)
                if self._chance.random() < self._settings.again:
                    self._send(batch, killer)
                self._result.events_sent_again -= len(batch)
                self._report(batch[-1].id, killer)
        self._result.kills = dict(killer.kills)

    def _send(self, batch: Sequence[CloudEvent], killer: Killer) -> None:
        """Until all of it is accepted: so kills get rarer while it is not, however slowly functions start here."""
        started = time.monotonic()

        def is_accepted() -> bool:
            killer.pause = max(self._settings.pause, (time.monotonic() - started) / 2)
            return self._is_accepted(batch)

        self._wait(is_accepted, "a batch is accepted")

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
            f"{last} sent, {backlog:,} under way, {kills} kills, {self._result.refused_requests} refused requests"
        )

    def _drain(self) -> None:
        """Nothing waits, nothing is in flight, nothing is put off, twice in a row."""
        for _ in range(2):
            self._wait(lambda: self._stack.backlog() == 0, "the queues are empty", every=2)

    def _wait(self, probe: Callable[[], object], what: str, *, every: float = 0.2) -> None:
        wait_until(probe, what=what, timeout=self._settings.patience, interval=every)

    def _judge(self, books: Books) -> None:
        result = self._result
        result.booked = len(books.ledger)
        result.lost = books.lost
        result.strange = books.strange
        result.unexplained = books.unexplained
        result.wrong_totals = books.wrong_totals
        result.dead_letters = dict(books.reasons)
        result.faults = http("GET", f"{self._stack.cloud.endpoint}{FAULTS}").json() if self._settings.faults else {}


def main(
    events: int = 100_000,
    faults: Annotated[float, typer.Option(help="the share of the functions' calls that fail")] = 0.01,
    pause: Annotated[float, typer.Option(help="seconds between kills, on average")] = 2.0,
    timeout: Annotated[int | None, typer.Option(help="the consumers' time limit, if not their manifests'")] = None,
    seed: int = 1,
    out: Annotated[Path | None, typer.Option(help="where to write the result as JSON, too")] = None,
) -> None:
    """Exits with 0 when the totals are exact."""
    settings = Settings(events=events, faults=faults, pause=pause, timeout=timeout, seed=seed)
    result = run(settings, lambda line: print(line, flush=True))
    text = json.dumps(result.figures(), indent=2)
    print(text)
    if out:
        out.write_text(text + "\n")
    raise typer.Exit(0 if result.is_exact else 1)


if __name__ == "__main__":
    typer.run(main)
