"""Payloads at the edges of what is allowed: each bound exactly, and what people forget that it may happen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from contracts.samples.fits import fits
from contracts.samples.looks import Looks, bounds
from contracts.samples.sample import Place, Sample, changed, field, places, removed
from contracts.samples.stretching import of_length
from contracts.shapes import Shape

Edge = tuple[Any, str]

#: The largest integer that every JSON reader keeps exact.
_EXACT: Final = 2**53 - 1
_MANY: Final = 100
_TIMES: Final = (
    ("0001-01-01T00:00:00Z", "the oldest time"),
    ("9999-12-31T23:59:59.999999Z", "the newest time"),
    ("2026-12-31T23:59:59.123456789-11:00", "a time with nanoseconds, in another month in UTC"),
)
_CURRENCIES: Final = (
    ("JPY", "a currency without minor units"),
    ("KWD", "a currency with three digits of minor units"),
)
_UNICODE: Final = (
    ("Zoë Łuczak 株式会社", "letters beyond ASCII"),
    ("Zoe\u0308 👩‍👩‍👧 \U0001d4b5", "a combining mark, joined emoji, characters beyond 16 bits"),
    ("\u202eabc\u202c", "text that turns its direction"),
    ("one\ntwo\tthree\u2028four", "line breaks and a tab"),
    ('</b>"\\ {{7*7}}', "what templates and quotes stumble over"),
)


def edges(looks: Looks) -> Iterator[Sample]:
    """Every edge of one payload: first of it as a whole, then field by field."""
    data = looks.payload(whole=True)
    yield from _of_the_whole(looks, data)
    for place in places(looks.contract, data):
        yield from _left_out(place, data)
        for value, why in _of(place):
            yield Sample(data=changed(data, place.path, value), field=field(place.path), why=why)


def _of_the_whole(looks: Looks, data: dict[str, Any]) -> Iterator[Sample]:
    optional = [m for m in looks.contract.root.members if not m.required]
    required = {name: value for name, value in data.items() if name not in {m.name for m in optional}}
    unknown = {"from_a_newer_version": {"nested": [1, None, "x"]}, "unknown_null": None}
    yield Sample(data=data, field="data", why="every field is there")
    yield Sample(data=data | unknown, field="data", why="fields that no version knows yet")
    if optional:
        nulls = {m.name: None for m in optional if m.nullable}
        yield Sample(data=required, field="data", why="only what is required is there")
        yield Sample(data=required | nulls, field="data", why="what is absent is null")


def _left_out(place: Place, data: dict[str, Any]) -> Iterator[Sample]:
    """Optional fields of the payload itself are left out together, above."""
    if place.member is None or place.member.required or len(place.path) == 1:
        return
    yield Sample(data=removed(data, place.path), field=field(place.path), why="is left out")
    if place.member.nullable:
        yield Sample(data=changed(data, place.path, None), field=field(place.path), why="is null")


def _of(place: Place) -> Iterator[Edge]:
    match place.shape.kind:
        case "text":
            yield from _text(place.value, place.shape)
        case "integer" | "number":
            yield from _number(place.shape)
        case "flag":
            yield from ((True, "true"), (False, "false"))
        case "list":
            yield from _list(place.value, place.shape)
        case _:
            return


def _number(shape: Shape) -> Iterator[Edge]:
    least, most = bounds(shape)
    yield (-_EXACT if least is None else least), "the least it may be"
    yield (_EXACT if most is None else most), "the most it may be"


def _text(value: str, shape: Shape) -> Iterator[Edge]:
    keywords = shape.keywords
    if keywords.get("format") == "date-time":
        yield from _TIMES
        return
    for edge in _CURRENCIES if keywords.get("format") == "iso-4217" else _UNICODE:
        if fits(edge[0], shape):
            yield edge
    for allowed in keywords.get("enum", ()):
        yield allowed, f"{allowed!r} is allowed"
    for keyword, why in (("minLength", "the shortest it may be"), ("maxLength", "the longest it may be")):
        length = keywords.get(keyword, 0 if keyword == "minLength" else None)
        if length is not None and (text := of_length(value, length, shape)) is not None:
            yield text, f"{why}: {length}"


def _list(value: list[Any], shape: Shape) -> Iterator[Edge]:
    least, most = shape.keywords.get("minItems", 0), shape.keywords.get("maxItems", _MANY)
    if shape.keywords.get("uniqueItems"):
        return
    yield (value * (least or 1))[:least], f"as few as may be: {least}"
    yield (value * most)[:most], f"many: {most}"
