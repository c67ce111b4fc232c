"""A console that serves a stage on moto: its dead letters, its log lines, and a clock that does not wait."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import boto3
from moto import mock_aws

from events.envelope import CloudEvent
from local.embedded.polling import wait_until
from ops.console.access import Access
from ops.console.console import Console
from ops.console.inquiry import Inquiry
from ops.console.server import address, listening, server
from ops.console.serving import access_to, console_at
from ops.letters.desk import Desk
from ops.logs.sources import log_source
from ops.logs.window import Window
from ops.metrics import Point, Query, Series
from ops.metrics import Window as Span
from ops.story.gathering import Investigation
from ops.story.story import Choices, Story
from ops.story.telling import Question
from runtime.clock import SystemClock
from tests.contract.letters_stage import StageOfLetters, new_id

_STREAM = "2026/06/01/[$LATEST]1"


class Hurried(SystemClock):
    """The machine's time, but for what somebody has slept: that is over at once."""

    def __init__(self) -> None:
        self._slept = timedelta()

    def now(self) -> datetime:
        return super().now() + self._slept

    def sleep(self, seconds: float) -> None:
        self._slept += timedelta(seconds=seconds)


class Steady:
    """Metrics that are always the same."""

    def series(self, queries: Any, window: Span) -> list[Series]:
        return [_steady(query, window) for query in queries]


def _steady(query: Query, window: Span) -> Series:
    value = {"Sum": 12.0, "p50": 41.0, "p95": 180.0, "p99": 350.0}[query.statistic]
    return Series(query=query, points=tuple(Point(at, value) for at in window.times()))


class ServedStage(StageOfLetters):
    """The stage, and the console's address."""

    def __init__(self) -> None:
        super().__init__()
        self.logs = boto3.client("logs")
        self.listener = listening("127.0.0.1", 0)
        self.access = access_to(self.listener)
        self.console = self._console(self.desk(clock=Hurried()), self.access)

    @property
    def home(self) -> str:
        return f"http://127.0.0.1:{self.access.port}"

    @property
    def address(self) -> str:
        return address(self.access, "127.0.0.1")

    def write(self, function: str, *, ago: float = 1.0, **members: Any) -> None:
        """A function's line, of so many seconds ago."""
        group = self.target.log_groups[function]
        if not self.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            self.logs.create_log_group(logGroupName=group)
            self.logs.create_log_stream(logGroupName=group, logStreamName=_STREAM)
        at = self.console.desk.clock.now() - timedelta(seconds=ago)
        entry = {"timestamp": round(at.timestamp() * 1000), "message": json.dumps(members)}
        self.logs.put_log_events(logGroupName=group, logStreamName=_STREAM, logEvents=[entry])

    def handle(self, event: CloudEvent, consumer: str, *, ago: float = 1.0, **changes: Any) -> None:
        """A consumer's line about an event."""
        data = event.data if isinstance(event.data, dict) else {}
        base = {
            "message": "handled",
            "consumer": consumer,
            "outcome": "handled",
            "event_id": event.id,
            "event_source": event.source,
            "event_type": event.type,
            "correlation_id": event.correlation_id,
            "attempts": 1,
            "duration_ms": 20.0,
            "age_ms": 30.0,
            **{name: data[name] for name in ("customer_id", "invoice_id") if name in data},
        }
        self.write(consumer, ago=ago, **base | changes)

    @contextmanager
    def looked_at(self) -> Iterator[tuple[str, str]]:
        """Another console of the same stage, which is read-only: its home, and the address that lets in."""
        listener = listening("127.0.0.1", 0)
        access = access_to(listener, read_only=True)
        with running(self._console(self.console.desk, access), listener):
            yield f"http://127.0.0.1:{access.port}", address(access, "127.0.0.1")

    def _console(self, desk: Desk, access: Access) -> Console:
        target = replace(desk.target, clients=self.target.clients)
        made = console_at(replace(desk, target=target), access, new_id=new_id)
        return replace(made, inquiry=Inquiry(ask=self._ask), metrics=Steady())

    def _ask(self, question: Question, past: timedelta) -> Story | Choices:
        """With plain reads of logs: moto's Insights answer nothing."""
        clock = self.console.desk.clock
        now = clock.now()
        return Investigation(
            target=self.target,
            logs=log_source(self.target, clock, "filter"),
            clock=clock,
            window=Window(start=now - past, end=now),
        ).answer(question)


@contextmanager
def served() -> Iterator[ServedStage]:
    with mock_aws():
        stage = ServedStage()
        with running(stage.console, stage.listener):
            yield stage


@contextmanager
def running(console: Console, listener: socket.socket) -> Iterator[None]:
    serving = server(console)
    thread = threading.Thread(target=lambda: serving.run(sockets=[listener]), name="console")
    thread.start()
    try:
        wait_until(lambda: serving.started, what="the console serves", timeout=30)
        yield
    finally:
        serving.should_exit = True
        thread.join(30)
