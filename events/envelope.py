"""CloudEvents 1.0, strictly: one frozen value with its parser, its JSON and its descendants.

Source: CloudEvents 1.0.2 specification and its JSON event format.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from events.trace_context import continued, passed_on

MEDIA_TYPE: Final = "application/cloudevents+json"
BATCH_MEDIA_TYPE: Final = "application/cloudevents-batch+json"

#: Levels of JSON in an event, itself the first, so that no reader on the way runs into its own limit.
MAX_DEPTH: Final = 64
#: Members and elements in an event, at all its levels, so that a megabyte of text cannot become a hundred in memory.
MAX_VALUES: Final = 50_000

#: What is told of an event that has more wrong with it, so that an answer cannot outgrow its question.
MAX_PROBLEMS: Final = 100
_MAX_FIELD: Final = 200
_MAX_MESSAGE: Final = 500

_ATTRIBUTES: Final = frozenset(
    ("specversion", "id", "source", "type", "time", "subject", "datacontenttype", "dataschema")
)
_MEMBERS: Final = _ATTRIBUTES | {"data", "data_base64"}

_PCHAR = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})"
_SEGMENT_NO_COLON = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=@]|%[0-9A-Fa-f]{2})+"
_AUTHORITY = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2}|\[[0-9A-Fa-fvV:.]+\])*"
_PATH_ABEMPTY = rf"(?:/{_PCHAR}*)*"
_TAIL = rf"(?:\?(?:{_PCHAR}|[/?])*)?(?:#(?:{_PCHAR}|[/?])*)?"
_HIER = rf"(?://{_AUTHORITY}{_PATH_ABEMPTY}|/(?:{_PCHAR}+{_PATH_ABEMPTY})?|{_PCHAR}+{_PATH_ABEMPTY}|)"
_RELATIVE = rf"(?://{_AUTHORITY}{_PATH_ABEMPTY}|/(?:{_PCHAR}+{_PATH_ABEMPTY})?|{_SEGMENT_NO_COLON}{_PATH_ABEMPTY}|)"
_URI = re.compile(rf"[A-Za-z][A-Za-z0-9+.\-]*:{_HIER}{_TAIL}")
_URI_REFERENCE = re.compile(rf"(?:[A-Za-z][A-Za-z0-9+.\-]*:{_HIER}|{_RELATIVE}){_TAIL}")
_TIMESTAMP = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105 - an RFC 9110 token, not a secret
_QUOTED = r'"(?:[\t !#-\[\]-~]|\\[\t -~])*"'
_MEDIA_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?:[ \t]*;[ \t]*{_TOKEN}=(?:{_TOKEN}|{_QUOTED}))*[ \t]*")
_EXTENSION_NAME = re.compile(r"[a-z0-9]{1,20}", re.ASCII)
#: JSON may hold these two characters, an SQS message may not. They only occur inside JSON strings: escape them.
_ESCAPES: Final = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field. `field` is a path from the event's root: `data.amount`."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


def told(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The first MAX_PROBLEMS, fit to be read and passed on anywhere: they may quote what came in."""
    return tuple(
        Problem(_legible(problem.field, _MAX_FIELD) or "event", _legible(problem.message, _MAX_MESSAGE))
        for problem in islice(problems, MAX_PROBLEMS)
    )


def _legible(text: str, most: int) -> str:
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    return _FORBIDDEN.sub("\ufffd", cut)


class InvalidEvent(ValueError):
    """The input is not a CloudEvent 1.0. `problems` names the fields at fault (see told)."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = told(problems)
        super().__init__("; ".join(map(str, self.problems)))


def problems_in(error: ValidationError, *, under: str = "") -> tuple[Problem, ...]:
    """Pydantic's errors as problems whose paths start at `under`."""
    return tuple(
        Problem(".".join(filter(None, (under, *map(str, e["loc"])))) or "event", e["msg"].removeprefix("Value error, "))
        for e in error.errors(include_url=False, include_context=False, include_input=False)
    )


def _text(value: str) -> str:
    if not value:
        raise ValueError("must not be empty")
    if _FORBIDDEN.search(value):
        raise ValueError("must not contain control characters or Unicode noncharacters")
    return value


def _uri_reference(value: str) -> str:
    if not value or not _URI_REFERENCE.fullmatch(value):
        raise ValueError("must be a non-empty URI-reference (RFC 3986)")
    return value


def _uri(value: str) -> str:
    if not _URI.fullmatch(value):
        raise ValueError("must be an absolute URI (RFC 3986)")
    return value


def _timestamp(value: str) -> str:
    parse_time(value)
    return value


def _media_type(value: str) -> str:
    if not _MEDIA_TYPE.fullmatch(value):
        raise ValueError("must be a media type (RFC 2046), such as application/json")
    return value


def _base64(value: str) -> str:
    try:
        base64.b64decode(value, validate=True)
    except ValueError as error:
        raise ValueError(f"must be base64: {error}") from error
    return value


def parse_time(value: str) -> datetime:
    """An RFC 3339 timestamp as an aware datetime, in microseconds (finer digits are cut).

    Raises ValueError for anything else, with RFC 3339 named.
    """
    match = _TIMESTAMP.fullmatch(value)
    if match is None:
        raise ValueError("must be an RFC 3339 timestamp, such as 2026-05-20T14:30:00Z")
    date, clock, fraction, offset = match.groups()
    micros = ((fraction or ".")[1:] + "000000")[:6]
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}.{micros}{'+00:00' if offset in 'Zz' else offset}")
        moment.astimezone(UTC)  # at the ends of the calendar, not every local time has one
    except (ValueError, OverflowError) as error:
        raise ValueError(f"must be an RFC 3339 timestamp: {error}") from error
    return moment


