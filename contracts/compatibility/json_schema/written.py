"""What a writer's schema writes, as a schema: closed where it names what it writes, and otherwise as it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal

from contracts.compatibility.json_schema.keywords import (
    IN_PLACE,
    Unresolved,
    held,
    is_recursive,
    mapped,
    schemas_in,
    simplified,
    target_of,
)
from contracts.compatibility.verdict import Schema


class Policy(StrEnum):
    """How a writer's schema is read.

    LENIENT: it writes no properties beyond those it names, and no elements beyond the tuple that it names, at every
    depth: as if each such place had `unevaluatedProperties: false` or `unevaluatedItems: false`. An
    `additionalProperties` or `items` that is a schema names too. An object that names no properties is a free map,
    and stays one. STRICT: as it stands.
    """

    LENIENT = "LENIENT"
    STRICT = "STRICT"


#: A `whole` schema is all that judges a value, a `part` is one of several that do, `plain` ones are not writing at all.
_Role = Literal["whole", "part", "plain"]

_DYNAMIC: Final = ("$dynamicRef", "$recursiveRef")
#: Keywords whose schemas say what is not written, or when: closing them would let more be written.
_NOT_WRITING: Final = frozenset(("not", "if", "contains", "propertyNames", "contentSchema"))
_CHILDREN: Final = frozenset((
    "properties", "patternProperties", "additionalProperties", "unevaluatedProperties", "items", "prefixItems",
    "unevaluatedItems",
))  # fmt: skip
_DROPPED: Final = frozenset(("$id", "$anchor", "$dynamicAnchor", "$defs", "definitions"))
_OPEN: Final = ("additionalProperties", "unevaluatedProperties", "items", "unevaluatedItems")


def written(schema: Schema, policy: Policy) -> Schema:
    """A schema of the documents that are written.

    A schema with references that this does not follow is read as it stands: it writes more, never less.
    """
    if policy is Policy.STRICT or not isinstance(schema, dict):
        return schema
    if any(keyword in node for node in schemas_in(schema) for keyword in _DYNAMIC) or _has_inner_id(schema):
        return schema
    plain = simplified(schema)
    try:
        return _Closing(plain, is_recursive=is_recursive(plain)).document()
    except Unresolved:
        return schema


def _has_inner_id(document: Mapping[str, Any]) -> bool:
    return any("$id" in node for node in schemas_in(document) if node is not document)


@dataclass(slots=True)
class _Closing:
    root: dict[str, Any]
    is_recursive: bool
    names: dict[str, str] = field(default_factory=dict)
    definitions: dict[str, Schema] = field(default_factory=dict)

    def document(self) -> Schema:
        closed = self.schema(self.root, "whole")
        return {**closed, "$defs": self.definitions} if self.definitions else closed

    def schema(self, node: Schema, role: _Role) -> Schema:
        if not isinstance(node, dict):
            return node
        if role == "whole":
            return self.whole(node)
        kept = node if role == "plain" else {k: v for k, v in node.items() if not _is_open(k, v)}
        return self.rewritten(kept, role)

    def whole(self, node: dict[str, Any]) -> Schema:
        if not IN_PLACE & node.keys():
            return self.closed_object(self.closed_tuple(self.schema(node, "part")), node)
        if self.is_alternatives(node):
            return self.rewritten(node, "whole")
        return self.closed_composition(node)

    def is_alternatives(self, node: dict[str, Any]) -> bool:
        """Only one of the alternatives is of objects or arrays, so each can be closed by itself."""
        if "$ref" in node:
            return not (IN_PLACE - {"$ref"}) & node.keys() and not _names_something(node)
        if (IN_PLACE & node.keys()) - {"anyOf"} or _names_something(node):
            return False
        branches = [self.resolved(branch) for branch in node["anyOf"]]
        return sum(_takes(branch, "object") or _takes(branch, "array") for branch in branches) <= 1

    def resolved(self, node: Schema) -> Schema:
        return target_of(node["$ref"], self.root) if isinstance(node, dict) and "$ref" in node else node

    def closed_object(self, closed: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
        if not _names_properties(node) or {"additionalProperties", "unevaluatedProperties"} & closed.keys():
            return closed
        named = {**dict.fromkeys(_demanded(node), True), **closed.get("properties", {})}
        if "patternProperties" not in node and node.get("minProperties", 0) > len(named):
            return closed
        return {**closed, "properties": named, "additionalProperties": False}

    def closed_tuple(self, closed: dict[str, Any]) -> dict[str, Any]:
        elements = closed.get("prefixItems")
        if elements is None or {"items", "unevaluatedItems"} & closed.keys():
            return closed
        return closed if closed.get("minItems", 0) > len(elements) else {**closed, "items": False}

    def closed_composition(self, node: dict[str, Any]) -> Schema:
        parts = list(self.parts(node, frozenset()))
        bounds: dict[str, Any] = {}
        if any(_names_properties(part) for part in parts) and not self.is_free(node, "object", frozenset()):
            demanded = {name: True for part in parts for name in _demanded(part)}
            bounds |= {"properties": demanded, "unevaluatedProperties": False}
        if any("prefixItems" in part for part in parts) and not self.is_free(node, "array", frozenset()):
            bounds |= {"unevaluatedItems": False}
        if bounds and not self.is_recursive:  # which is left open: see algebra.TooEntangled
            return {"allOf": [self.schema(node, "part")], **bounds}
        if bounds:
            return self.schema(node, "plain")
        counts_rest = any(
            keyword in part for part in parts for keyword in ("unevaluatedProperties", "unevaluatedItems")
        )
        return self.schema(node, "plain" if counts_rest else "part")

    def is_free(self, node: Schema, type_: str, seen: frozenset[str]) -> bool:
        """A value of this type can match in a way on which nothing is named: it can then be anything."""
        if not isinstance(node, dict):
            return bool(node)
        if not _takes(node, type_) or _names_something(node):
            return False
        if (reference := node.get("$ref")) is not None and reference not in seen:
            seen |= {reference}
            if not self.is_free(target_of(reference, self.root), type_, seen):
                return False
        both = all(self.is_free(part, type_, seen) for part in node.get("allOf", ()))
        return both and all(
            any(self.is_free(branch, type_, seen) for branch in branches) for branches in _alternatives(node)
        )

    def parts(self, node: Schema, seen: frozenset[str]) -> Iterator[dict[str, Any]]:
        """All schemas that judge the same value as `node`."""
        if not isinstance(node, dict):
            return
        yield node
        if (reference := node.get("$ref")) is not None and reference not in seen:
            yield from self.parts(target_of(reference, self.root), seen | {reference})
        for keyword in IN_PLACE & node.keys():
            for child in held(keyword, node[keyword]):
                yield from self.parts(child, seen)

    def rewritten(self, node: dict[str, Any], role: _Role) -> dict[str, Any]:
        """The node with its references leading to definitions of this closing, and each schema in its role."""
        new: dict[str, Any] = {}
        for keyword, value in node.items():
            if keyword in _DROPPED:
                continue
            if keyword == "$ref":
                new[keyword] = self.reference(value, role)
            elif keyword == "oneOf" and role != "plain":
                # Exactly one matches as it is written down, and what is written is closed.
                new[keyword] = [self.schema(branch, "plain") for branch in value]
                new["allOf"] = [*new.get("allOf", ()), {"anyOf": [self.schema(branch, role) for branch in value]}]
            else:
                changed = mapped(keyword, value, lambda child, k=keyword: self.schema(child, _role_of(k, role)))  # type: ignore[misc]
                new[keyword] = [*changed, *new.get("allOf", ())] if keyword == "allOf" else changed
        return new

    def reference(self, reference: str, role: _Role) -> str:
        key = f"{role} {reference}"
        if key not in self.names:
            self.names[key] = f"{role}-{len(self.names)}"
            self.definitions[self.names[key]] = self.schema(target_of(reference, self.root), role)
        return f"#/$defs/{self.names[key]}"


def _role_of(keyword: str, role: _Role) -> _Role:
    if role == "plain" or keyword in _NOT_WRITING:
        return "plain"
    return "whole" if keyword in _CHILDREN else role


def _is_open(keyword: str, value: Any) -> bool:
    return keyword in _OPEN and (value is True or value == {})


def _names_properties(node: Mapping[str, Any]) -> bool:
    return "properties" in node or "patternProperties" in node


def _names_something(node: Mapping[str, Any]) -> bool:
    return _names_properties(node) or "prefixItems" in node or _has_schema_for_rest(node)


def _has_schema_for_rest(node: Mapping[str, Any]) -> bool:
    return any(keyword in node and not _is_open(keyword, node[keyword]) for keyword in _OPEN)


def _alternatives(node: Mapping[str, Any]) -> Iterator[list[Schema]]:
    yield from (node[keyword] for keyword in ("anyOf", "oneOf") if keyword in node)
    if "if" in node:
        yield [node.get("then", True), node.get("else", True)]


def _demanded(node: Mapping[str, Any]) -> list[str]:
    old = {name: names for name, names in node.get("dependencies", {}).items() if isinstance(names, list)}
    dependents = {**old, **node.get("dependentRequired", {})}
    return list(dict.fromkeys((*node.get("required", ()), *dependents, *(n for ns in dependents.values() for n in ns))))


def _takes(node: Schema, type_: str) -> bool:
    """False only where no value of this type can match."""
    if not isinstance(node, dict):
        return bool(node)
    if "const" in node or "enum" in node:
        return any(_type_of(value) == type_ for value in node.get("enum", [node.get("const")]))
    types = node.get("type", type_)
    return type_ in ([types] if isinstance(types, str) else types)


def _type_of(value: object) -> str:
    return "object" if isinstance(value, dict) else "array" if isinstance(value, list) else ""
