"""Seeded random Avro schemas and changes to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import Any

import fastavro

from contracts.compatibility.avro_data import has_data
from contracts.compatibility.avro_parser import InvalidAvroSchema, parsed
from contracts.compatibility.avro_types import fits, types_in

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
LOGICAL = (
    {"type": "int", "logicalType": "date"},
    {"type": "int", "logicalType": "time-millis"},
    {"type": "long", "logicalType": "timestamp-millis"},
    {"type": "long", "logicalType": "timestamp-micros"},
    {"type": "string", "logicalType": "uuid"},
    {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
    {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2},
)
DEFAULTS = (None, True, 0, 1.5, "", "A", "a", "aa", [], {}, {"f": 0}, {"g": None})
TYPE_NAMES = ("R", "S", "T", "a.R", "b.R")
FIELD_NAMES = ("f", "g", "h")
SYMBOLS = ("A", "B", "C", "D")


@dataclass(frozen=True, kw_only=True)
class Evolution:
    old: Any
    new: Any


def evolutions(seed: int) -> Iterator[Evolution]:
    """Endless: a schema and what one to three changes made of it, or, once in ten, two that have nothing in common."""
    random = Random(seed)  # noqa: S311 - data for a test
    while True:
        old = _valid(lambda: schema(random))
        new = _valid(lambda: schema(random) if random.random() < 0.1 else changed(old, random))  # noqa: B023
        yield Evolution(old=old, new=new)


def _valid(make: Callable[[], Any]) -> Any:
    """The first that we and fastavro take for Avro, all of whose types can have data."""
    while True:
        made = make()
        try:
            types = list(types_in(parsed(made)))
            fastavro.parse_schema(deepcopy(made))
        except (InvalidAvroSchema, ValueError, fastavro.schema.SchemaParseException):
            continue
        if all(map(has_data, types)):
            return made


def schema(random: Random) -> Any:
    return _type(random, depth=3) if random.random() < 0.2 else _record(random, depth=3, names=[])


def _type(random: Random, depth: int, names: list[str] | None = None) -> Any:
    names = [] if names is None else names
    kinds: list[Callable[[], Any]] = [
        lambda: random.choice(PRIMITIVES),
        lambda: random.choice(PRIMITIVES),
        lambda: deepcopy(random.choice(LOGICAL)),
        lambda: _enum(random, names),
        lambda: _fixed(random, names),
        lambda: random.choice(names) if names else "int",
    ]
    if depth:
        kinds += [
            lambda: {"type": "array", "items": _type(random, depth - 1, names)},
            lambda: {"type": "map", "values": _type(random, depth - 1, names)},
            lambda: [_type(random, depth - 1, names) for _ in range(random.randint(1, 3))],
            lambda: ["null", _type(random, depth - 1, names)],
            lambda: _record(random, depth - 1, names),
        ]
    return random.choice(kinds)()


def _name(random: Random, names: list[str]) -> str:
    """A new name, as a rule."""
    free = [name for name in TYPE_NAMES if name not in names]
    name = random.choice(free or TYPE_NAMES)
    names.append(name)
    return name


def _record(random: Random, depth: int, names: list[str]) -> Any:
    name = _name(random, names)
    fields = [_field(random, field, depth, names) for field in random.sample(FIELD_NAMES, random.randint(1, 3))]
    return {"type": "record", "name": name, "fields": fields}


def _field(random: Random, name: str, depth: int, names: list[str]) -> Any:
    return _with_default(random, {"name": name, "type": _type(random, depth, names)})


def _with_default(random: Random, field: Any) -> Any:
    """Every other time a default, of those that fit it; a type that hangs on others' names does without."""
    bare = {k: v for k, v in field.items() if k != "default"}
    try:
        type_ = parsed(bare["type"])
    except InvalidAvroSchema:
        return bare
    fitting = [value for value in DEFAULTS if fits(value, type_)]
    return bare | {"default": random.choice(fitting)} if fitting and random.random() < 0.5 else bare


def _enum(random: Random, names: list[str]) -> Any:
    symbols = random.sample(SYMBOLS, random.randint(1, 3))
    default = {"default": symbols[0]} if random.random() < 0.3 else {}
    return {"type": "enum", "name": _name(random, names), "symbols": symbols, **default}


def _fixed(random: Random, names: list[str]) -> Any:
    return {"type": "fixed", "name": _name(random, names), "size": random.choice((1, 2))}


def changed(old: Any, random: Random) -> Any:
    new = json.loads(json.dumps(old))
    for _ in range(random.randint(1, 3)):
        new = _changed_once(new, random)
    return new


