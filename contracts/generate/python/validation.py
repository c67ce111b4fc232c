"""Values held against JSON Schema 2020-12, as far as the contract's schemas use it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .envelope import InvalidEvent, Problem

Schema = Mapping[str, Any]

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII)
_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: _is_number(value),  # noqa: PLW0108 - it is defined below
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, (list, tuple)),
    "object": lambda value: isinstance(value, Mapping),
}
_LIMITS: Mapping[str, tuple[Callable[[Any, Any], bool], str]] = {
    "minimum": (lambda value, bound: value >= bound, "must be {} or more"),
    "maximum": (lambda value, bound: value <= bound, "must be {} or less"),
    "exclusiveMinimum": (lambda value, bound: value > bound, "must be more than {}"),
    "exclusiveMaximum": (lambda value, bound: value < bound, "must be less than {}"),
}
_SIZES: Mapping[str, tuple[str, Callable[[int, int], bool], str]] = {
    "minLength": ("string", lambda size, bound: size >= bound, "must have {} characters or more"),
    "maxLength": ("string", lambda size, bound: size <= bound, "must have {} characters or less"),
    "minItems": ("array", lambda size, bound: size >= bound, "must have {} items or more"),
    "maxItems": ("array", lambda size, bound: size <= bound, "must have {} items or less"),
}


@dataclass(frozen=True, slots=True)
class _Place:
    field: str
    definitions: Schema

    def inside(self, name: object) -> _Place:
        return replace(self, field=f"{self.field}.{name}")

    def wrong(self, message: str) -> Problem:
        return Problem(self.field, message)


def check(schema: Schema, value: object) -> None:
    """Raises InvalidEvent, with every field that does not fit."""
    if problems := list(problems_of(schema, value)):
        raise InvalidEvent(problems)


def problems_of(schema: Schema, value: object, field: str = "data") -> Iterator[Problem]:
    """What is wrong with a value, each problem with the path of its field; nothing when it fits."""
    return _judged(schema, value, _Place(field, schema.get("$defs", {})))


def _judged(schema: Schema, value: Any, at: _Place) -> Iterator[Problem]:
    if "$ref" in schema:
        yield from _judged(at.definitions[schema["$ref"].removeprefix("#/$defs/")], value, at)
    for each in schema.get("allOf", ()):
        yield from _judged(each, value, at)
    for keyword in ("anyOf", "oneOf"):
        yield from _alternatives(schema.get(keyword, ()), value, at)
    yield from _scalar(schema, value, at)
    if isinstance(value, (list, tuple)) and "items" in schema:
        for index, item in enumerate(value):
            yield from _judged(schema["items"], item, at.inside(index))
    if isinstance(value, Mapping):
        yield from _members(schema, value, at)


def _alternatives(schemas: Iterable[Schema], value: object, at: _Place) -> Iterable[Problem]:
    """The problems of the alternative that was most likely meant: the first that is not null."""
    found = [list(_judged(schema, value, at)) for schema in schemas]
    if not all(found):
        return ()
    return next((p for p in found if not p[0].message.startswith("must be null")), ())


def _scalar(schema: Schema, value: Any, at: _Place) -> Iterator[Problem]:
    yield from _kind(schema, value, at)
    if _is_number(value):
        for keyword, (fits, message) in _LIMITS.items():
            if keyword in schema and not fits(value, schema[keyword]):
                yield at.wrong(message.format(schema[keyword]))
    for keyword, (type_, has_room, message) in _SIZES.items():
        if keyword in schema and _TYPES[type_](value) and not has_room(len(value), schema[keyword]):
            yield at.wrong(message.format(schema[keyword]))
    if isinstance(value, str):
        yield from _text(schema, value, at)


def _kind(schema: Schema, value: Any, at: _Place) -> Iterator[Problem]:
    if "type" in schema:
        types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        if not any(_TYPES[name](value) for name in types):
            yield at.wrong(f"must be {' or '.join(types)}")
    if "const" in schema and value != schema["const"]:
        yield at.wrong(f"must be {schema['const']}")
    if "enum" in schema and value not in schema["enum"]:
        yield at.wrong(f"must be one of {', '.join(map(str, schema['enum']))}")


def _text(schema: Schema, value: str, at: _Place) -> Iterator[Problem]:
    # In a schema, `$` is the end of the text; to Python, what comes before a last line break is one, too.
    pattern = re.sub(r"(?<!\\)\$$", r"\\Z", schema.get("pattern", ""))
    if pattern and not re.search(pattern, value):
        yield at.wrong(f"must match {schema['pattern']}")
    if schema.get("format") == "date-time" and not _is_time(value):
        yield at.wrong("must be an RFC 3339 timestamp, such as 2026-05-20T14:30:00Z")


def _members(schema: Schema, value: Mapping[str, Any], at: _Place) -> Iterator[Problem]:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    for name in schema.get("required", ()):
        if name not in value:
            yield at.inside(name).wrong("is required")
    for name, member in value.items():
        if name in properties:
            yield from _judged(properties[name], member, at.inside(name))
        elif others is False:
            yield at.inside(name).wrong("is not allowed")
        elif others is not True:
            yield from _judged(others, member, at.inside(name))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_time(value: str) -> bool:
    match = _TIME.fullmatch(value)
    if match is None:
        return False
    try:
        datetime.fromisoformat(f"{match[1]}T{match[2]}+00:00")
    except ValueError:
        return False
    return True
