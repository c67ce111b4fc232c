"""The contracts as they were released, read from their files: what the registries are told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fastavro.schema import to_parsing_canonical_form

from infra.packaging import ROOT

FOLDER: Final = ROOT / "events" / "releases"

_PLACE: Final = re.compile(r"(?P<type>[^/]+)/v(?P<version>[1-9]\d*)/(?P<revision>[1-9]\d*)\.json")


class InvalidRelease(ValueError):
    """A file among the releases is not one. `python -m ops schemas check` says more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One revision of one version of one event type."""

    type: str
    version: int
    revision: int
    compatibility: str
    json_schema: Mapping[str, Any]
    avro: Mapping[str, Any]

    @property
    def avro_text(self) -> str:
        return json.dumps(self.avro, separators=(",", ":"), ensure_ascii=False)


History = tuple[Release, ...]


def histories(folder: Path = FOLDER) -> dict[tuple[str, int], History]:
    """(type, version) -> its releases, oldest first. What was never released is not in it. Raises InvalidRelease."""
    found: dict[tuple[str, int], list[Release]] = {}
    for release in sorted(_releases(folder), key=lambda release: (release.type, release.version, release.revision)):
        found.setdefault((release.type, release.version), []).append(release)
    return {key: tuple(history) for key, history in found.items()}


def distinct(history: History) -> History:
    """The releases that Avro can tell apart: each schema once, where it first was.

    Glue compares canonical forms, and a second version of the same form cannot be created. In its form neither
    documentation nor defaults count, nor do JSON Schema's bounds and patterns, of which Avro knows nothing.
    """
    first: dict[str, Release] = {}
    for release in history:
        first.setdefault(to_parsing_canonical_form(dict(release.avro)), release)
    return tuple(first.values())


def _releases(folder: Path) -> Iterator[Release]:
    for path in folder.rglob("*.json"):
        match = _PLACE.fullmatch(path.relative_to(folder).as_posix())
        if match is None:
            raise InvalidRelease(f"{path} is no release: they are <type>/v<version>/<revision>.json")
        yield _read(path, match)


def _read(path: Path, place: re.Match[str]) -> Release:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Release(
            type=place["type"],
            version=int(place["version"]),
            revision=int(place["revision"]),
            compatibility=content["compatibility"],
            json_schema=content["json_schema"],
            avro=content["avro"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidRelease(f"{path} is no release: {error!r}") from error
