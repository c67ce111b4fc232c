"""What every test run replays: the seeds, and each input that once found something."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.targets import TARGETS

_FOLDER = Path(__file__).parent / "regressions"


def files_of(target: str) -> list[Path]:
    return sorted((_FOLDER / target).glob("*"))


def inputs_of(target: str) -> Iterator[bytes]:
    yield from TARGETS[target].seeds()
    yield from (path.read_bytes() for path in files_of(target))
