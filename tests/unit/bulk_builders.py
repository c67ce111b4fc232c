"""Bulk ingestion on fakes: a bucket, checkpoints, a bus that counts, and a clock that tests own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from events.envelope import CloudEvent
from functions.ingestion.adapters.memory import MemoryCheckpoints, MemoryFiles
from functions.ingestion.bulk import FileIngestion
from functions.ingestion.ports import FileRef
from local.memory.s3 import OBJECT_CREATED, SOURCE, object_created
from runtime.errors import Unfinished
from runtime.outcome import Outcome
from tests.unit.runtime_fakes import FakeBus, FakeClock, publisher

HEADER = "source,id,customer_id,meter,quantity,used_at"


def row(n: int, quantity: object = 1) -> str:
    return f"metering,u-{n},cus_1,api_calls,{quantity},2026-05-20T14:30:00Z"


def csv(*rows: str) -> bytes:
    return "".join(f"{line}\n" for line in (HEADER, *rows)).encode()


def rows(count: int) -> bytes:
    return csv(*(row(n) for n in range(1, count + 1)))


def news_of(file: FileRef, **changes: Any) -> CloudEvent:
    """As the consumer makes it of what S3 sends."""
    members = {"specversion": "1.0", "id": "s3-1", "source": SOURCE, "type": OBJECT_CREATED}
    return CloudEvent.parse({**members, "data": object_created(file, size=1) | changes})


@dataclass
class Bulk:
    """`seconds` is what an invocation has; `call` is what the clock does at each PutEvents call."""

    seconds: float = 240
    call: Callable[[], None] = lambda: None
    files: MemoryFiles = field(default_factory=MemoryFiles)
    checkpoints: MemoryCheckpoints = field(default_factory=MemoryCheckpoints)
    bus: FakeBus = field(default_factory=FakeBus)
    clock: FakeClock = field(default_factory=FakeClock)
    published: list[Sequence[CloudEvent]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.publisher = publisher(self.bus)
        self.ingestion = FileIngestion(
            files=self.files,
            checkpoints=self.checkpoints,
            publish=self._publish,
            clock=self.clock,
            seconds=self.seconds,
        )

    def _publish(self, events: Sequence[CloudEvent]) -> Any:
        self.call()
        self.published.append(events)
        return self.publisher.publish(events)

    def upload(self, body: bytes, name: str = "usage.csv") -> FileRef:
        return self.files.upload(f"incoming/{name}", body)

    def ingest(self, file: FileRef) -> Outcome:
        return self.ingestion.handle(news_of(file))

    def ingest_all(self, file: FileRef) -> int:
        """Invoke until it is done; how often that was."""
        for times in range(1, 1000):
            try:
                self.ingest(file)
            except Unfinished:
                continue
            return times
        raise AssertionError("it never ends")

    @property
    def sent(self) -> list[dict[str, Any]]:
        return [json.loads(entry["Detail"]) for call in self.bus.calls for entry in call]

    @property
    def totals(self) -> Counter[str]:
        """Usage as a ledger would have it: each identity once."""
        usage = {event["id"]: event["data"] for event in self.sent}
        counted = Counter[str]()
        for data in usage.values():
            counted[data["meter"]] += data["quantity"]
        return counted

    def result(self, name: str = "usage.csv") -> dict[str, Any]:
        return dict(json.loads(self.files.objects[f"results/{name}.json"]))

    def rejects(self, name: str = "usage.csv") -> list[dict[str, Any]]:
        """What is in the reject files that the result names."""
        files = [self.files.objects[key] for key in self.result(name)["reject_files"]]
        return [json.loads(line) for file in files for line in file.splitlines()]
