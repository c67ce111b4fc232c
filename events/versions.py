"""Versions of an event type: how they are named on the wire, which changes need a new one, and how long each is read.

`dataschema` names an event's version. A change that could break anybody is a new version beside the old one, and the
old one is read until its last day. A producer may send one event in several versions: they share their identity, and
each but the oldest names the older ones in the extension `olderversions`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from events.envelope import CloudEvent, InvalidEvent, Problem

#: The extension: the older versions in which the same event travels, as `1` or `1,2`.
OLDER_VERSIONS: Final = "olderversions"

_SCHEMA: Final = "urn:breakwater:schema:{type}:v{version}"
_SCHEMA_VERSION: Final = re.compile(r"urn:breakwater:schema:(?P<type>.+):v(?P<version>[1-9]\d*)", re.ASCII)
#: Of digits, so that no text makes a number that nobody can hold.
_LONGEST_VERSION: Final = 9
#: Characters of a URI that is remembered.
_SHORT: Final = 200


#: `backward`: the new schema reads what the old one wrote. `forward`: the old one reads what the new one writes.
Direction = Literal["backward", "forward"]


class Mode(StrEnum):
    """Which of the earlier releases must be readable by the new one, and the other way round.

    Source: the compatibility types of Confluent Schema Registry.
    """

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"

    @property
    def is_transitive(self) -> bool:
        return self.endswith("_TRANSITIVE")

    @property
    def directions(self) -> tuple[Direction, ...]:
        match self.removesuffix("_TRANSITIVE"):
            case "NONE":
                return ()
            case "BACKWARD":
                return ("backward",)
            case "FORWARD":
                return ("forward",)
            case _:
                return ("backward", "forward")


# Named tuples: three dataclasses would add more than a millisecond to every cold start.


class Active(NamedTuple):
    """It is sent and read."""


class Deprecated(NamedTuple):
    """It is read, and beside the newest version still sent. From `since` on nobody should begin to send it.

    `sunset` is the day from which it may be retired.
    """

    since: date
    sunset: date


class Retired(NamedTuple):
    """It is refused since the day `on`. `sunset` is the day that had been promised before."""

    on: date
    sunset: date | None = None


Lifecycle = Active | Deprecated | Retired


class UnknownEvent(InvalidEvent):
    """The catalog has no such event type, or not in that version, or reads that version no more."""


class OlderVersionTravels(UnknownEvent):
    """The version is newer than the catalog, and the same event travels in an older one that the catalog reads.

    So who raises this loses nothing by letting the event pass.
    """


@lru_cache(maxsize=256)
def dataschema(type_: str, version: int = 1) -> str:
    """The URN that names one version of one type's schema."""
    return _SCHEMA.format(type=type_, version=version)


def version_of(event: CloudEvent) -> int:
    """The payload version that `dataschema` names; 1 without one or with a foreign one.

    Raises UnknownEvent when it names another type's schema, or no version that anybody could hold.
    """
    uri = event.dataschema or ""
    named = _named(uri) if len(uri) <= _SHORT else _named.__wrapped__(uri)
    if named is None:
        return 1
    type_, version = named
    if type_ != event.type:
        raise UnknownEvent([Problem("dataschema", f"names {type_}, but type is {event.type}")])
    if len(version) > _LONGEST_VERSION:
        raise UnknownEvent([Problem("dataschema", f"names a version of more than {_LONGEST_VERSION} digits")])
    return int(version)


@lru_cache(maxsize=256)
def _named(uri: str) -> tuple[str, str] | None:
    """The type and the version that a `dataschema` of ours names."""
    match = _SCHEMA_VERSION.fullmatch(uri)
    return None if match is None else (match["type"], match["version"])


def unknown_type(event: CloudEvent) -> UnknownEvent:
    return UnknownEvent([Problem("type", f"{event.type} v{version_of(event)} is unknown: it is not in the catalog")])


def retired_version(event: CloudEvent, life: Retired, *, newest: int) -> UnknownEvent:
    why = f"{event.type} v{version_of(event)} was retired on {life.on}: send v{newest}"
    return UnknownEvent([Problem("dataschema", why)])


def unknown_version(event: CloudEvent, readable: Collection[int], *, newest: int) -> UnknownEvent:
    """`readable` are the versions of the event's type that are read.

    It is OlderVersionTravels for a version that is newer than `newest`, and never for one that is older: so of an
    event's versions there is always one that nobody lets pass.
    """
    version = version_of(event)
    travelling = str(event.extensions.get(OLDER_VERSIONS, "")).split(",")
    read_here = [f"v{known}" for known in sorted(readable) if str(known) in travelling]
    if version > newest and read_here:
        why = f"{event.type} v{version} is unknown, and left to {', '.join(read_here)} of the same event"
        return OlderVersionTravels([Problem("dataschema", why)])
    known = ", ".join(f"v{version}" for version in sorted(readable))
    return UnknownEvent([Problem("dataschema", f"{event.type} v{version} is unknown: known: {known}")])