def _changed_once(root: Any, random: Random) -> Any:
    """Change one place: the type there gives way to what a change makes of it."""
    holder = {"type": root}
    places = list(_places(holder))
    parent, key = random.choice(places)
    parent[key] = _changed_type(parent[key], random)
    return holder["type"]


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Where a type stands: the object or list that holds it, and under which key."""
    match node:
        case list():
            for index, branch in enumerate(node):
                yield node, index
                yield from _places(branch)
        case dict():
            for key in ("type", "items", "values"):
                if key in node and (key != "type" or ("fields" not in node and not _is_kind(node))):
                    yield node, key
                    yield from _places(node[key])
            for field in node.get("fields", ()):
                yield from _places(field)


def _is_kind(node: Any) -> bool:
    """Whether `type` names what the object itself is."""
    return isinstance(node["type"], str) and ("name" not in node or {"symbols", "size"} & node.keys()) and len(node) > 1


def _changed_type(type_: Any, random: Random) -> Any:
    match type_:
        case {"type": "record"}:
            return random.choice(RECORD_CHANGES)(type_, random)
        case {"type": "enum"}:
            return random.choice(ENUM_CHANGES)(type_, random)
        case {"type": "fixed"}:
            return random.choice(FIXED_CHANGES)(type_, random)
        case list():
            return random.choice(UNION_CHANGES)(type_, random)
        case _:
            return random.choice(ANY_CHANGES)(type_, random)


def _renamed(node: Any, random: Random) -> Any:
    return node | {"name": random.choice(TYPE_NAMES)}


def _renamed_with_alias(node: Any, random: Random) -> Any:
    alias = random.choice((node["name"], node["name"].rpartition(".")[2]))
    return node | {"name": random.choice(TYPE_NAMES), "aliases": [alias]}


def _field_added(node: Any, random: Random) -> Any:
    field = _field(random, random.choice(FIELD_NAMES), 1, list(TYPE_NAMES[:1]))
    fields = [*node["fields"]]
    fields.insert(random.randint(0, len(fields)), field)
    return node | {"fields": fields}


def _field_removed(node: Any, random: Random) -> Any:
    fields = [*node["fields"]]
    if fields:
        fields.pop(random.randrange(len(fields)))
    return node | {"fields": fields}


def _fields_shuffled(node: Any, random: Random) -> Any:
    return node | {"fields": random.sample(node["fields"], len(node["fields"]))}


def _one_field(change: Callable[[Any, Random], Any]) -> Callable[[Any, Random], Any]:
    def changed_record(node: Any, random: Random) -> Any:
        if not node["fields"]:
            return node
        at = random.randrange(len(node["fields"]))
        return node | {"fields": [change(f, random) if n == at else f for n, f in enumerate(node["fields"])]}

    return changed_record


def _field_renamed(field: Any, random: Random) -> Any:
    return field | {"name": random.choice(FIELD_NAMES)}


def _field_renamed_with_alias(field: Any, random: Random) -> Any:
    return field | {"name": random.choice(FIELD_NAMES), "aliases": [field["name"]]}


def _symbol_added(node: Any, random: Random) -> Any:
    return node | {"symbols": [*node["symbols"], random.choice(SYMBOLS)]}


def _symbol_removed(node: Any, random: Random) -> Any:
    return node | {"symbols": node["symbols"][1:] or node["symbols"]}


def _enum_default(node: Any, random: Random) -> Any:
    bare = {k: v for k, v in node.items() if k != "default"}
    return bare if "default" in node else bare | {"default": random.choice(node["symbols"])}


def _resized(node: Any, random: Random) -> Any:
    return node | {"size": random.choice((1, 2, 3))}


def _branch_added(node: Any, random: Random) -> Any:
    return [*node, _type(random, 1)]


def _branch_removed(node: Any, random: Random) -> Any:
    return node[1:] or node


def _shuffled(node: Any, random: Random) -> Any:
    return random.sample(node, len(node))


def _one_branch(node: Any, random: Random) -> Any:
    return random.choice(node)


def _made_optional(node: Any, random: Random) -> Any:
    return ["null", node]


def _wrapped(node: Any, random: Random) -> Any:
    return {"type": "array", "items": node}


def _other(node: Any, random: Random) -> Any:
    return _type(random, 1)


def _other_primitive(node: Any, random: Random) -> Any:
    return random.choice((*PRIMITIVES, *LOGICAL))


Change = Callable[[Any, Random], Any]
RECORD_CHANGES: tuple[Change, ...] = (
    *(_renamed, _renamed_with_alias, _field_added, _field_added, _field_removed, _fields_shuffled),
    *map(_one_field, (_field_renamed, _field_renamed_with_alias, lambda field, random: _with_default(random, field))),
    _made_optional,
)
ENUM_CHANGES: tuple[Change, ...] = (
    *(_renamed, _renamed_with_alias, _symbol_added, _symbol_removed, _enum_default, _made_optional, _other),
)
FIXED_CHANGES: tuple[Change, ...] = (_renamed, _renamed_with_alias, _resized, _made_optional, _other)
UNION_CHANGES: tuple[Change, ...] = (_branch_added, _branch_removed, _shuffled, _one_branch)
ANY_CHANGES: tuple[Change, ...] = (_other_primitive, _other_primitive, _made_optional, _wrapped, _other)
