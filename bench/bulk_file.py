"""`python -m bench.bulk_file`: a 1 GB file of usage, ingested by a process that is killed three times.

The file is put into the embedded emulator's S3, and the checkpoints into its DynamoDB; with --local they are files of
this machine. The ingestion is the real one. Events go to a sink that keeps what it gets by identity, on disk, so that
a killed process loses none of it. The figures are exact when the sink holds each distinct record once, with its
quantity, and the file's result counts every line.
"""

from __future__ import annotations

import json
import os
import platform
import random
import signal
import struct
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from os import environ  # noqa: TID251 - a composition root
from pathlib import Path
from typing import Annotated, Any, Final

import boto3
import typer

from events.binding import Entry
from events.catalog import IngestionUsageRecorded
from events.envelope import CloudEvent, derived_id
from functions.ingestion.adapters.dynamodb import DynamoDbCheckpoints
from functions.ingestion.adapters.s3 import S3Files
from functions.ingestion.bulk import FileIngestion
from functions.ingestion.ports import Checkpoints, FileRef, FileStore, Progress
from functions.ingestion.results import result_key
from local.embedded.stack import endpoint
from local.memory.s3 import OBJECT_CREATED, SOURCE, object_created
from runtime.aws import client
from runtime.clock import SystemClock
from runtime.errors import TransientError
from runtime.publisher import EntryResult, Publisher

#: Every so many lines, one is sent twice, and one is bad.
REPEATED, BAD = 500, 1_000

_KEY: Final = "incoming/usage.ndjson"
_BUCKET: Final = "bench-files"
_TABLE: Final = "bench-checkpoints"
_PRODUCER: Final = "metering"
#: Short, so that there are many invocations and not only those that follow a kill.
_SECONDS: Final = 60
_POLL_SECONDS: Final = 0.02
_SLOT: Final = struct.Struct("<I")


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is in the file."""

    bytes: int
    lines: int
    good: int
    distinct: int
    total: int


def quantity_of(number: int) -> int:
    return number * 7_919 % 1_000 + 1


def line_of(number: int) -> bytes:
    data = {"customer_id": f"cus_{number % 10_000}", "meter": "api_calls", "quantity": quantity_of(number)}
    data["used_at"] = "2026-05-20T14:30:00Z"
    members = {"specversion": "1.0", "id": f"u-{number}", "source": _PRODUCER, "type": "partner.usage.reported"}
    members |= {"time": "2026-05-20T14:30:01Z", "datacontenttype": "application/json"}
    return json.dumps({**members, "data": data}).encode() + b"\n"


def generate(path: Path, size: int) -> Truth:
    """A file of at least `size` bytes, written as a stream."""
    written = lines = good = number = total = 0
    with path.open("wb") as file:
        while written < size:
            text, times = line_of(number), 1 + (number % REPEATED == 0)
            bad = b"{nonsense\n" if number % BAD == 0 else b""
            written += file.write(text * times + bad)
            lines, good, total = lines + times + bool(bad), good + times, total + quantity_of(number)
            number += 1
    return Truth(bytes=written, lines=lines, good=good, distinct=number, total=total)


class Sink:
    """A runtime.publisher.EventBus that books each identity once, in a file: 4 bytes for each record's quantity."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT)
        self._log = os.open(path.with_suffix(".log"), os.O_RDWR | os.O_CREAT | os.O_APPEND)

    def put(self, entries: Sequence[Entry]) -> Sequence[EntryResult]:
        for entry in entries:
            self._book(json.loads(entry["Detail"]))
        os.write(self._log, bytes(len(entries)))
        return [EntryResult()] * len(entries)

    def _book(self, event: dict[str, Any]) -> None:
        cause, quantity = event["causationid"], event["data"]["quantity"]
        if event["id"] != derived_id(_PRODUCER, cause, IngestionUsageRecorded.type, 0):
            raise AssertionError(f"{event['id']} is not derived from {cause}")
        place = int(cause.removeprefix("u-")) * _SLOT.size
        there = os.pread(self._file, _SLOT.size, place)
        if there and _SLOT.unpack(there)[0] not in (0, quantity):
            raise AssertionError(f"{cause} came with another quantity before")
        os.pwrite(self._file, _SLOT.pack(quantity), place)

    @property
    def deliveries(self) -> int:
        return os.fstat(self._log).st_size

    def booked(self) -> tuple[int, int]:
        """How many identities, and the sum of their quantities."""
        held = os.pread(self._file, os.fstat(self._file).st_size, 0)
        quantities = [quantity for (quantity,) in _SLOT.iter_unpack(held) if quantity]
        return len(quantities), sum(quantities)


