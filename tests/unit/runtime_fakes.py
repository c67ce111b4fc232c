"""Fakes of what the runtime stands on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from events.binding import Entry
from events.envelope import CloudEvent
from events.versions import version_of
from runtime.claim_check import MemoryClaimChecks
from runtime.errors import DependencyUnavailable, TransientError
from runtime.publisher import EntryResult, Publisher
from tests.unit.event_builders import known_events


@dataclass
class FakeClock:
    time: datetime = datetime(2026, 6, 1, 12, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


@dataclass
class FakeBus:
    """Accepts all, unless `script` says otherwise: by event id, the error codes of its next sends.

    `by_version` says the same by the event's version.
    """

    script: dict[str, list[str]] = field(default_factory=dict)
    by_version: dict[int, list[str]] = field(default_factory=dict)
    outages: int = 0
    unavailable: bool = False
    calls: list[list[Entry]] = field(default_factory=list)

    def put(self, entries: Sequence[Entry]) -> Sequence[EntryResult]:
        self.calls.append(list(entries))
        if self.unavailable:
            raise DependencyUnavailable("the bus is down")
        if self.outages:
            self.outages -= 1
            raise TransientError("the bus is away")
        return [self._result(events_of(entry)) for entry in entries]

    def _result(self, events: Sequence[CloudEvent]) -> EntryResult:
        """An entry is taken whole, or not."""
        scripts = (self.script.get(event.id) or self.by_version.get(version_of(event)) for event in events)
        codes = next(filter(None, scripts), None)
        return EntryResult(codes.pop(0), "said AWS") if codes else EntryResult()


def events_of(entry: Entry) -> list[CloudEvent]:
    envelope = {"source": entry["Source"], "detail-type": entry["DetailType"], "detail": json.loads(entry["Detail"])}
    return known_events(json.dumps(envelope))


@dataclass
class FakeQueue:
    dead: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    delays: dict[str, int] = field(default_factory=dict)
    deferred: list[tuple[str, Mapping[str, str], int]] = field(default_factory=list)
    broken: bool = False
    on_call: Callable[[], None] = lambda: None

    def dead_letter(self, body: str, attributes: Mapping[str, str]) -> None:
        self._called()
        self.dead.append((body, attributes))

    def delay(self, receipt_handle: str, seconds: int) -> None:
        self._called()
        self.delays[receipt_handle] = seconds

    def defer(self, body: str, attributes: Mapping[str, str], seconds: int) -> None:
        self._called()
        self.deferred.append((body, attributes, seconds))

    def _called(self) -> None:
        self.on_call()
        if self.broken:
            raise TransientError("the queue is away")


class AwayClaims(MemoryClaimChecks):
    """A bucket that cannot be reached."""

    def put(self, key: str, content: bytes, *, media_type: str) -> None:
        raise DependencyUnavailable("S3: the bucket is away")

    def get(self, key: str) -> bytes:
        raise DependencyUnavailable("S3: the bucket is away")


@dataclass
class FakeContext:
    remaining: int = 30_000

    def spend(self, millis: int) -> None:
        self.remaining -= millis

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining


def publisher(bus: FakeBus, **options: Any) -> Publisher:
    return Publisher(bus, "bus", FakeClock(), jitter=lambda _, most: most, **options)


def sqs_record(body: str | CloudEvent, *, id_: str = "m-1", tries: int = 1) -> dict[str, Any]:
    return {
        "messageId": id_,
        "receiptHandle": f"r-{id_}",
        "body": body if isinstance(body, str) else body.to_json(),
        "attributes": {
            "ApproximateReceiveCount": str(tries),
            "SentTimestamp": "1780000000000",
            "ApproximateFirstReceiveTimestamp": "1780000000000",
        },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:q",
        "awsRegion": "us-east-1",
    }


def message_attributes(attributes: Mapping[str, str]) -> dict[str, Any]:
    """As Lambda shows them to a function."""
    return {name: {"stringValue": value, "dataType": "String"} for name, value in attributes.items()}
