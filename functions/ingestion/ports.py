"""What ingestion needs of the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from events.envelope import CloudEvent
from runtime.errors import PermanentError


class Intake(Protocol):
    """The queue in front of ingestion, as the HTTP API fills it."""

    def put(self, events: Sequence[CloudEvent]) -> Mapping[int, str]:
        """Accept the events for good; what is not in the answer is safe.

        The answer names those that were not taken, by their index, with the reason. Raises nothing for a
        queue that is down: then all are in the answer.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRef:
    """One version of one file. A bucket without versions has the ETag to tell them apart, and no `version`."""

    bucket: str
    key: str
    etag: str
    version: str | None = None

    @property
    def revision(self) -> str:
        """What tells this version from the others under the same key."""
        return self.version or self.etag


class FileGone(PermanentError):
    """The version that was to be read is there no more: deleted, or another was written over it."""

    code = "file_gone"


class FileStore(Protocol):
    """Where files are put by others, and answers to them by us. All its methods raise TransientError."""

    def read(self, file: FileRef, start: int, size: int) -> bytes:
        """Up to `size` bytes from `start` on of this very version; nothing from its end on. Raises FileGone."""

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Write an object, in place of what is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a file has been worked through: `part` sections, up to the `offset` of its (decompressed) bytes.

    `reject_files` are those written so far; `columns` is what its header said.
    """

    part: int = 0
    offset: int = 0
    line: int = 0
    accepted: int = 0
    rejected: int = 0
    reject_files: int = 0
    columns: tuple[str, ...] = ()
    finished: bool = False


class Checkpoints(Protocol):
    """Each file's Progress. They are forgotten some time after their last change, and then all is done again."""

    def find(self, file: FileRef) -> Progress:
        """What was saved last; no progress for a file that is new. Raises TransientError."""

    def save(self, file: FileRef, progress: Progress) -> None:
        """Go on by one part. Raises InFlightElsewhere when somebody else has done so, and TransientError."""
