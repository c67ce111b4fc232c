"""CloudEvents 1.0 around the contract's payloads, with nothing but the standard library."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Protocol, TypeVar

_OUR_SCHEMA = re.compile(r"urn:breakwater:schema:(?P<type>.+):v(?P<version>[1-9]\d*)", re.ASCII)
_ATTRIBUTES = ("id", "source", "time", "subject")
_MEMBERS = (*_ATTRIBUTES, "specversion", "type", "datacontenttype", "dataschema", "data")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field. `field` is a path from the event's root: `data.amount`."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class InvalidEvent(ValueError):
    """It is no event of the contract. `problems` names the fields at fault."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


class Payload(Protocol):
    """An event's data: one of the classes in `events`."""

    TYPE: ClassVar[str]
    DATASCHEMA: ClassVar[str]

    def to_dict(self) -> dict[str, Any]: ...


Data = TypeVar("Data", bound=Payload)
Data_co = TypeVar("Data_co", bound=Payload, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Generic[Data_co]):
    """One event. Its identity is the pair (`source`, `id`), nothing else.

    Make `id` before the first send and keep it for every retry: then sending again is always safe. `derived_id` makes
    ids that a second attempt at the same work gives again. `time` is RFC 3339. `extensions` are carried along.
    """

    id: str
    source: str
    data: Data_co
    time: str | None = None
    subject: str | None = None
    extensions: Mapping[str, bool | int | str] = field(default_factory=dict, hash=False)

    @property
    def type(self) -> str:
        return self.data.TYPE

    def to_dict(self) -> dict[str, Any]:
        """The JSON event format as a dict."""
        attributes = {name: value for name in _ATTRIBUTES if (value := getattr(self, name)) is not None}
        return {
            "specversion": "1.0",
            **attributes,
            "type": self.data.TYPE,
            "datacontenttype": "application/json",
            "dataschema": self.data.DATASCHEMA,
            **self.extensions,
            "data": self.data.to_dict(),
        }

    def to_json(self) -> str:
        """Compact JSON text, in characters that a queue message may hold."""
        return to_json(self.to_dict())


def to_json(value: object) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.replace("\ufffe", r"\ufffe").replace("\uffff", r"\uffff")


def derived_id(*parts: str | int) -> str:
    """The id that these parts always give: 32 hexadecimal digits, collision-free in practice.

    Two attempts at one piece of work derive the same ids, so their events are duplicates, not twins.
    """
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()[:32]


def members_of(raw: str | bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    """The members of the CloudEvent in a JSON text, or in the EventBridge event that it came in.

    Raises InvalidEvent for what is no CloudEvent.
    """
    value = raw if isinstance(raw, Mapping) else _decoded(raw)
    if isinstance(value, Mapping) and "detail-type" in value:
        value = value.get("detail")
    if not isinstance(value, Mapping):
        raise InvalidEvent([Problem("event", "must be a JSON object")])
    empty = [name for name in ("id", "source", "type") if not isinstance(value.get(name), str) or not value[name]]
    problems = [Problem(name, "must be text, and not empty") for name in empty]
    if value.get("specversion") != "1.0":
        problems.append(Problem("specversion", "must be 1.0"))
    if problems:
        raise InvalidEvent(problems)
    return value


def _decoded(raw: str | bytes) -> object:
    try:
        decoded: object = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InvalidEvent([Problem("event", f"is not JSON: {error}")]) from error
    return decoded


def version_of(members: Mapping[str, Any]) -> int:
    """The payload version that `dataschema` names: 1 without one, or with one that is not Breakwater's."""
    match = _OUR_SCHEMA.fullmatch(str(members.get("dataschema") or ""))
    if match is None:
        return 1
    if match["type"] != members["type"]:
        raise InvalidEvent([Problem("dataschema", f"names {match['type']}, but type is {members['type']}")])
    return int(match["version"])


def event_of(members: Mapping[str, Any], data: Data) -> Event[Data]:
    """The event with these members and this payload."""
    extensions = {name: value for name, value in members.items() if name not in _MEMBERS and value is not None}
    return Event(
        id=members["id"],
        source=members["source"],
        time=members.get("time"),
        subject=members.get("subject"),
        data=data,
        extensions=extensions,
    )
