"""Bulk ingestion: a file is worked through line by line, section by section, over as many invocations as it takes.

Where a section ends follows from the file's bytes alone. So one that is done again (after a crash, or by two
invocations at a time) sends the same events under the same ids, and writes the same reject file once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from events.envelope import CloudEvent, InvalidEvent, Problem, problems_in
from functions.ingestion.domain import normalised
from functions.ingestion.manifest import INCOMING
from functions.ingestion.ports import Checkpoints, FileRef, FileStore, Progress
from functions.ingestion.readers import MAX_FILE_BYTES, Line, bounded, gunzipped, lines, skipped
from functions.ingestion.records import CsvRecords, NdjsonRecords, NoHeader, Records
from functions.ingestion.results import reject_key, rejection, result, result_key
from runtime.clock import Clock
from runtime.errors import BreakwaterError, OutOfTime, TransientError, Unfinished, UnreadableMessage
from runtime.outcome import Outcome

#: A section ends with the line that reaches either. What it rejects is in memory until then.
SECTION_LINES: Final = 5_000
SECTION_BYTES: Final = 4 * 1024**2

#: Read at a time.
CHUNK_BYTES: Final = 1024**2
#: Published at a time: so many events, or events of lines with so many bytes.
BATCH: Final = 100
BATCH_BYTES: Final = 1_000_000

_MAX_KEY_BYTES: Final = 900
_PACKED: Final = ".gz"
_FORMATS: Final[Mapping[str, Callable[[tuple[str, ...]], Records]]] = {
    ".csv": CsvRecords,
    ".jsonl": lambda _: NdjsonRecords(),
    ".ndjson": lambda _: NdjsonRecords(),
}

#: Sends the events; what could not be sent is in the answer, by its place: Publisher.publish.
Publish = Callable[[Sequence[CloudEvent]], Mapping[int, BreakwaterError]]


def _not_too_long(key: str) -> str:
    """Its reject files have longer names, and S3 takes 1,024 bytes."""
    if len(key.encode()) > _MAX_KEY_BYTES:
        raise ValueError(f"must have at most {_MAX_KEY_BYTES} bytes: the names of its reject files are longer")
    return key


class _Bucket(BaseModel):
    name: str


class _Object(BaseModel):
    key: Annotated[str, Field(pattern=f"^{INCOMING}."), AfterValidator(_not_too_long)]
    etag: str
    version: Annotated[str | None, Field(alias="version-id")] = None


class _ObjectCreated(BaseModel):
    bucket: _Bucket
    object: _Object


def file_in(event: CloudEvent) -> FileRef:
    """The file that S3 tells of. Raises UnreadableMessage."""
    try:
        told = _ObjectCreated.model_validate(event.data)
    except ValidationError as error:
        raise UnreadableMessage(problems_in(error, under="data")) from error
    return FileRef(bucket=told.bucket.name, key=told.object.key, etag=told.object.etag, version=told.object.version)


@dataclass(slots=True, kw_only=True)
class _Section:
    """What becomes of the lines from one checkpoint to the next."""

    start: Progress
    records: Records
    now: datetime
    pending: list[tuple[Line, CloudEvent]] = field(default_factory=list)
    waiting: int = 0
    rejects: list[tuple[int, bytes]] = field(default_factory=list)
    accepted: int = 0
    line: int = 0
    end: int = 0
    count: int = 0
    ended: bool = False
    broken: bool = False

    def __post_init__(self) -> None:
        self.line, self.end = self.start.line, self.start.offset

    @property
    def full(self) -> bool:
        return self.ended or self.count >= SECTION_LINES or self.end - self.start.offset >= SECTION_BYTES

    @property
    def has_enough(self) -> bool:
        """To be published."""
        return len(self.pending) >= BATCH or self.waiting >= BATCH_BYTES

    def sent(self) -> None:
        self.pending.clear()
        self.waiting = 0

    @property
    def reached(self) -> Progress:
        return replace(
            self.start,
            part=self.start.part + 1,
            offset=self.end,
            line=self.line,
            accepted=self.start.accepted + self.accepted,
            rejected=self.start.rejected + len(self.rejects),
            reject_files=self.start.reject_files + bool(self.rejects),
            columns=self.records.columns,
            finished=self.ended,
        )

    def take(self, line: Line) -> None:
        self.line, self.end = line.number, line.end
        if line.text or line.problem:
            self.count += 1
            self._read(line)

    def _read(self, line: Line) -> None:
        try:
            event = _event_in(line, self.records)
            if event is not None:
                self.pending.append((line, normalised(event, self.now)))
                self.waiting += len(line.text)
        except InvalidEvent as error:
            self.reject(line, error.problems)
            self.broken = self.ended = line.last or isinstance(error, NoHeader)

    def reject(self, line: Line, problems: Sequence[Problem]) -> None:
        self.rejects.append((line.number, rejection(line, problems)))


def _event_in(line: Line, records: Records) -> CloudEvent | None:
    if line.problem:
        raise InvalidEvent([Problem("file" if line.last else "line", line.problem)])
    return records.event(line.text)


class FileIngestion:
    """The file consumer's callable. It works on one file for up to `seconds`, and keeps no state of its own."""

    def __init__(
        self, *, files: FileStore, checkpoints: Checkpoints, publish: Publish, clock: Clock, seconds: float
    ) -> None:
        self._files = files
        self._checkpoints = checkpoints
        self._publish = publish
        self._clock = clock
        self._seconds = seconds

    def handle(self, event: CloudEvent) -> Outcome:
        """Work through the file, from its checkpoint on, to its end.

        Raises Unfinished as long as it gets anywhere, whatever stops it; else the TransientError that did. Raises
        FileGone, and UnreadableMessage for what is no news of a file. What is wrong with a file is in its result.
        """
        file = file_in(event)
        start = reached = self._checkpoints.find(file)
        if start.finished:
            return Outcome(duplicate=True)
        try:
            for progress in self._sections(file, start):
                reached = progress
        except TransientError as error:
            if reached.part == start.part:
                raise
            raise Unfinished(f"{file.key}: done up to line {reached.line}; then: {error}") from error
        return Outcome()

    def _sections(self, file: FileRef, progress: Progress) -> Iterator[Progress]:
        """Each checkpoint as it is reached."""
        stop = self._clock.now() + timedelta(seconds=self._seconds)
        records = _records_of(file, progress)
        unread = self._lines(file, progress, stop)
        while not progress.finished:
            section = _Section(start=progress, records=records, now=self._clock.now())
            self._work(section, unread, stop)
            progress = self._settle(file, section)
            yield progress

    def _lines(self, file: FileRef, progress: Progress, stop: datetime) -> Iterator[Line]:
        if file.key.lower().endswith(_PACKED):
            chunks = skipped(bounded(gunzipped(self._chunks(file, 0, stop))), progress.offset)
        else:
            chunks = bounded(self._chunks(file, progress.offset, stop), MAX_FILE_BYTES - progress.offset)
        return lines(chunks, number=progress.line, offset=progress.offset)

    def _chunks(self, file: FileRef, start: int, stop: datetime) -> Iterator[bytes]:
        self._refuse_after(stop)
        while chunk := self._files.read(file, start, CHUNK_BYTES):
            yield chunk
            start += len(chunk)
            self._refuse_after(stop)

    def _work(self, section: _Section, unread: Iterator[Line], stop: datetime) -> None:
        for line in unread:
            section.take(line)
            if section.has_enough:
                self._send(section, stop)
            if section.full:
                break
        else:
            section.ended = True
        self._send(section, stop)

    def _send(self, section: _Section, stop: datetime) -> None:
        self._refuse_after(stop)
        failures = self._publish([event for _, event in section.pending])
        for error in failures.values():
            if isinstance(error, TransientError):
                raise error
        for place, (line, _) in enumerate(section.pending):
            refusal = failures.get(place)
            if refusal is None:
                section.accepted += 1
            else:
                section.reject(line, [Problem("event", str(refusal))])
        section.sent()

    def _settle(self, file: FileRef, section: _Section) -> Progress:
        """Answers first: once the checkpoint is written, nobody comes back for them."""
        reached = section.reached
        if section.rejects:
            rejected = b"".join(text for _, text in sorted(section.rejects))
            self._files.put(file.bucket, reject_key(file, reached.reject_files), rejected)
        if reached.finished:
            self._files.put(file.bucket, result_key(file), result(file, reached, complete=not section.broken))
        self._checkpoints.save(file, reached)
        return reached

    def _refuse_after(self, stop: datetime) -> None:
        if self._clock.now() >= stop:
            raise OutOfTime("the invocation's time for this file is over")


def _records_of(file: FileRef, progress: Progress) -> Records:
    name = file.key.lower().removesuffix(_PACKED)
    make = next((make for suffix, make in _FORMATS.items() if name.endswith(suffix)), None)
    return make(progress.columns) if make else _Unknown()


class _Unknown:
    """A file whose name does not say what is in it."""

    columns: tuple[str, ...] = ()

    def event(self, _: bytes) -> CloudEvent | None:
        known = ", ".join(f"{suffix}[{_PACKED}]" for suffix in _FORMATS)
        raise NoHeader([Problem("file", f"its name must say what is in it, by one of these ends: {known}")])
