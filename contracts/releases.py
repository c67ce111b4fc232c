"""The contracts as they were released: what consumers were built from, and what lies in queues and archives.

`events/releases/<type>/v<version>/<revision>.json`, revisions counted from 1. A release is made after a change is
merged and before it is deployed (`python -m ops schemas release`), and never changes again: events of it may exist.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from contracts.compatibility.verdict import Mode, Schema
from events.catalog import Payload
from events.versions import Active, Deprecated, Lifecycle, Retired

if TYPE_CHECKING:  # the rules and their libraries are nothing that a reader of releases waits for
    from contracts.languages import Language

FOLDER: Final = Path(__file__).parent.parent / "events" / "releases"

_VERSION: Final = re.compile(r"v([1-9]\d*)")
_REVISION: Final = re.compile(r"([1-9]\d*)\.json")
_RESTORE: Final = "restore it with `git checkout`; a change to the contract is a new release, not an edit of an old one"
_STAGES: Final[Mapping[str, type[Active | Deprecated | Retired]]] = {
    "active": Active,
    "deprecated": Deprecated,
    "retired": Retired,
}


class InvalidRelease(Exception):
    """A release cannot be relied on; the message names the file and says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version of one type, as it was when it was released for the `revision`th time."""

    type: str
    version: int
    revision: int
    released: date
    compatibility: Mode
    lifecycle: Lifecycle
    json_schema: Schema
    avro: Schema

    @property
    def contract(self) -> dict[str, Any]:
        """What was promised: a catalog that says the same needs no new release."""
        return {
            "compatibility": self.compatibility.value,
            "lifecycle": _lifecycle_document(self.lifecycle),
            "json_schema": self.json_schema,
            "avro": self.avro,
        }

    @property
    def path(self) -> Path:
        """Where it is kept, from the folder of releases."""
        return Path(self.type, f"v{self.version}", f"{self.revision}.json")

    def to_document(self) -> dict[str, Any]:
        """What its file says."""
        content = {"released": self.released.isoformat(), **self.contract}
        return {"sha256": _digest(self.path, content), **content}

    def __str__(self) -> str:
        return f"release {self.revision} of {self.released}"


Catalog = Mapping[tuple[str, int], type[Payload]]
Released = Mapping[tuple[str, int], Sequence[Release]]


def due(catalog: Catalog, released: Released, languages: Sequence[Language], *, on: date) -> list[Release]:
    """What has to be released before it is deployed: each version that is new or says something new."""
    candidates = (_next(model, released.get(key, ()), languages, on) for key, model in catalog.items())
    return [release for release in candidates if _is_new(release, released.get((release.type, release.version), ()))]


def _next(model: type[Payload], history: Sequence[Release], languages: Sequence[Language], on: date) -> Release:
    return Release(
        type=model.type,
        version=model.version,
        revision=len(history) + 1,
        released=on,
        compatibility=model.compatibility,
        lifecycle=model.lifecycle,
        **{language.name: language.schema_of(model) for language in languages},
    )


def _is_new(release: Release, history: Sequence[Release]) -> bool:
    return not history or release.contract != history[-1].contract


def released(folder: Path = FOLDER) -> dict[tuple[str, int], list[Release]]:
    """(type, version) -> its releases, oldest first. Raises InvalidRelease."""
    return {key: history(*key, folder=folder) for key in _keys(folder)}


def history(type_: str, version: int, *, folder: Path = FOLDER) -> list[Release]:
    """The releases of one version, oldest first; none for one that was never released. Raises InvalidRelease."""
    place = folder / type_ / f"v{version}"
    revisions = sorted(_number(_REVISION, path) for path in place.iterdir()) if place.is_dir() else []
    for expected, revision in enumerate(revisions, start=1):
        if revision != expected:
            raise InvalidRelease(f"{place / f'{expected}.json'} is missing: restore it (git log -- {place})")
    return [_read(folder, type_, version, revision) for revision in revisions]


def _keys(folder: Path) -> Iterator[tuple[str, int]]:
    for type_ in sorted(path for path in folder.glob("*") if path.is_dir()):
        for version in sorted(_number(_VERSION, path) for path in type_.iterdir()):
            yield type_.name, version


def _number(pattern: re.Pattern[str], path: Path) -> int:
    match = pattern.fullmatch(path.name)
    if match is None:
        raise InvalidRelease(f"{path} is no release: they are <type>/v<version>/<revision>.json")
    return int(match[1])


def _read(folder: Path, type_: str, version: int, revision: int) -> Release:
    place = Path(type_, f"v{version}", f"{revision}.json")
    try:
        content = json.loads((folder / place).read_text(encoding="utf-8"))
        digest = content.pop("sha256")
        release = Release(
            type=type_,
            version=version,
            revision=revision,
            released=date.fromisoformat(content["released"]),
            compatibility=Mode(content["compatibility"]),
            lifecycle=_lifecycle_of(content["lifecycle"]),
            json_schema=content["json_schema"],
            avro=content["avro"],
        )
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise InvalidRelease(f"{folder / place} cannot be read ({error}): {_RESTORE}") from error
    if digest != _digest(place, content):
        raise InvalidRelease(f"{folder / place} was changed after its release: {_RESTORE}")
    return release


def _lifecycle_document(lifecycle: Lifecycle) -> dict[str, str]:
    days = {name: day.isoformat() for name, day in lifecycle._asdict().items() if day}
    return {"stage": type(lifecycle).__name__.lower(), **days}


def _lifecycle_of(document: Mapping[str, str]) -> Lifecycle:
    days = {name: date.fromisoformat(day) for name, day in document.items() if name != "stage"}
    return _STAGES[document["stage"]](**days)


def _digest(path: Path, content: Mapping[str, Any]) -> str:
    """Of the content and of where it belongs: a release that was edited or moved by hand shows."""
    text = json.dumps({"path": path.as_posix(), **content}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
