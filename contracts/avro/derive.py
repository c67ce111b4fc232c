"""From a payload model to its Avro schema, by way of the model's JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from contracts.avro.conversion import ToAvro
from contracts.avro.names import are_distinct, fitted, fitted_namespace
from events.catalog import Payload

_SAID: Final = (
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "pattern", "format", "minItems", "maxItems", "uniqueItems"),
    *("minProperties", "maxProperties", "enum", "const"),
)
_PRIMITIVES: Final = {"null": "null", "boolean": "boolean", "integer": "long", "number": "double", "string": "string"}
_FORMATS: Final = {
    "date-time": {"type": "long", "logicalType": "timestamp-micros"},
    "date": {"type": "int", "logicalType": "date"},
    "uuid": {"type": "string", "logicalType": "uuid"},
}
_WORDS: Final = re.compile(r"\^\((?:\?:)?(\w+(?:\|\w+)*)\)\$", re.ASCII)
#: No enum has such a value, so what an enum makes of it, it makes of any that is unknown.
_UNKNOWN_VALUE: Final = "\N{REPLACEMENT CHARACTER}"
#: The attributes that change what a primitive stands for.
_MEANT: Final = frozenset(("logicalType", "contentMediaType"))
#: What Avro has no type for.
_JSON_TEXT: Final = {"type": "string", "contentMediaType": "application/json"}


def avro_of(model: type[Payload]) -> dict[str, Any]:
    """The payload's Avro schema. Its namespace is the event type, its name the class's (see contracts.avro).

    Raises ValueError when two of the model's names are one in Avro.
    """
    body = model.model_json_schema(mode="validation", schema_generator=_JsonSchema)
    record: dict[str, Any] = _Derivation(body.pop("$defs", {})).type(body, called="")
    return {"type": "record", "name": record["name"], "namespace": fitted_namespace(model.type)} | record


class _JsonSchema(GenerateJsonSchema):
    """JSON Schema with what Avro says beside it: a field's former names, an enum's answer to unknown values."""

    def model_field_schema(self, schema: core_schema.ModelField) -> JsonSchemaValue:
        body = super().model_field_schema(schema)
        former = list(_former_names(schema.get("validation_alias")))
        return {**body, "aliases": former} if former else body

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        body = super().enum_schema(schema)
        fallback = _fallback(schema["cls"])
        return body if fallback is None else {**body, "fallback": fallback}


def _former_names(alias: Any) -> Iterator[str]:
    """In pydantic's core schema `AliasChoices("now", "formerly")` is `[["now"], ["formerly"]]`; one alias is text."""
    if isinstance(alias, list):
        for choice in alias[1:]:
            match choice:
                case [str() as name]:
                    yield name


def _fallback(enum: type[Enum]) -> object:
    try:
        return enum(_UNKNOWN_VALUE).value
    except ValueError:
        return None


