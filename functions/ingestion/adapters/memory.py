"""Ingestion without AWS."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

from events.envelope import CloudEvent
from functions.ingestion.adapters.messages import messages
from functions.ingestion.ports import FileGone, FileRef, Progress
from runtime.claim_check import ClaimChecks
from runtime.errors import InFlightElsewhere, TransientError


class MemoryIntake:
    """Hands each message's body to `deliver`, which raises TransientError for what it does not take."""

    def __init__(self, claims: ClaimChecks, deliver: Callable[[str], None] | None = None) -> None:
        self.bodies: list[str] = []
        self._claims = claims
        self._deliver = deliver or self.bodies.append

    def put(self, events: Sequence[CloudEvent]) -> Mapping[int, str]:
        queued, failures = messages(events, self._claims)
        for message in queued:
            try:
                self._deliver(message.body)
            except TransientError as error:
                failures |= dict.fromkeys(message.places, str(error))
        return failures


class MemoryFiles:
    """One bucket with versions. `objects` are the latest ones, by key."""

    def __init__(self, bucket: str = "files") -> None:
        self.objects: dict[str, bytes] = {}
        self._bucket = bucket
        self._versions: dict[tuple[str, str, str], bytes] = {}

    def upload(self, key: str, body: bytes) -> FileRef:
        """What others do: the new version."""
        etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
        file = FileRef(bucket=self._bucket, key=key, etag=etag, version=f"v{len(self._versions) + 1}")
        self._versions[self._bucket, key, file.revision] = body
        self.objects[key] = body
        return file

    def delete(self, file: FileRef) -> None:
        """The version, for good."""
        del self._versions[file.bucket, file.key, file.revision]

    def read(self, file: FileRef, start: int, size: int) -> bytes:
        try:
            return self._versions[file.bucket, file.key, file.revision][start : start + size]
        except KeyError:
            raise FileGone(f"{file.key} {file.revision} is not there") from None

    def put(self, _: str, key: str, body: bytes) -> None:
        self.objects[key] = body


class MemoryCheckpoints:
    """They are kept for ever."""

    def __init__(self) -> None:
        self._saved: dict[FileRef, Progress] = {}

    def find(self, file: FileRef) -> Progress:
        return self._saved.get(file, Progress())

    def save(self, file: FileRef, progress: Progress) -> None:
        there = self._saved.get(file)
        if there is not None and there.part != progress.part - 1:
            raise InFlightElsewhere(f"{file.key}: part {progress.part} was done by another invocation")
        self._saved[file] = progress