class LocalFiles:
    """A FileStore on a directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, file: FileRef, start: int, size: int) -> bytes:
        with (self._root / file.key).open("rb") as stream:
            stream.seek(start)
            return stream.read(size)

    def put(self, _: str, key: str, body: bytes) -> None:
        path = self._root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


class LocalCheckpoints:
    """One file's Checkpoints in a file that is replaced in one step. One process at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, _: FileRef) -> Progress:
        if not self._path.exists():
            return Progress()
        saved = json.loads(self._path.read_text())
        return Progress(**{**saved, "columns": tuple(saved["columns"])})

    def save(self, _: FileRef, progress: Progress) -> None:
        draft = self._path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(progress)))
        draft.replace(self._path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one run keeps what it needs. A child process finds the rest in its environment."""

    root: Path
    local: bool

    @property
    def sink(self) -> Sink:
        return Sink(self.root / "sink")

    @property
    def files(self) -> FileStore:
        return LocalFiles(self.root) if self.local else S3Files(client("s3"))

    @property
    def checkpoints(self) -> Checkpoints:
        if self.local:
            return LocalCheckpoints(self.root / "checkpoint.json")
        return DynamoDbCheckpoints(client("dynamodb"), _TABLE, SystemClock())


def work(place: Place, file: FileRef) -> None:
    """What the child does: one invocation after the other, until the file is done."""
    clock = SystemClock()
    ingestion = FileIngestion(
        files=place.files,
        checkpoints=place.checkpoints,
        publish=Publisher(place.sink, "bench", clock).publish,
        clock=clock,
        seconds=_SECONDS,
    )
    members = {"specversion": "1.0", "id": "s3-1", "source": SOURCE, "type": OBJECT_CREATED}
    news = CloudEvent.parse({**members, "data": object_created(file, size=0)})
    while True:
        try:
            ingestion.handle(news)
        except TransientError:  # the queue would bring the message again
            continue
        return


@contextmanager
def uploaded(root: Path, *, local: bool) -> Iterator[FileRef]:
    """The generated file where the ingestion finds it."""
    if local:
        yield FileRef(bucket=_BUCKET, key=_KEY, etag="local")
        return
    with endpoint({}, lambda text: print(text, file=sys.stderr)) as (cloud, _):
        environ.update(cloud.environment())
        boto3.setup_default_session()
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket=_BUCKET)
        s3.upload_file(str(root / _KEY), _BUCKET, _KEY)
        cloud.client("dynamodb").create_table(
            TableName=_TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "file", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "file", "AttributeType": "S"}],
        )
        yield FileRef(bucket=_BUCKET, key=_KEY, etag=s3.head_object(Bucket=_BUCKET, Key=_KEY)["ETag"].strip('"'))


def run_killed(place: Place, file: FileRef, kills: Sequence[int]) -> int:
    """Run the child to its end, killing it each time when so many events were delivered; its largest RSS in KiB."""
    left, largest = sorted(kills), 0
    while True:
        child = _started(place, file)
        killed = bool(left) and _reaches(child, place.sink, left[0])
        if killed:
            os.kill(child, signal.SIGKILL)
            left.pop(0)
        _, status, usage = os.wait4(child, 0)
        largest = max(largest, usage.ru_maxrss)
        if not killed:
            if status:
                sys.exit(f"the ingestion ended with {os.waitstatus_to_exitcode(status)}")
            return largest


def _started(place: Place, file: FileRef) -> int:
    """The child's process id. Not a Popen: that would reap it, and its RSS would be lost."""
    told = ["--child", json.dumps(asdict(file)), "--root", str(place.root), *(["--local"] if place.local else [])]
    return os.posix_spawn(sys.executable, [sys.executable, "-m", "bench.bulk_file", *told], dict(environ))


def _reaches(child: int, sink: Sink, deliveries: int) -> bool:
    """Waits until so many events were delivered. False when the child ended before."""
    while sink.deliveries < deliveries:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return False
        time.sleep(_POLL_SECONDS)
    return True


def measure(root: Path, *, size: int, kills: int, seed: int, local: bool) -> dict[str, Any]:
    (root / _KEY).parent.mkdir(parents=True)
    truth = generate(root / _KEY, size)
    place, dice = Place(root=root, local=local), random.Random(seed)  # noqa: S311 - to be thrown again
    moments = [dice.randrange(truth.good) for _ in range(kills)]
    with uploaded(root, local=local) as file:
        started = time.perf_counter()
        largest = run_killed(place, file, moments)
        seconds = time.perf_counter() - started
        result = json.loads(place.files.read(_answer(file), 0, 2**20))
    distinct, total = place.sink.booked()
    counted = (result["accepted"], result["rejected"], result["lines"], result["bytes"])
    told = (truth.good, truth.lines - truth.good, truth.lines, truth.bytes)
    return {
        "scenario": "bulk_file",
        "storage": "local files" if local else "embedded S3 and DynamoDB",
        **asdict(truth),
        "booked": distinct,
        "booked_total": total,
        "killed_after_events": sorted(moments),
        "delivered": place.sink.deliveries,
        "exact": (distinct, total) == (truth.distinct, truth.total) and counted == told and result["complete"],
        "max_rss_mib": round(largest / 1024, 1),
        "seconds": round(seconds, 1),
        "lines_per_second": round(truth.lines / seconds),
        "machine": {"python": platform.python_version(), "cpu": platform.machine(), "cores": os.cpu_count()},
    }


def _answer(file: FileRef) -> FileRef:
    key = result_key(file)
    if file.etag == "local":
        return FileRef(bucket=file.bucket, key=key, etag="local")
    etag = client("s3").head_object(Bucket=file.bucket, Key=key)["ETag"].strip('"')
    return FileRef(bucket=file.bucket, key=key, etag=etag)


def main(
    gigabytes: float = 1.0,
    kills: int = 3,
    seed: int = 1,
    local: Annotated[bool, typer.Option("--local")] = False,
    child: Annotated[str, typer.Option(hidden=True)] = "",
    root: Annotated[
        Path | None, typer.Option(help="Where the file goes; a directory that is emptied by default.")
    ] = None,
) -> None:
    if child and root:
        work(Place(root=root, local=local), FileRef(**json.loads(child)))
        return
    with tempfile.TemporaryDirectory(dir=root) as fresh:
        size = round(gigabytes * 10**9)
        figures = measure(Path(fresh), size=size, kills=kills, seed=seed, local=local)
    print(json.dumps(figures, indent=2))
    raise typer.Exit(0 if figures["exact"] else 1)


if __name__ == "__main__":
    typer.run(main)
