"""A place's schema as a union of branches of one type each, and what is to be seen of each branch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from jsonschema_rs import CanonicalSchema, canonical

from contracts.compatibility.json_schema import algebra

_TYPES: Final = ("null", "boolean", "number", "string", "array", "object")
_MOST_STEPS: Final = 16


@dataclass(frozen=True, slots=True)
class AnyString:
    """Strings without a facet: the canonical form of these is a bare type, which shows none."""

    min_length: int | None = None
    max_length: int | None = None
    patterns: tuple[str, ...] = ()
    excluded_patterns: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    excluded_formats: tuple[str, ...] = ()
    content_media_types: tuple[str, ...] = ()
    content_encodings: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyNumber:
    is_integer: bool
    minimum: int | None = None
    maximum: int | None = None
    multiple_of: tuple[int, ...] = ()
    not_multiple_of: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyArray:
    min_items: int | None = None
    max_items: int | None = None
    distinctness: canonical.Distinctness = canonical.Distinctness.UNCONSTRAINED
    prefix_items: tuple[CanonicalSchema, ...] = ()
    items: CanonicalSchema | None = None
    contains: tuple[canonical.ContainsView, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyObject:
    min_properties: int | None = None
    max_properties: int | None = None
    required: tuple[str, ...] = ()
    property_names: CanonicalSchema | None = None
    additional_properties: CanonicalSchema | None = None
    violations: tuple[object, ...] = ()

    @property
    def properties(self) -> dict[str, CanonicalSchema]:
        return {}

    @property
    def pattern_properties(self) -> dict[str, CanonicalSchema]:
        return {}


Strings = canonical.StringView | AnyString
Numbers = canonical.NumberView | canonical.IntegerView | AnyNumber
Arrays = canonical.ArrayView | AnyArray
Objects = canonical.ObjectView | AnyObject

_BARE: Final[dict[str, Strings | Numbers | Arrays | Objects]] = {
    "string": AnyString(),
    "number": AnyNumber(is_integer=False),
    "integer": AnyNumber(is_integer=True),
    "array": AnyArray(),
    "object": AnyObject(),
}


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch of a place's union. `type` is None where it has no form that can be compared."""

    schema: CanonicalSchema
    type: str | None

    @property
    def view(self) -> object:
        match view := self.schema.view():
            case canonical.MultiTypeView([only]):
                return _BARE[only]
            case _:
                return view

    @property
    def values(self) -> list[Any] | None:
        """The only values there are; None where they are not counted out."""
        match self.schema.view():
            case canonical.ConstView(value):
                return [value]
            case canonical.EnumView(values):
                return values
            case _:
                return None


@lru_cache(maxsize=4096)
def branches(one: CanonicalSchema) -> tuple[Branch, ...]:
    """References are followed, to where there is a form that can be compared."""
    return tuple(_branches(one, steps=0))


def _branches(one: CanonicalSchema, *, steps: int) -> Iterator[Branch]:
    match view := one.view():
        case canonical.FalseView():
            return
        case canonical.TrueView():
            yield from map(_bare, _TYPES)
        case canonical.MultiTypeView(types):
            yield from map(_bare, types)
        case canonical.AnyOfView(parts):
            for part in parts:
                yield from _branches(part, steps=steps)
        case canonical.EnumView(values):
            yield from _by_type(values)
        case canonical.ReferenceView() | canonical.AllOfView() if steps < _MOST_STEPS:
            followed = _followed(one)
            yield from _branches(followed, steps=steps + 1) if followed else [Branch(one, None)]
        case _:
            yield Branch(one, _type_of(view))


def _followed(one: CanonicalSchema) -> CanonicalSchema | None:
    """The schema with its references replaced by what they name, once; None where that has no canonical form."""
    match one.view():
        case canonical.ReferenceView(uri):
            return one.definition(uri)
        case canonical.AllOfView(parts):
            targets = [part.definition(part.view().uri) if _is_reference(part) else part for part in parts]  # type: ignore[union-attr]
            if None in targets or targets == parts:
                return None
            return algebra.intersection(part for part in targets if part is not None)
        case _:
            return None


def _is_reference(one: CanonicalSchema) -> bool:
    return isinstance(one.view(), canonical.ReferenceView)


def _bare(type_: str) -> Branch:
    return Branch(algebra.schema({"type": type_}), "number" if type_ == "integer" else type_)


def _by_type(values: list[Any]) -> Iterator[Branch]:
    for type_ in dict.fromkeys(map(type_of_value, values)):
        yield Branch(algebra.schema({"enum": [value for value in values if type_of_value(value) == type_]}), type_)


def type_of_value(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return "number"


def _type_of(view: canonical.CanonicalViewType) -> str | None:
    match view:
        case canonical.StringView():
            return "string"
        case canonical.NumberView() | canonical.IntegerView():
            return "number"
        case canonical.ArrayView():
            return "array"
        case canonical.ObjectView():
            return "object"
        case canonical.ConstView(value):
            return type_of_value(value)
        case _:
            return None
