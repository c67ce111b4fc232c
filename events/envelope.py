"""CloudEvents 1.0, strictly: one frozen value with its parser, its JSON and its descendants.

Source: CloudEvents 1.0.2 specification and its JSON event format.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from itertools import islice
from json.encoder import encode_basestring_ascii
from types import MappingProxyType
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import to_json

from events.attributes import (
    FITS,
    Base64,
    MediaType,
    Text,
    Timestamp,
    Uri,
    UriReference,
    extension_problems,
    fits_extension,
    format_time,
    parse_time,
)
from events.problems import MAX_PROBLEMS, InvalidEvent, Problem, problems_in, told
from events.strict_json import MAX_DEPTH, MAX_VALUES, measured_json, refuse_excess, strict_json
from events.trace_context import continued, passed_on

#: What belongs to an event, for those who use events.
__all__ = [
    "MAX_DEPTH",
    "MAX_PROBLEMS",
    "MAX_VALUES",
    "CloudEvent",
    "InvalidEvent",
    "Problem",
    "derived_id",
    "format_time",
    "parse_time",
    "problems_in",
    "strict_json",
    "told",
]

MEDIA_TYPE: Final = "application/cloudevents+json"
BATCH_MEDIA_TYPE: Final = "application/cloudevents-batch+json"


_ATTRIBUTES: Final = frozenset(
    ("specversion", "id", "source", "type", "time", "subject", "datacontenttype", "dataschema")
)
_MEMBERS: Final = _ATTRIBUTES | {"data", "data_base64"}
#: JSON may hold these two characters, an SQS message may not. They only occur inside JSON strings: escape them.
ESCAPES: Final = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}
_NO_EXTENSIONS: Final[Mapping[str, Any]] = MappingProxyType({})
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def derived_id(*parts: str | int) -> str:
    """The id that these parts always give: 32 hexadecimal digits, collision-free in practice.

    Two attempts at one piece of work derive the same ids, so their events are duplicates, not twins.
    """
    written = ",".join(encode_basestring_ascii(p) if isinstance(p, str) else int.__repr__(p) for p in parts)
    return hashlib.sha256(f"[{written}]".encode()).hexdigest()[:32]


class CloudEvent(BaseModel):
    """One event. Its identity is the pair (`source`, `id`), nothing else.

    `time` keeps the text it came with (see `occurred_at` for the datetime), so that passing an event
    on never changes it. Either `data` (any JSON value) or `data_base64` is set, or neither.
    """

    # Its validator is built when an event is unusual: the others are taken at a glance.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    specversion: Literal["1.0"] = "1.0"
    id: Text
    source: UriReference
    type: Text
    time: Timestamp | None = None
    subject: Text | None = None
    datacontenttype: MediaType | None = None
    dataschema: Uri | None = None
    data: Any = None
    data_base64: Base64 | None = None
    extensions: Mapping[str, bool | int | str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.data is not None and self.data_base64 is not None:
            raise ValueError("data and data_base64 exclude each other")
        return self

    @classmethod
    def parse(cls, raw: str | bytes | Mapping[str, Any], *, modest: bool = False) -> Self:
        """One event in the JSON event format, as text or already decoded (by strict_json, if it came from outside).

        `modest` says of what was decoded that it is known to keep to MAX_DEPTH and MAX_VALUES (see measured_json).
        Raises InvalidEvent with the problems found; a null attribute counts as absent.
        """
        members = _members(raw, modest=modest)
        return cls._at_a_glance(members) or cls._judged(members)

    @classmethod
    def of(cls, *, extensions: Mapping[str, Any] = _NO_EXTENSIONS, **attributes: Any) -> Self:
        """The event with these attributes, as the class makes it; faster, when all of them are usual.

        Raises ValidationError.
        """
        fields = {**_NOTHING, "specversion": "1.0", **attributes, "extensions": dict(extensions)}
        usual = all(FITS[name](value) for name, value in attributes.items() if value is not None)
        if usual and _is_complete(fields) and all(map(fits_extension, extensions, extensions.values())):
            return cls._of(fields)
        return cls(**attributes, extensions=extensions)

    @classmethod
    def _at_a_glance(cls, members: Mapping[str, Any]) -> Self | None:
        """The event, if all of it is usual: then it takes no judging. What is not usual may be right or wrong."""
        fields, extensions = dict(_NOTHING), {}
        for name, value in members.items():
            if value is None:
                continue
            if name in _FITS:
                if not _FITS[name](value):
                    return None
                fields[name] = value
            elif name not in _MEMBERS and fits_extension(name, value):
                extensions[name] = value
            else:
                return None
        if not _is_complete(fields):
            return None
        fields["extensions"] = extensions
        return cls._of(fields)

    @classmethod
    def _of(cls, fields: dict[str, Any]) -> Self:
        """As model_construct makes it, from all fields in their order: they are known to fit."""
        event = cls.__new__(cls)
        object.__setattr__(event, "__dict__", fields)
        object.__setattr__(event, "__pydantic_fields_set__", set(fields))
        object.__setattr__(event, "__pydantic_extra__", None)
        object.__setattr__(event, "__pydantic_private__", None)
        return event

    @classmethod
    def _judged(cls, members: Mapping[str, Any]) -> Self:
        extensions = {k: v for k, v in members.items() if k not in _MEMBERS and v is not None}
        problems = list(islice(extension_problems(extensions), MAX_PROBLEMS))
        if members.get("specversion") is None:
            problems.append(Problem("specversion", "Field required"))
        core = {k: v for k, v in members.items() if k in _MEMBERS and v is not None}
        try:
            event = cls(**core, extensions={} if problems else extensions)
        except ValidationError as error:
            problems.extend(problems_in(error))
        if problems:
            raise InvalidEvent(problems)
        return event

    @cached_property
    def occurred_at(self) -> datetime | None:
        return None if self.time is None else parse_time(self.time)

    @property
    def identity(self) -> tuple[str, str]:
        return (self.source, self.id)

    @property
    def correlation_id(self) -> str:
        """What ties a whole flow together: inherited from the first event, whose own id it is."""
        return str(self.extensions.get("correlationid", self.id))

    def to_dict(self) -> dict[str, Any]:
        """The JSON event format as a dict; absent attributes are left out."""
        fields = vars(self)
        members = {name: value for name in _WIRE_ORDER if (value := fields[name]) is not None}
        members.update(self.extensions)
        return members

    def to_json(self) -> str:
        """The JSON event format as compact text, in characters that a queue message may hold."""
        members = self.to_dict()
        try:
            text = to_json(members).decode()
        except ValueError:  # half a character, or what is no JSON: json has its own words for them
            text = _ENCODER.encode(members)
        return text if text.isascii() else text.translate(ESCAPES)

    def caused(
        self,
        type: str,  # noqa: A002 - the attribute's own name
        *,
        source: str,
        data: Mapping[str, Any],
        time: datetime,
        index: int = 0,
        subject: str | None = None,
        dataschema: str | None = None,
    ) -> CloudEvent:
        """The event that this one brought about.

        Its id follows from this event's identity, `type` and `index` alone: doing the work twice gives
        the same ids. `index` tells apart several events of one type with one cause.
        """
        return CloudEvent.of(
            id=derived_id(self.source, self.id, type, index),
            source=source,
            type=type,
            time=format_time(time),
            subject=subject,
            datacontenttype="application/json",
            dataschema=dataschema,
            data=dict(data),
            extensions=self._handed_down(),
        )

    def because_of(self, cause: CloudEvent) -> CloudEvent:
        """The same event, brought about by `cause`: for one whose id follows from something else."""
        return self.model_copy(update={"extensions": {**self.extensions, **cause._handed_down()}})

    def _handed_down(self) -> dict[str, Any]:
        return {**passed_on(self.extensions), "correlationid": self.correlation_id, "causationid": self.id}

    def in_trace(self, context: Mapping[str, str]) -> CloudEvent:
        """The same event, with the fields of this trace context (see events.trace_context) for its own."""
        return self.model_copy(update={"extensions": continued(self.extensions, context)})


_WIRE_ORDER: Final = (
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "subject",
    "datacontenttype",
    "dataschema",
    "data",
    "data_base64",
)


_FITS: Final = dict(FITS)
_NOTHING: Final[Mapping[str, Any]] = dict.fromkeys((*_WIRE_ORDER, "extensions"))


def _is_complete(fields: Mapping[str, Any]) -> bool:
    return bool(fields["specversion"] and fields["id"] and fields["source"] and fields["type"])


def _members(raw: str | bytes | Mapping[str, Any], *, modest: bool) -> Mapping[str, Any]:
    try:
        members = raw
        if not isinstance(raw, Mapping):
            members, modest = measured_json(raw)
        if not modest:
            refuse_excess(members, depth=MAX_DEPTH, values=MAX_VALUES)
    except ValueError as error:
        raise InvalidEvent([Problem("event", f"is not JSON: {error}")]) from error
    if not isinstance(members, Mapping):
        raise InvalidEvent([Problem("event", f"must be a JSON object, not {type(members).__name__}")])
    return members