def format_time(value: datetime) -> str:
    """An aware datetime as RFC 3339 in UTC, with as many fractional digits as it needs."""
    if value.tzinfo is None:
        raise ValueError("a naive datetime has no place on the wire: give it a time zone")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def derived_id(*parts: str | int) -> str:
    """The id that these parts always give: 32 hexadecimal digits, collision-free in practice.

    Two attempts at one piece of work derive the same ids, so their events are duplicates, not twins.
    """
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()[:32]


Text = Annotated[str, Field(strict=True), AfterValidator(_text)]
UriReference = Annotated[str, Field(strict=True), AfterValidator(_uri_reference)]
Uri = Annotated[str, Field(strict=True), AfterValidator(_uri)]
Timestamp = Annotated[str, Field(strict=True), AfterValidator(_timestamp)]
MediaType = Annotated[str, Field(strict=True), AfterValidator(_media_type)]
Base64 = Annotated[str, Field(strict=True), AfterValidator(_base64)]


def _extension_problems(extensions: Mapping[str, object]) -> Iterable[Problem]:
    for name, value in extensions.items():
        if not _EXTENSION_NAME.fullmatch(name):
            yield Problem(name, "extension names are 1 to 20 lower-case letters or digits")
        elif isinstance(value, bool):
            continue
        elif isinstance(value, int):
            if not -(2**31) <= value < 2**31:
                yield Problem(name, "integer attributes are 32-bit signed")
        elif not isinstance(value, str):
            yield Problem(name, f"extension values are boolean, integer or string, not {type(value).__name__}")
        elif _FORBIDDEN.search(value):
            yield Problem(name, "must not contain control characters or Unicode noncharacters")


class CloudEvent(BaseModel):
    """One event. Its identity is the pair (`source`, `id`), nothing else.

    `time` keeps the text it came with (see `occurred_at` for the datetime), so that passing an event
    on never changes it. Either `data` (any JSON value) or `data_base64` is set, or neither.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

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
    def parse(cls, raw: str | bytes | Mapping[str, Any]) -> Self:
        """One event in the JSON event format, as text or already decoded (by strict_json, if it came from outside).

        Raises InvalidEvent with the problems found; a null attribute counts as absent.
        """
        members = _members(raw)
        extensions = {k: v for k, v in members.items() if k not in _MEMBERS and v is not None}
        problems = list(islice(_extension_problems(extensions), MAX_PROBLEMS))
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
        members = {name: getattr(self, name) for name in _WIRE_ORDER}
        return {k: v for k, v in members.items() if v is not None} | dict(self.extensions)

    def to_json(self) -> str:
        """The JSON event format as compact text, in characters that a queue message may hold."""
        text = json.dumps(self.to_dict(), separators=(",", ":"), ensure_ascii=False)
        return text if text.isascii() else text.translate(_ESCAPES)

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
        return CloudEvent(
            id=derived_id(self.source, self.id, type, index),
            source=source,
            type=type,
            time=format_time(time),
            subject=subject,
            datacontenttype="application/json",
            dataschema=dataschema,
            data=dict(data),
            extensions={
                **passed_on(self.extensions),
                "correlationid": self.correlation_id,
                "causationid": self.id,
            },
        )

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


def strict_json(raw: str | bytes) -> Any:
    """What every JSON reader understands alike, in time and memory linear in the text.

    UTF-8 without half characters; each name once in its object; numbers that a double can hold; one level deeper
    than an event may be, for what it travels in. Raises ValueError for anything else.
    """
    text = _utf8(raw)
    try:
        value = json.loads(
            text, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole, object_pairs_hook=_each_once
        )
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    _refuse_excess(value, depth=MAX_DEPTH + 1)
    if r"\ud" in text.lower():
        # JSON can escape half a character; no UTF-8 text can carry it on.
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _utf8(raw: str | bytes) -> str:
    if isinstance(raw, bytes):
        return raw.decode()
    raw.encode()  # half a character raises here
    return raw


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{_legible(text, _MAX_FIELD)} is a number that nobody can hold")
    return number


def _whole(text: str) -> int:
    if len(text) > sys.float_info.max_10_exp:
        _finite(text)
    return int(text)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        ((name, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the name {name!r} stands more than once in one object")
    return members


def _refuse_excess(value: object, *, depth: int, values: float = math.inf) -> None:
    level, seen = _containers([value]), 0
    for _ in range(depth):
        seen += sum(map(len, level))
        if seen > values:
            raise ValueError(f"it holds more than {values} values")
        level = [inner for node in level for inner in _containers(node.values() if isinstance(node, dict) else node)]
        if not level:
            return
    raise ValueError(f"it is nested deeper than {depth} levels")


def _containers(values: Iterable[object]) -> list[dict[str, object] | list[object]]:
    return [value for value in values if isinstance(value, (dict, list))]


def _members(raw: str | bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        members = raw if isinstance(raw, Mapping) else strict_json(raw)
        _refuse_excess(members, depth=MAX_DEPTH, values=MAX_VALUES)
    except ValueError as error:
        raise InvalidEvent([Problem("event", f"is not JSON: {error}")]) from error
    if not isinstance(members, Mapping):
        raise InvalidEvent([Problem("event", f"must be a JSON object, not {type(members).__name__}")])
    return members
