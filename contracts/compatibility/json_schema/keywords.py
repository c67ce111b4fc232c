"""Where a JSON Schema 2020-12 holds schemas of its own, and what a `$ref` in it names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from contracts.compatibility.verdict import Schema

ONE: Final = frozenset((
    "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then",
    "unevaluatedItems", "unevaluatedProperties",
))  # fmt: skip
LISTS: Final = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))
MAPS: Final = frozenset(("$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"))
#: Those whose schemas judge the same value as the schema that holds them.
IN_PLACE: Final = frozenset((
    "$ref", "allOf", "anyOf", "dependencies", "dependentSchemas", "else", "if", "oneOf", "then",
))  # fmt: skip


class Unresolved(Exception):
    """A reference that this does not follow: to another document, or a dynamic one."""


def mapped(keyword: str, value: Any, change: Callable[[Schema], Schema]) -> Any:
    """The keyword's value with each schema that it holds changed."""
    if keyword in ONE:
        return change(value)
    if keyword in LISTS:
        return [change(schema) for schema in value]
    if keyword in MAPS:
        return {name: schema if isinstance(schema, list) else change(schema) for name, schema in value.items()}
    return value


def schemas_in(schema: Schema) -> Iterator[dict[str, Any]]:
    """The schema and all that it holds, at every depth, booleans left out."""
    if isinstance(schema, dict):
        yield schema
        for keyword, value in schema.items():
            for child in held(keyword, value):
                yield from schemas_in(child)


def held(keyword: str, value: Any) -> Iterator[Schema]:
    if keyword in ONE:
        yield value
    elif keyword in LISTS:
        yield from value
    elif keyword in MAPS:
        yield from (schema for schema in value.values() if not isinstance(schema, list))


def target_of(reference: str, document: Mapping[str, Any]) -> Schema:
    """What `$ref` names in `document`. Raises Unresolved."""
    pointer = reference.removeprefix(str(document.get("$id", "")).rstrip("#")).removeprefix("#")
    if reference == document.get("$id") or pointer == "":
        return document
    if pointer.startswith("/"):
        return _at(pointer, document)
    for schema in schemas_in(document):
        if pointer in (schema.get("$anchor"), schema.get("$dynamicAnchor")) and "#" in reference:
            return schema
    raise Unresolved(reference)


def _at(pointer: str, document: Any) -> Schema:
    for token in pointer.split("/")[1:]:
        key = unquote(token).replace("~1", "/").replace("~0", "~")
        try:
            document = document[int(key)] if isinstance(document, list) else document[key]
        except (KeyError, IndexError, ValueError, TypeError):
            raise Unresolved(pointer) from None
    return document


def is_recursive(document: Schema) -> bool:
    """A reference leads back to itself, or cannot be followed to see that it does not."""
    return isinstance(document, dict) and _leads_back(document, document, frozenset())


def _leads_back(node: Schema, document: Mapping[str, Any], under_way: frozenset[str]) -> bool:
    for inner in schemas_in(node):
        reference = inner.get("$ref")
        if reference is None:
            continue
        if reference in under_way:
            return True
        try:
            target = target_of(reference, document)
        except Unresolved:
            return True
        if _leads_back(_without_definitions(target), document, under_way | {reference}):
            return True
    return False


def _without_definitions(node: Schema) -> Schema:
    return {k: v for k, v in node.items() if k not in ("$defs", "definitions")} if isinstance(node, dict) else node


def simplified(node: Schema) -> Schema:
    """The same schema, with `unevaluated…` said as `additionalProperties` and `items` where these mean the same."""
    if not isinstance(node, dict):
        return node
    new = dict(node)
    if not IN_PLACE & node.keys():
        _rename(new, "unevaluatedProperties", "additionalProperties")
        if "contains" not in node:
            _rename(new, "unevaluatedItems", "items")
    return {keyword: mapped(keyword, value, simplified) for keyword, value in new.items()}


def _rename(node: dict[str, Any], keyword: str, plain: str) -> None:
    if keyword in node:
        node.setdefault(plain, node.pop(keyword))
        node.pop(keyword, None)
