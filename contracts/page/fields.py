"""A payload's fields as rows that a person can read, from its JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Schema = Mapping[str, Any]

_WORDS: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
    "object": "object",
}
_FORMATS: Final = {
    "date-time": "date and time",
    "date": "date",
    "uri": "URI",
    "uri-reference": "URI-reference",
    "iso-4217": "currency code",
    "uuid": "UUID",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One field. `path` is from the payload's root: `lines[].amount`; `pattern` is a regular expression, or empty."""

    path: str
    kind: str
    required: bool
    description: str
    bounds: str
    pattern: str

    @property
    def depth(self) -> int:
        return self.path.count(".")


def field_rows(schema: Schema) -> tuple[FieldRow, ...]:
    """Every field, each followed by those inside it."""
    return tuple(_rows(schema, schema.get("$defs", {}), under="", within=frozenset()))


def _rows(node: Schema, definitions: Schema, *, under: str, within: frozenset[str]) -> Iterator[FieldRow]:
    """`within` are the models on the way here: one may hold its own kind."""
    required = node.get("required", ())
    for name, property_ in node.get("properties", {}).items():
        value = _resolved(property_, definitions)
        path = f"{under}{name}"
        yield FieldRow(
            path=path,
            kind=_kind(value, definitions),
            required=name in required,
            description=value.get("description", ""),
            bounds=", ".join(_bounds(value)),
            pattern=value.get("pattern", ""),
        )
        inner, suffix = _inner(value, definitions)
        model = inner.get("name", path)
        if model not in within:
            yield from _rows(inner, definitions, under=f"{path}{suffix}.", within=within | {model})


def _inner(value: Schema, definitions: Schema) -> tuple[Schema, str]:
    """What is inside a field, and how its path goes on."""
    if value.get("type") == "array":
        return _resolved(value.get("items", {}), definitions), "[]"
    others = value.get("additionalProperties")
    if isinstance(others, Mapping):
        return _resolved(others, definitions), "{}"
    return value, ""


def _resolved(node: Schema, definitions: Schema) -> Schema:
    """References followed; of a choice between null and something, the something."""
    if "$ref" in node:
        node = {**definitions[node["$ref"].rpartition("/")[2]], **node, "name": node["$ref"].rpartition("/")[2]}
    choices = [choice for choice in node.get("anyOf", ()) if choice.get("type") != "null"]
    return {**_resolved(choices[0], definitions), **node} if len(choices) == 1 else node


def _kind(value: Schema, definitions: Schema) -> str:
    """The field's type in words: the most telling of those that fit."""
    return next(_kinds(value, definitions))


def _kinds(value: Schema, definitions: Schema) -> Iterator[str]:
    def kind_of(node: Schema) -> str:
        return _kind(_resolved(node, definitions), definitions)

    if "enum" in value:
        yield f"one of {', '.join(map(str, value['enum']))}"
    if "const" in value:
        yield f"always {value['const']}"
    if value.get("type") == "array":
        yield f"list of {kind_of(value.get('items', {}))}"
    if "properties" not in value and isinstance(value.get("additionalProperties"), Mapping):
        yield f"map to {kind_of(value['additionalProperties'])}"
    if "format" in value:
        yield _FORMATS.get(value["format"], str(value["format"]))
    if "name" in value:
        yield value["name"]
    if isinstance(value.get("type"), str):
        yield _WORDS[value["type"]]
    yield " or ".join(map(kind_of, value.get("anyOf") or value.get("oneOf") or ())) or "anything"


def _bounds(value: Schema) -> Iterator[str]:
    for least, most, unit in (
        ("minLength", "maxLength", " characters"),
        ("minimum", "maximum", ""),
        ("minItems", "maxItems", " items"),
    ):
        low, high = value.get(least), value.get(most)
        if low is not None and high is not None:
            yield f"{low:,} to {high:,}{unit}"
        elif low is not None:
            yield f"at least {low:,}{unit}"
        elif high is not None:
            yield f"at most {high:,}{unit}"
    if "exclusiveMinimum" in value:
        yield f"more than {value['exclusiveMinimum']:,}"
    if "exclusiveMaximum" in value:
        yield f"less than {value['exclusiveMaximum']:,}"