class _Derivation:
    """Avro types of one payload's JSON Schema. A named type is written out where it first occurs."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._owners: dict[str, str] = {}
        self._types: dict[str, Any] = {}

    def type(self, body: Mapping[str, Any], *, called: str) -> Any:
        """`called` is the name of an enum that has none of its own."""
        if "$ref" in body:
            return self._reference(body["$ref"].removeprefix("#/$defs/"))
        if branches := body.get("anyOf") or body.get("oneOf"):
            return self._union(branches, called=called)
        if symbols := _symbols(body):
            return self._enum(body, symbols, called=called)
        return self._plain(body, called=called)

    def _plain(self, body: Mapping[str, Any], *, called: str) -> Any:
        match body.get("type"):
            case "object":
                return self._object(body, called=called)
            case "array" if "prefixItems" not in body:
                return {"type": "array", "items": self.type(body.get("items", {}), called=called)} | _said(body)
            case str(kind) if kind in _PRIMITIVES:
                return _FORMATS.get(body.get("format", "")) or _primitive(_PRIMITIVES[kind], body)
            case _:
                return _JSON_TEXT

    def _reference(self, key: str) -> Any:
        if key in self._owners.values():
            return next(name for name, owner in self._owners.items() if owner == key)
        body = {"title": key, **self._definitions[key], "key": key}
        return self.type(body, called=body["title"])

    def _object(self, body: Mapping[str, Any], *, called: str) -> Any:
        if "properties" in body:
            return self._record(body)
        values = body.get("additionalProperties", True)
        if "patternProperties" in body:
            (values,) = body["patternProperties"].values()
        return {"type": "map", "values": self.type({} if values is True else values, called=called)} | _said(body)

    def _record(self, body: Mapping[str, Any]) -> dict[str, Any]:
        name = self._named(body["title"], body)
        record: dict[str, Any] = {"type": "record", "name": name} | _doc(body)
        self._types[name] = record
        properties, required = body["properties"], body.get("required", ())
        if not are_distinct(map(fitted, properties)):
            raise ValueError(f"two fields of {body['title']} have one name in Avro: rename one")
        record["fields"] = [
            self._field(key, field, of=name, is_required=key in required) for key, field in properties.items()
        ]
        return record

    def _field(self, key: str, body: Mapping[str, Any], *, of: str, is_required: bool) -> dict[str, Any]:
        type_ = self.type(body, called=f"{of}{fitted(key).title().replace('_', '')}")
        spelled = {} if fitted(key) == key else {"jsonName": key}
        former = {"aliases": [*map(fitted, body["aliases"])]} if "aliases" in body else {}
        return {"name": fitted(key)} | _doc(body) | self._typed(type_, body, is_required=is_required) | former | spelled

    def _typed(self, type_: Any, body: Mapping[str, Any], *, is_required: bool) -> dict[str, Any]:
        """A default that only a factory knows is one that the schema leaves to the model: null."""
        if is_required:
            return {"type": type_}
        if "default" not in body:
            return {"type": _nullable(type_), "default": None}
        return self._defaulted(type_, body["default"])

    def _defaulted(self, type_: Any, default: Any) -> dict[str, Any]:
        """Readers of before Avro 1.12 take a union's default for one of its first branch."""
        convert = ToAvro(self._types)
        if isinstance(type_, list):
            first = convert.branch(type_, default)
            type_ = [first, *(branch for branch in type_ if branch is not first)]
        return {"type": type_, "default": convert.value(type_, default)}

    def _union(self, bodies: list[Mapping[str, Any]], *, called: str) -> Any:
        """Nulls come first. What would be two branches of one kind is one without bounds, or JSON text."""
        branches: dict[str, Any] = {}
        for body in sorted(bodies, key=lambda body: body.get("type") != "null"):
            branch = self.type(body, called=called)
            kind = _kind(branch)
            if branches.setdefault(kind, branch) != branch:
                if not (_is_plain(branch) and _is_plain(branches[kind])):
                    return _JSON_TEXT
                branches[kind] = kind
        return [*branches.values()] if len(branches) > 1 else next(iter(branches.values()))

    def _enum(self, body: Mapping[str, Any], symbols: Mapping[str, str], *, called: str) -> dict[str, Any]:
        name = self._named(called, body)
        enum: dict[str, Any] = {"type": "enum", "name": name, "symbols": [*symbols]}
        if "fallback" in body:
            enum["default"] = next(symbol for symbol, value in symbols.items() if value == body["fallback"])
        if any(symbol != value for symbol, value in symbols.items()):
            enum["jsonValues"] = dict(symbols)
        self._types[name] = enum
        return enum | (_doc(body) if "key" in body else {})

    def _named(self, title: str, body: Mapping[str, Any]) -> str:
        name = fitted(title)
        if name in self._owners:
            raise ValueError(
                f"two types are called {name} in Avro: give a model another `title` in its model_config, "
                "or make a Literal a StrEnum with a name of its own"
            )
        self._owners[name] = body.get("key", "")
        return name


def _symbols(body: Mapping[str, Any]) -> dict[str, str]:
    """An enum's symbols and the values that they stand for; empty where there is no enum of strings."""
    words = _WORDS.fullmatch(body.get("pattern", ""))
    values = words[1].split("|") if words else body.get("enum", [body["const"]] if "const" in body else [])
    if not all(isinstance(value, str) for value in values) or not are_distinct(map(fitted, values)):
        return {}
    return {fitted(value): value for value in values}


def _primitive(name: str, body: Mapping[str, Any]) -> Any:
    said = _said(body)
    return {"type": name, **said} if said else name


def _said(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: body[key] for key in _SAID if key in body}


def _doc(body: Mapping[str, Any]) -> dict[str, str]:
    said = (part["description"] for part in (body, *body.get("anyOf", ())) if "description" in part)
    text = next(said, None)
    return {} if text is None else {"doc": text}


def _nullable(type_: Any) -> list[Any]:
    branches = type_ if isinstance(type_, list) else [type_]
    return branches if "null" in branches else ["null", *branches]


def _is_plain(type_: Any) -> bool:
    """A primitive that means no more than what it is."""
    name = type_ if isinstance(type_, str) else type_["type"]
    return name in _PRIMITIVES.values() and not (isinstance(type_, dict) and _MEANT & type_.keys())


def _kind(type_: Any) -> str:
    """What a union may hold once: a primitive, `array`, `map`, or a name."""
    return str(type_ if isinstance(type_, str) else type_.get("name", type_["type"]))
