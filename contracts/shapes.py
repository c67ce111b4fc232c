"""A payload's JSON Schema as a tree of a few kinds of node: samples, explanations and generated code are made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from contracts.json_schema import schema_of
from events.catalog import CATALOG, Payload

Schema = Mapping[str, Any]
Kind = Literal["text", "integer", "number", "flag", "null", "list", "map", "object", "union", "any"]

_SCALARS: Final[Mapping[str, Kind]] = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "flag",
    "null": "null",
}
_ALTERNATIVES: Final = ("anyOf", "oneOf")
_NOT_UNDERSTOOD: Final = ("not", "if", "prefixItems", "patternProperties", "dependentSchemas", "$dynamicRef")


class UnsupportedSchema(ValueError):
    """A payload model says something that this tree has no node for; the message names where and what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One node. `keywords` is its JSON Schema, references resolved, for the bounds.

    `inner` holds a list's items, a map's values, or a union's alternatives; `name` is the model of an object.
    """

    kind: Kind
    keywords: Schema
    name: str = ""
    inner: tuple[Shape, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A field of an object. `shape` is what it may be beside null, where it is `nullable`."""

    name: str
    shape: Shape
    required: bool
    nullable: bool
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    name: str
    description: str
    members: tuple[Member, ...]


@dataclass(frozen=True, kw_only=True)
class Contract:
    """One version of one event type's payload."""

    model: type[Payload]
    schema: Schema

    @property
    def type(self) -> str:
        return self.model.type

    @property
    def version(self) -> int:
        return self.model.version

    @property
    def urn(self) -> str:
        return str(self.schema["$id"])

    @cached_property
    def root(self) -> Model:
        return _model(self.schema["title"], self.schema, self.schema.get("$defs", {}))

    @cached_property
    def parts(self) -> tuple[Model, ...]:
        """The models of the objects inside, in the order of their names."""
        defs: Schema = self.schema.get("$defs", {})
        return tuple(_model(name, schema, defs) for name, schema in sorted(defs.items()) if _is_object(schema))

    def part(self, name: str) -> Model:
        return next(model for model in self.parts if model.name == name)


def contracts(types: Iterable[str] = ()) -> Iterator[Contract]:
    """The catalog's contracts by type and version: all of them, or those of the `types`."""
    wanted = set(types)
    for type_, version in sorted(CATALOG):
        if not wanted or type_ in wanted:
            yield contract_of(CATALOG[type_, version])


def contract_of(model: type[Payload]) -> Contract:
    return Contract(model=model, schema=schema_of(model))


def _model(name: str, schema: Schema, defs: Schema) -> Model:
    required = schema.get("required", ())
    members = (_member(n, s, defs, required=n in required) for n, s in schema.get("properties", {}).items())
    return Model(name=name, description=schema.get("description", ""), members=tuple(members))


def _member(name: str, schema: Schema, defs: Schema, *, required: bool) -> Member:
    whole = _shape(schema, defs, at=name)
    options = [shape for shape in whole.inner if shape.kind != "null"] if whole.kind == "union" else [whole]
    nullable = whole.kind in ("null", "any") or (whole.kind == "union" and len(options) < len(whole.inner))
    shape = options[0] if len(options) == 1 else Shape(kind="union", keywords=whole.keywords, inner=tuple(options))
    description = schema.get("description") or shape.keywords.get("description", "")
    about = "" if shape.kind == "object" else description
    return Member(name=name, shape=shape, required=required, nullable=nullable, description=about)


def _shape(schema: Schema, defs: Schema, *, at: str) -> Shape:
    if unknown := [keyword for keyword in _NOT_UNDERSTOOD if keyword in schema]:
        raise UnsupportedSchema(f"{at}: the keyword {unknown[0]} is not understood here")
    if "$ref" in schema:
        return _referenced(schema, defs, at=at)
    for keyword in _ALTERNATIVES:
        if keyword in schema:
            inner = tuple(_shape(option, defs, at=at) for option in schema[keyword])
            return Shape(kind="union", keywords=schema, inner=inner)
    return _typed(schema, defs, at=at)


def _referenced(schema: Schema, defs: Schema, *, at: str) -> Shape:
    name = schema["$ref"].removeprefix("#/$defs/")
    target = defs[name]
    if _is_object(target):
        return Shape(kind="object", keywords=target, name=name)
    return _shape({**target, **{k: v for k, v in schema.items() if k != "$ref"}}, defs, at=at)


def _typed(schema: Schema, defs: Schema, *, at: str) -> Shape:
    match schema.get("type"):
        case None:
            return _untyped(schema, at=at)
        case "array":
            return Shape(kind="list", keywords=schema, inner=(_shape(schema.get("items", {}), defs, at=f"{at}[]"),))
        case "object":
            values = schema.get("additionalProperties", {})
            inner = _shape({} if isinstance(values, bool) else values, defs, at=f"{at}{{}}")
            return Shape(kind="map", keywords=schema, inner=(inner,))
        case str() as name:
            return Shape(kind=_SCALARS[name], keywords=schema)
        case names:
            options = tuple(_typed({**schema, "type": name}, defs, at=at) for name in names)
            return Shape(kind="union", keywords=schema, inner=options)


def _untyped(schema: Schema, *, at: str) -> Shape:
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if values is None:
        return Shape(kind="any", keywords=schema)
    if all(isinstance(value, str) for value in values):
        return Shape(kind="text", keywords=schema)
    raise UnsupportedSchema(f"{at}: an enumeration of values that are not text is not understood here")


def _is_object(schema: Schema) -> bool:
    return schema.get("type") == "object" and "properties" in schema
