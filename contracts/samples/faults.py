"""Payloads that are refused, each for one reason at one field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from contracts.samples.fits import fits
from contracts.samples.looks import Looks, bounds
from contracts.samples.sample import Place, Sample, changed, field, places, removed
from contracts.samples.stretching import too_long
from contracts.shapes import Shape

Fault = tuple[Any, str]

_OTHER_TYPES: Final[dict[str, tuple[Fault, ...]]] = {
    "text": ((12345, "is a number, not text"), (["x"], "is a list, not text")),
    "integer": (("12", "is text, not a number"), (1.5, "has a fraction"), (True, "is true, not a number")),
    "number": (("1.5", "is text, not a number"), (True, "is true, not a number")),
    "flag": (("on", "is text, not true or false"), (2, "is a number, not true or false")),
    "list": (("x", "is text, not a list"), ({}, "is an object, not a list")),
    "object": (("x", "is text, not an object"), ([], "is a list, not an object")),
    "map": (("x", "is text, not an object"), ([], "is a list, not an object")),
}
_TIMES: Final = (
    ("yesterday", "is no time"),
    ("2026-05-20T14:30:00", "has no time zone"),
    ("2026-02-30T14:30:00Z", "is a day that does not exist"),
    ("1760000000", "is seconds, not an RFC 3339 timestamp"),
)
_CURRENCIES: Final = (("usd", "is not in capitals"), ("XYZ", "is no currency of ISO 4217"))
#: One of these offends almost any pattern.
_OFFENCES: Final = ("a b", "\x07", "-", "@", "x\n", "é", "1", "x")


def faults(looks: Looks) -> Iterator[Sample]:
    """Every way to spoil one field of one payload."""
    data = looks.payload(whole=True)
    for place in places(looks.contract, data):
        name = field(place.path)
        if place.member is not None and place.member.required:
            yield Sample(data=removed(data, place.path), field=name, why="is missing")
        for value, why in _of(place):
            yield Sample(data=changed(data, place.path, value), field=name, why=why)
    yield Sample(data=[], field="data", why="is a list, not an object")


def _of(place: Place) -> Iterator[Fault]:
    if place.shape.kind in ("any", "union", "null"):
        return
    if place.member is not None and not place.member.nullable:
        yield None, "is null"
    yield from _OTHER_TYPES[place.shape.kind]
    match place.shape.kind:
        case "text":
            yield from _text(place.value, place.shape)
        case "integer" | "number":
            yield from _number(place.shape)
        case "list":
            yield from _list(place.value, place.shape)
        case _:
            pass


def _number(shape: Shape) -> Iterator[Fault]:
    least, most = bounds(shape)
    if least is not None:
        yield least - 1, f"is below {least}"
    if most is not None:
        yield most + 1, f"is above {most}"


def _list(value: list[Any], shape: Shape) -> Iterator[Fault]:
    if least := shape.keywords.get("minItems"):
        yield value[: least - 1], f"has fewer than {least}"
    if most := shape.keywords.get("maxItems"):
        yield (value * (most + 1))[: most + 1], f"has more than {most}"


def _text(value: str, shape: Shape) -> Iterator[Fault]:
    keywords = shape.keywords
    if keywords.get("format") == "date-time":
        yield from _TIMES
        return
    if "enum" in keywords or "const" in keywords:
        yield f"not {value}", "is none of the values that are allowed"
        return
    if keywords.get("format") == "iso-4217":
        yield from _CURRENCIES
    if keywords.get("minLength"):
        yield "", "is empty"
    if (most := keywords.get("maxLength")) and (text := too_long(value, most + 1, shape)) is not None:
        yield text, f"has {most + 1} characters, and {most} are allowed"
    if "pattern" in keywords and (offence := _offence(shape)) is not None:
        yield offence, f"does not match {keywords['pattern']}"


def _offence(shape: Shape) -> str | None:
    pattern = Shape(kind="text", keywords={"pattern": shape.keywords["pattern"]})
    bounds_only = {k: v for k, v in shape.keywords.items() if k in ("minLength", "maxLength")}
    size = Shape(kind="text", keywords=bounds_only)
    return next((text for text in _OFFENCES if fits(text, size) and not fits(text, pattern)), None)
