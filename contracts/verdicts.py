"""What the gate says of one cause: what was changed, who is hurt, and how to do it so that nobody is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from contracts.company import SERVICES, producers_of
from contracts.compatibility.verdict import Direction
from contracts.releases import Release
from events.catalog import Payload
from runtime.manifest import Service


class HurtBy(Protocol):
    def __call__(self, type_: str, version: int, path: str, *, by_name: bool = False) -> str:
        """Who reads the field at `path`, in words; "" when nobody does.

        With `by_name` only those who name the field: not who passes on, or checks, a whole that it is part of.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`path` is the field (`data.lines[].amount`), or "" where a whole version is meant.

    `directions` tell who is hurt: `forward` is for old readers, `backward` for old data. `releases` are the revisions
    that the catalog was compared with, and `found` is what the rules of each language call it, from the reader's side.
    One that does not fail the build is for people to know of.
    """

    type: str
    version: int
    path: str = ""
    rule: str
    change: str
    directions: tuple[Direction, ...] = ()
    hurts: str = ""
    advice: str
    releases: tuple[int, ...] = ()
    release: str = ""
    found: tuple[str, ...] = ()
    fails: bool = True

    def __str__(self) -> str:
        where = f"{self.type} v{self.version}: " + (f"{self.path}: " if self.path else "")
        against = f", against {self.release}" if self.release else ""
        hurts = f" Hurts {self.hurts}." if self.hurts else ""
        return f"{where}{self.change} ({self.rule}{against}).{hurts} Instead: {self.advice}."


def new_version(type_: str) -> str:
    """The way out that is always there."""
    return f"start a new version with `python -m ops schemas bump {type_}`"


def data_of(path: str) -> str:
    return f"data.{path}" if path else "data"


def named(releases: Sequence[Release]) -> str:
    """`release 2 of 2026-11-27`, or `releases 1 and 2` where there are several, oldest first."""
    if len(releases) == 1:
        return str(releases[0])
    *most, last = (str(release.revision) for release in releases)
    return f"releases {', '.join(most)} and {last}"


_STORED: Final = "events in queues, dead letters, outboxes and the archive"


def old_data(model: type[Payload], services: Sequence[Service] = SERVICES) -> str:
    """Whatever was written by the release, or still is by what has not been deployed since."""
    producers = [service.name for service in producers_of(model.type, services)]
    producers += ["systems elsewhere"] if model.produced_elsewhere else []
    late = f", and producers not yet upgraded ({', '.join(producers)})" if producers else ""
    return f"old data: {_STORED}{late}"


def old_readers(model: type[Payload], readers: str) -> str:
    """`readers` are the known ones, in words; "" when none is."""
    others = ["systems elsewhere"] if model.consumed_elsewhere else []
    known = "; ".join([readers] if readers else ["consumers deployed from an earlier release"])
    return f"old readers: {', '.join([known, *others])}"


def shown(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, default=str)
