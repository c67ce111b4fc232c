# ruff: noqa: E501 - a table is read in rows
"""Evolutions of Avro schemas, each thought through from the specification: what the old and the new make of each other.

`backward`: the rules that keep the new schema from reading the old one's data. `forward`: the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FITS: frozenset[str] = frozenset()
TYPE = frozenset({"TYPE_MISMATCH"})
NAME = frozenset({"NAME_MISMATCH"})
SIZE = frozenset({"FIXED_SIZE_MISMATCH"})
SYMBOLS = frozenset({"MISSING_ENUM_SYMBOLS"})
BRANCH = frozenset({"MISSING_UNION_BRANCH"})
DEFAULT = frozenset({"READER_FIELD_MISSING_DEFAULT_VALUE"})
LOGICAL = frozenset({"LOGICAL_TYPE_MISMATCH"})
AMBIGUOUS = frozenset({"AMBIGUOUS_ALIAS"})


@dataclass(frozen=True, kw_only=True)
class Row:
    what: str
    old: Any
    new: Any
    backward: frozenset[str]
    forward: frozenset[str]


def row(what: str, old: Any, new: Any, backward: frozenset[str], forward: frozenset[str]) -> Row:
    return Row(what=what, old=old, new=new, backward=backward, forward=forward)


def field(name: str, type_: Any = "int", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": type_, **more}


def record(name: str, *fields: Any, **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": [*fields], **more}


def enum(name: str, symbols: str, **more: Any) -> dict[str, Any]:
    return {"type": "enum", "name": name, "symbols": [*symbols], **more}


def fixed(name: str, size: int, **more: Any) -> dict[str, Any]:
    return {"type": "fixed", "name": name, "size": size, **more}


def array(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def map_(values: Any) -> dict[str, Any]:
    return {"type": "map", "values": values}


def logical(type_: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": type_, "logicalType": name, **more}


def decimal(precision: int, scale: int) -> dict[str, Any]:
    return logical("bytes", "decimal", precision=precision, scale=scale)


_R = record("R", field("a"))
_LIST = record("L", field("v"), field("next", ["null", "L"], default=None))
_LIST_OF_LONGS = record("L", field("v", "long"), field("next", ["null", "L"], default=None))
_LIST_OF_TEXTS = record("L", field("v", "string"), field("next", ["null", "L"], default=None))

PRIMITIVES = [
    row("the same primitive", "int", "int", FITS, FITS),
    row("a primitive by name and as an object", "string", {"type": "string"}, FITS, FITS),
    row("attributes that Avro does not know", "long", {"type": "long", "minimum": 0}, FITS, FITS),
    row("int to long", "int", "long", FITS, TYPE),
    row("int to float", "int", "float", FITS, TYPE),
    row("int to double", "int", "double", FITS, TYPE),
    row("long to float", "long", "float", FITS, TYPE),
    row("long to double", "long", "double", FITS, TYPE),
    row("float to double", "float", "double", FITS, TYPE),
    row("int to string", "int", "string", TYPE, TYPE),
    row("boolean to int", "boolean", "int", TYPE, TYPE),
    row("null to string", "null", "string", TYPE, TYPE),
    row("string to bytes: each is promoted to the other", "string", "bytes", FITS, FITS),
    row("bytes to fixed", "bytes", fixed("F", 4), TYPE, TYPE),
    row("string to enum", "string", enum("E", "A"), TYPE, TYPE),
]
RECORDS = [
    row("an optional field added", _R, record("R", field("a"), field("b", default=0)), FITS, FITS),
    row("a required field added", _R, record("R", field("a"), field("b")), DEFAULT, FITS),
    row("a nullable field without a default added", _R, record("R", field("a"), field("b", ["null", "int"])), DEFAULT, FITS),
    row("a field with a default of null added", _R, record("R", field("a"), field("b", ["null", "int"], default=None)), FITS, FITS),
    row("a field's default dropped", record("R", field("a", default=0)), _R, FITS, FITS),
    row("another default", record("R", field("a", default=0)), record("R", field("a", default=1)), FITS, FITS),
    row("fields in another order", record("R", field("a"), field("b", "string")), record("R", field("b", "string"), field("a")), FITS, FITS),
    row("a field's type promoted", _R, record("R", field("a", "long")), FITS, TYPE),
    row("a field's type changed", _R, record("R", field("a", "string")), TYPE, TYPE),
    row("a field renamed without an alias", _R, record("R", field("b")), DEFAULT, DEFAULT),
    row("a field renamed with an alias", _R, record("R", field("b", aliases=["a"])), FITS, DEFAULT),
    row("an optional field renamed with an alias", record("R", field("a", default=0)), record("R", field("b", default=0, aliases=["a"])), FITS, FITS),
    row("a renamed field of another type", _R, record("R", field("b", "string", aliases=["a"])), TYPE, DEFAULT),
    row("two fields made one by an alias", record("R", field("a"), field("b")), record("R", field("b", aliases=["a"])), AMBIGUOUS, DEFAULT),
    row("an alias that the old record does not have", _R, record("R", field("a", aliases=["z"])), FITS, FITS),
    row("a field's own name as its alias", _R, record("R", field("a", aliases=["a"])), FITS, FITS),
    row("names of fields are case-sensitive", _R, record("R", field("A")), DEFAULT, DEFAULT),
    row("doc and order", _R, record("R", field("a", doc="the a", order="ignore"), doc="an R"), FITS, FITS),
    row("no fields left", _R, record("R"), FITS, DEFAULT),
    row("a record and a map", _R, map_("int"), TYPE, TYPE),
    row("deep inside: a required field added", record("O", field("r", _R)), record("O", field("r", record("R", field("a"), field("b")))), DEFAULT, FITS),
    row("a field that the new record lacks may be of any type", record("R", field("a"), field("x", enum("E", "A"))), record("R", field("a"), field("y", fixed("E", 2), default="aa")), FITS, DEFAULT),
]  # fmt: skip
NAMES = [
    row("a record renamed", _R, record("S", field("a")), NAME, NAME),
    row("a record renamed with an alias", _R, record("S", field("a"), aliases=["R"]), FITS, NAME),
    row("another namespace: only unqualified names count", record("x.R", field("a")), record("y.R", field("a")), FITS, FITS),
    row("a namespace by attribute and in the name", record("R", field("a"), namespace="x"), record("x.R", field("a")), FITS, FITS),
    row("an alias is relative to the namespace of its type", record("x.R", field("a")), record("x.S", field("a"), aliases=["R"]), FITS, NAME),
    row("an alias of another namespace is another name", record("x.R", field("a")), record("y.S", field("a"), aliases=["R"]), NAME, NAME),
    row("an alias with the old namespace", record("x.R", field("a")), record("y.S", field("a"), aliases=["x.R"]), FITS, NAME),
    row("a nested type inherits the namespace", record("x.O", field("r", _R)), record("x.O", field("r", record("x.R", field("a")))), FITS, FITS),
    row("a reference and a second definition's twin", record("O", field("r", _R), field("s", "R")), record("O", field("r", record("R", field("a", "long"))), field("s", "R")), FITS, TYPE),
    row("an enum renamed", enum("E", "AB"), enum("F", "AB"), NAME, NAME),
    row("an enum renamed with an alias", enum("E", "AB"), enum("F", "AB", aliases=["E"]), FITS, NAME),
    row("a fixed renamed", fixed("F", 2), fixed("G", 2), NAME, NAME),
    row("a record and an enum of one name", record("N"), enum("N", "A"), TYPE, TYPE),
    row("a fixed and an enum of one name", fixed("N", 1), enum("N", "A"), TYPE, TYPE),
]  # fmt: skip
ENUMS_AND_FIXED = [
    row("a symbol added", enum("E", "AB"), enum("E", "ABC"), FITS, SYMBOLS),
    row("a symbol added, both with defaults", enum("E", "AB", default="A"), enum("E", "ABC", default="A"), FITS, FITS),
    row("a symbol removed", enum("E", "ABC"), enum("E", "AB"), SYMBOLS, FITS),
    row("a symbol removed, and a default given", enum("E", "ABC"), enum("E", "AB", default="B"), FITS, FITS),
    row("the old default does not help the new reader", enum("E", "ABC", default="A"), enum("E", "AB"), SYMBOLS, FITS),
    row("symbols in another order", enum("E", "AB"), enum("E", "BA"), FITS, FITS),
    row("a field's default is not its enum's", record("R", field("e", enum("E", "AB"))), record("R", field("e", enum("E", "A"), default="A")), SYMBOLS, FITS),
    row("a fixed of another size", fixed("F", 2), fixed("F", 3), SIZE, SIZE),
    row("a fixed of one size", fixed("F", 2), fixed("F", 2), FITS, FITS),
]  # fmt: skip
CONTAINERS = [
    row("an array's items promoted", array("int"), array("long"), FITS, TYPE),
    row("an array's items changed", array("int"), array("string"), TYPE, TYPE),
    row("a map's values promoted", map_("float"), map_("double"), FITS, TYPE),
    row("an array and a map", array("int"), map_("int"), TYPE, TYPE),
    row("one becomes many", "int", array("int"), TYPE, TYPE),
    row("an array of records: a required field added", array(_R), array(record("R", field("a"), field("b"))), DEFAULT, FITS),
    row("an array's items made nullable", array("int"), array(["null", "int"]), FITS, TYPE),
    row("arrays in maps", map_(array("int")), map_(array("double")), FITS, TYPE),
]  # fmt: skip
UNIONS = [
    row("made nullable", "int", ["null", "int"], FITS, TYPE),
    row("made nullable and promoted", "int", ["null", "long"], FITS, TYPE),
    row("made nullable with another type", "int", ["null", "string"], BRANCH, TYPE),
    row("a branch added", ["null", "int"], ["null", "int", "string"], FITS, BRANCH),
    row("branches in another order", ["null", "int"], ["int", "null"], FITS, FITS),
    row("a branch promoted", ["null", "int"], ["null", "double"], FITS, BRANCH),
    row("a union whose branches all promote to one type", ["int", "long"], "double", FITS, BRANCH),
    row("a union of one", ["int"], "int", FITS, FITS),
    row("no branch in common", ["null", "int"], ["boolean", "bytes"], BRANCH, BRANCH),
    row("the first branch that matches is taken", record("b.R", field("a")), [record("a.R", field("a"), field("b")), record("b.R", field("a"))], DEFAULT, FITS),
    row("a branch is found by its record's alias", ["null", _R], ["null", record("S", field("a"), aliases=["R"])], FITS, BRANCH),
    row("a record in a union changes inside", ["null", _R], ["null", record("R", field("a", "string"))], TYPE, TYPE),
    row("an array is matched by its items", array("int"), ["null", array("string")], BRANCH, TYPE),
    row("an array in a union, its items promoted", ["null", array("int")], ["null", array("long")], FITS, BRANCH),
    row("two records of one name: a union of them reads its own", record("R", field("g", ["null", "R", record("b.R", field("g", "long"))])), record("R", field("g", ["null", "R", record("b.R", field("g", "long"))])), FITS, FITS),
    row("an enum in a union grows", ["null", enum("E", "AB")], ["null", enum("E", "ABC")], FITS, SYMBOLS),
    row("a fixed in a union changes size", ["null", fixed("F", 1)], ["null", fixed("F", 2)], BRANCH, BRANCH),
]  # fmt: skip
RECURSIVE = [
    row("a list", _LIST, _LIST, FITS, FITS),
    row("a list, its values promoted", _LIST, _LIST_OF_LONGS, FITS, TYPE),
    row("a list, its values changed", _LIST, _LIST_OF_TEXTS, TYPE, TYPE),
    row("a list that may no longer go on", _LIST, record("L", field("v"), field("next", "null", default=None)), TYPE, FITS),
    row("a tree and a list of one name", record("L", field("v"), field("next", array("L"))), _LIST, BRANCH, TYPE),
]  # fmt: skip
LOGICAL_TYPES = [
    row("timestamps of another precision", logical("long", "timestamp-millis"), logical("long", "timestamp-micros"), LOGICAL, LOGICAL),
    row("an instant and a local time", logical("long", "timestamp-millis"), logical("long", "local-timestamp-millis"), LOGICAL, LOGICAL),
    row("a logical type given up", logical("long", "timestamp-micros"), "long", FITS, LOGICAL),
    row("a date promoted to a timestamp", logical("int", "date"), logical("long", "timestamp-millis"), LOGICAL, TYPE),
    row("a date promoted to a plain long", logical("int", "date"), "long", FITS, TYPE),
    row("decimals of another scale", decimal(6, 2), decimal(6, 3), LOGICAL, LOGICAL),
    row("decimals of another precision", decimal(4, 2), decimal(6, 2), LOGICAL, LOGICAL),
    row("the scale is 0 if it is not said", decimal(4, 0), logical("bytes", "decimal", precision=4), FITS, FITS),
    row("an invalid decimal is plain bytes", decimal(2, 3), "bytes", FITS, FITS),
    row("an unknown logical type is none", logical("string", "colour"), "string", FITS, FITS),
    row("a logical type on the wrong base is none", logical("string", "date"), "string", FITS, FITS),
    row("text declared to be UUIDs", "string", logical("string", "uuid"), LOGICAL, FITS),
    row("a precision that a fixed cannot hold is none", fixed("F", 1, logicalType="decimal", precision=9), fixed("F", 1), FITS, FITS),
    row("a logical type in a union", ["null", logical("int", "date")], ["null", logical("int", "time-millis")], LOGICAL, LOGICAL),
]  # fmt: skip

TABLE = [*PRIMITIVES, *RECORDS, *NAMES, *ENUMS_AND_FIXED, *CONTAINERS, *UNIONS, *RECURSIVE, *LOGICAL_TYPES]
