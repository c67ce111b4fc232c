"""The facts of one state of the code, remembered under a digest of it: mypy needs seconds, a look needs none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Final

from contracts.readers.reading import ROOT, Built, Facts, Reading
from runtime.manifest import Service

CACHE: Final = ROOT / ".cache"

_SOURCES: Final = ("events/**/*.py", "runtime/**/*.py", "functions/**/*.py", "functions/**/*.j2")
_JUDGES: Final = ("mypy", "jinja2")


def remembered(services: Sequence[Service], root: Path, cache: Path | None) -> Facts:
    """From the cache, or inferred and put there."""
    path = cache / f"readings-{_digest(services, root)}.json" if cache else None
    if path is not None and path.exists():
        return _loaded(path.read_text(encoding="utf-8"))
    from contracts.readers.inference import facts  # noqa: PLC0415 - mypy is a second's import that a hit does without

    found = facts(services, root)
    if path is not None:
        _save(path, found)
    return found


def _digest(services: Sequence[Service], root: Path) -> str:
    digest = hashlib.sha256(repr((services, [version(judge) for judge in _JUDGES])).encode())
    for path in _files(root):
        digest.update(f"\0{path}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def _files(root: Path) -> Iterator[Path]:
    yield from _sorted(path for pattern in _SOURCES for path in root.glob(pattern))
    yield from _sorted(Path(__file__).parent.glob("*.py"))


def _sorted(paths: Iterable[Path]) -> list[Path]:
    return sorted(path for path in paths if path.is_file())


def _save(path: Path, facts: Facts) -> None:
    """In one step: another process may look at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{id(facts)}.tmp")
    draft.write_text(json.dumps(asdict(facts)), encoding="utf-8")
    draft.replace(path)


def _loaded(text: str) -> Facts:
    members = json.loads(text)
    return Facts(
        readings=tuple(Reading(**reading) for reading in members["readings"]),
        built=tuple(Built(**built) for built in members["built"]),
    )
