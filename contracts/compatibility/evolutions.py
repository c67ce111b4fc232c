"""Random schemas and random changes of them, by a seed: small worlds, so that keywords meet."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from contracts.compatibility.json_schema import Policy, algebra, writes
from contracts.compatibility.json_schema.keywords import LISTS, MAPS, ONE, schemas_in
from contracts.compatibility.verdict import Schema

_NAMES: Final = ("a", "b", "c", "x-d")
_PATTERNS: Final = ("^a", "^ab", "^[a-c]*$", "^[a-z]{1,3}$", "b", "^x-", "^[^b]+$", "^(a|b)$", "^a?b?c?$", "\\d")
_TEXTS: Final = ("", "a", "b", "ab", "abc", "zz", "x-d", "1")
_FORMATS: Final = ("date", "date-time", "email", "uuid", "iso-4217")
_TYPES: Final = ("string", "integer", "number", "boolean", "null", "object", "array")
_MOST_DEPTH: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Evolution:
    old: Schema
    new: Schema
    changes: tuple[str, ...]


def evolution(seed: int) -> Evolution:
    rng = Random(seed)  # noqa: S311 - repeatable, not secret
    world = World(rng)
    old = world.written_document()
    new, changes = copy.deepcopy(old), []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        new, change = world.changed(new)
        changes.append(change)
    return Evolution(old=old, new=new, changes=tuple(changes))


@dataclass(slots=True)
class World:
    rng: Random
    depth: int = 0
    recursive: bool = False

    def written_document(self) -> dict[str, Any]:
        """One of which there are documents, if it is found soon."""
        for _ in range(8):
            document = self.document()
            try:
                if not algebra.is_empty(algebra.canonical_of(writes(document, Policy.LENIENT))):
                    break
            except algebra.TooEntangled:
                continue
        return document

    def document(self) -> dict[str, Any]:
        """An object, mostly, as payloads are; sometimes with a definition that leads back to itself."""
        self.recursive = self.rng.random() < 0.2  # noqa: PLR2004
        root = self.typed("object") if self.rng.random() < 0.7 else self.schema()  # noqa: PLR2004
        root = root if isinstance(root, dict) else {"not": {}}
        if self.recursive:
            root["$defs"] = {"T": self.typed("object")}
        return root

    def schema(self) -> Schema:
        self.depth += 1
        try:
            return self._schema()
        finally:
            self.depth -= 1

    def _schema(self) -> Schema:
        kind = self.rng.random()
        if self.recursive and kind < 0.1:  # noqa: PLR2004
            return {"$ref": "#/$defs/T"}
        if kind < 0.04:  # noqa: PLR2004
            return self.rng.choice((True, True, {}, False))
        if kind < 0.25 and self.depth < _MOST_DEPTH:  # noqa: PLR2004
            return self.combined()
        if kind < 0.35:  # noqa: PLR2004
            return self.listed()
        if kind < 0.42:  # noqa: PLR2004
            return {"type": self.rng.sample(_TYPES, 2)}
        simple = _TYPES[:5] if self.depth >= _MOST_DEPTH else _TYPES
        return self.typed(self.rng.choice(simple))

    def typed(self, type_: str) -> dict[str, Any]:
        keywords = self.rng.sample(OF_TYPE[type_], min(len(OF_TYPE[type_]), self.rng.choice((0, 1, 1, 2, 3))))
        node = {"type": type_, **{keyword: KEYWORDS[keyword](self) for keyword in keywords}}
        if type_ == "object":
            node["properties"] = self.properties()
            node["required"] = self.names()
        return node

    def combined(self) -> dict[str, Any]:
        keyword = self.rng.choice(("anyOf", "anyOf", "oneOf", "allOf", "not", "if"))
        beside = self.typed(self.rng.choice(_TYPES)) if self.rng.random() < 0.4 else {}  # noqa: PLR2004
        if keyword == "not":
            return {**beside, "not": self.schema()}
        if keyword == "if":
            return {**beside, "if": self.schema(), "then": self.schema(), "else": self.schema()}
        return {**beside, keyword: [self.schema() for _ in range(self.rng.choice((1, 2, 2, 3)))]}

    def listed(self) -> dict[str, Any]:
        values = [self.value() for _ in range(self.rng.choice((1, 2, 3)))]
        return {"const": values[0]} if self.rng.random() < 0.4 else {"enum": values}  # noqa: PLR2004

    def value(self) -> Any:
        return self.rng.choice((*_TEXTS, 0, 1, 2, 3, -1, 1.5, True, None, [], [1], {}, {"a": 1}))

    def properties(self) -> dict[str, Schema]:
        return {name: self.schema() for name in self.rng.sample(_NAMES, self.rng.choice((0, 1, 2, 2, 3)))}

    def names(self) -> list[str]:
        return self.rng.sample(_NAMES, self.rng.choice((0, 0, 1, 1, 2)))

    def changed(self, document: Schema) -> tuple[Schema, str]:
        """The document with one place in it changed, and the name of the change."""
        nodes = list(schemas_in(document))
        node = self.rng.choice(nodes)
        self.depth = 1
        change = self.rng.choice(tuple(CHANGES))
        CHANGES[change](self, node)
        return document, change


def _bound(*values: float) -> Callable[[World], Any]:
    return lambda world: world.rng.choice(values)


KEYWORDS: Final[Mapping[str, Callable[[World], Any]]] = {
    "minLength": _bound(0, 1, 2, 3),
    "maxLength": _bound(0, 1, 2, 3, 5),
    "pattern": lambda world: world.rng.choice(_PATTERNS),
    "format": lambda world: world.rng.choice(_FORMATS),
    "minimum": _bound(-1, 0, 1, 2, 0.5),
    "maximum": _bound(0, 1, 2, 3, 10, 2.5),
    "exclusiveMinimum": _bound(-1, 0, 1, 0.5),
    "exclusiveMaximum": _bound(1, 2, 3, 10, 2.5),
    "multipleOf": _bound(1, 2, 3, 4, 0.5),
    "minItems": _bound(0, 1, 2, 3),
    "maxItems": _bound(0, 1, 2, 3),
    "uniqueItems": lambda world: world.rng.random() < 0.8,  # noqa: PLR2004
    "items": lambda world: world.schema(),
    "prefixItems": lambda world: [world.schema() for _ in range(world.rng.choice((1, 2)))],
    "contains": lambda world: world.schema(),
    "minContains": _bound(0, 1, 2),
    "maxContains": _bound(1, 2),
    "unevaluatedItems": lambda world: world.schema(),
    "required": lambda world: world.names(),
    "properties": lambda world: world.properties(),
    "patternProperties": lambda world: {world.rng.choice(_PATTERNS): world.schema()},
    "additionalProperties": lambda world: world.rng.choice((False, False, True, world.schema())),
    "unevaluatedProperties": lambda world: world.rng.choice((False, world.schema())),
    "propertyNames": lambda world: {"pattern": world.rng.choice(_PATTERNS)},
    "minProperties": _bound(0, 1, 2),
    "maxProperties": _bound(0, 1, 2, 3),
    "dependentRequired": lambda world: {world.rng.choice(_NAMES): world.names()},
    "dependentSchemas": lambda world: {world.rng.choice(_NAMES): world.typed("object")},
}
_OF_NUMBERS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
OF_TYPE: Final[Mapping[str, tuple[str, ...]]] = {
    "string": ("minLength", "maxLength", "pattern", "pattern", "format"),
    "integer": _OF_NUMBERS,
    "number": _OF_NUMBERS,
    "boolean": (),
    "null": (),
    "array": (
        "minItems", "maxItems", "uniqueItems", "items", "items", "prefixItems", "contains", "minContains",
        "maxContains", "unevaluatedItems",
    ),
    "object": (
        "patternProperties", "additionalProperties", "additionalProperties", "unevaluatedProperties",
        "propertyNames", "minProperties", "maxProperties", "dependentRequired", "dependentSchemas",
    ),
}  # fmt: skip


def _set_keyword(world: World, node: dict[str, Any]) -> None:
    types = node.get("type", world.rng.choice(_TYPES))
    type_ = types if isinstance(types, str) else world.rng.choice(types)
    if OF_TYPE[type_]:
        keyword = world.rng.choice(OF_TYPE[type_])
        node[keyword] = KEYWORDS[keyword](world)


def _drop_keyword(world: World, node: dict[str, Any]) -> None:
    keywords = [keyword for keyword in node if keyword not in ("$defs", "$ref", "if")]
    if keywords:
        del node[world.rng.choice(keywords)]


def _move_bound(world: World, node: dict[str, Any]) -> None:
    bounds = [k for k, v in node.items() if isinstance(v, int | float) and not isinstance(v, bool) and k in KEYWORDS]
    if bounds:
        keyword = world.rng.choice(bounds)
        moved = node[keyword] + world.rng.choice((-1, 1))
        node[keyword] = max(moved, 1 if keyword == "multipleOf" else moved if "imum" in keyword else 0)


def _change_property(world: World, node: dict[str, Any]) -> None:
    properties = node.setdefault("properties", {})
    name = world.rng.choice(_NAMES)
    if name in properties and world.rng.random() < 0.5:  # noqa: PLR2004
        del properties[name]
    else:
        properties[name] = world.schema()


def _change_required(world: World, node: dict[str, Any]) -> None:
    name = world.rng.choice(_NAMES)
    required = node.get("required", [])
    node["required"] = [other for other in required if other != name] if name in required else [*required, name]


def _change_type(world: World, node: dict[str, Any]) -> None:
    types = node.get("type", [])
    listed = [types] if isinstance(types, str) else list(types)
    node["type"] = list(dict.fromkeys((*listed, world.rng.choice(_TYPES))))
    if len(node["type"]) > 1 and world.rng.random() < 0.4:  # noqa: PLR2004
        node["type"] = world.rng.sample(node["type"], len(node["type"]) - 1)


def _change_values(world: World, node: dict[str, Any]) -> None:
    values = list(node.get("enum", [node["const"]] if "const" in node else []))
    if values and world.rng.random() < 0.5:  # noqa: PLR2004
        values.pop(world.rng.randrange(len(values)))
    node.pop("const", None)
    node["enum"] = [*values, world.value()]


def _wrap(world: World, node: dict[str, Any]) -> None:
    definitions = node.pop("$defs", None)
    inner = copy.deepcopy(node)
    node.clear()
    keyword = world.rng.choice(("anyOf", "oneOf", "allOf", "allOf"))
    node[keyword] = [inner, *([world.schema()] if world.rng.random() < 0.6 else [])]  # noqa: PLR2004
    world.rng.shuffle(node[keyword])
    if definitions is not None:
        node["$defs"] = definitions


def _shuffle(world: World, node: dict[str, Any]) -> None:
    for keyword in LISTS & node.keys() - {"prefixItems"}:
        world.rng.shuffle(node[keyword])


def _replace_child(world: World, node: dict[str, Any]) -> None:
    keyword = world.rng.choice(sorted(node)) if node else ""
    value = node.get(keyword)
    if keyword in ONE:
        node[keyword] = world.schema()
    elif keyword in LISTS and isinstance(value, list):
        value[world.rng.randrange(len(value))] = world.schema()
    elif keyword in MAPS and keyword != "$defs" and value:
        value[world.rng.choice(sorted(value))] = world.schema()


CHANGES: Final[Mapping[str, Callable[[World, dict[str, Any]], None]]] = {
    "set keyword": _set_keyword,
    "drop keyword": _drop_keyword,
    "move bound": _move_bound,
    "change property": _change_property,
    "change required": _change_required,
    "change type": _change_type,
    "change values": _change_values,
    "wrap": _wrap,
    "shuffle": _shuffle,
    "replace child": _replace_child,
}
