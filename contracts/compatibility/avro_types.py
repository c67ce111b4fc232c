"""An Avro schema as its types: names made full, references followed, mistakes named by their place.

Source: Apache Avro 1.12 specification, "Schema Declaration" and "Logical Types".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

#: Primitive types, each with those that a reader may promote it to.
PROMOTIONS: Final[Mapping[str, frozenset[str]]] = {
    "null": frozenset(),
    "boolean": frozenset(),
    "int": frozenset(("long", "float", "double")),
    "long": frozenset(("float", "double")),
    "float": frozenset(("double",)),
    "double": frozenset(),
    "bytes": frozenset(("string",)),
    "string": frozenset(("bytes",)),
}
INTEGERS: Final = {"int": range(-(2**31), 2**31), "long": range(-(2**63), 2**63)}


@dataclass(frozen=True, slots=True)
class Logical:
    """What a type stands for. Decimals have digits: (precision, scale)."""

    name: str
    digits: tuple[int, int] | None = None

    def __str__(self) -> str:
        return self.name if self.digits is None else f"{self.name}{self.digits}"


# Types are compared by identity: a name is defined once, and may be recursive.


@dataclass(eq=False, kw_only=True)
class Primitive:
    name: str
    logical: Logical | None = None


@dataclass(eq=False, kw_only=True)
class Array:
    items: Type


@dataclass(eq=False, kw_only=True)
class Map:
    values: Type


@dataclass(eq=False, kw_only=True)
class Union:
    branches: tuple[Type, ...]


@dataclass(eq=False, kw_only=True)
class Named:
    """`name` and `aliases` are full names."""

    name: str
    aliases: tuple[str, ...] = ()

    @property
    def unqualified(self) -> str:
        return unqualified(self.name)


@dataclass(eq=False, kw_only=True)
class Fixed(Named):
    size: int
    logical: Logical | None = None


@dataclass(eq=False, kw_only=True)
class Enum(Named):
    symbols: tuple[str, ...]
    default: str | None = None


@dataclass(eq=False, kw_only=True)
class Field:
    """`default` is a tuple of one, so that null can be told from none."""

    name: str
    type: Type
    aliases: tuple[str, ...] = ()
    default: tuple[Any, ...] = ()


@dataclass(eq=False, kw_only=True)
class Record(Named):
    fields: dict[str, Field] = field(default_factory=dict)


Type = Primitive | Array | Map | Union | Fixed | Enum | Record


def unqualified(name: str) -> str:
    return name.rpartition(".")[2]


def types_in(root: Type) -> Iterator[Type]:
    """The type and all that it is made of, each once."""
    seen: set[Type] = set()
    waiting = [root]
    while waiting:
        type_ = waiting.pop()
        if type_ not in seen:
            seen.add(type_)
            waiting += _parts(type_)
            yield type_


def _parts(type_: Type) -> tuple[Type, ...]:
    match type_:
        case Array(items=inner) | Map(values=inner):
            return (inner,)
        case Union(branches=branches):
            return branches
        case Record(fields=fields):
            return tuple(field.type for field in fields.values())
        case _:
            return ()


def told(type_: Type) -> str:
    """The type in a sentence: `string`, record `Line`, an array."""
    match type_:
        case Primitive(name=name, logical=None):
            return f"`{name}`"
        case Primitive(name=name, logical=logical):
            return f"`{name}` ({logical})"
        case Named():
            return f"{type(type_).__name__.lower()} `{type_.unqualified}`"
        case Union(branches=branches):
            return f"a union of {' and '.join(map(told, branches))}"
        case _:
            return f"{'an' if isinstance(type_, Array) else 'a'} {type(type_).__name__.lower()}"


def fits(value: Any, type_: Type) -> bool:  # noqa: PLR0911 - one line for each kind of type
    """Whether decoded JSON is a default value of the type."""
    match type_:
        case Primitive(name=name):
            return _is_primitive(value, name)
        case Array(items=items):
            return isinstance(value, list) and all(fits(item, items) for item in value)
        case Map(values=values):
            return isinstance(value, dict) and all(fits(v, values) for v in value.values())
        case Union(branches=branches):
            return any(fits(value, branch) for branch in branches)
        case Fixed(size=size):
            return _is_primitive(value, "bytes") and len(value) == size
        case Enum(symbols=symbols):
            return value in symbols
        case Record(fields=fields):
            return isinstance(value, dict) and all(
                fits(value[f.name], f.type) if f.name in value else bool(f.default) for f in fields.values()
            )


def _is_primitive(value: Any, name: str) -> bool:
    match name:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "int" | "long":
            return isinstance(value, int) and not isinstance(value, bool) and value in INTEGERS[name]
        case "float" | "double":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "bytes":
            return isinstance(value, str) and all(ord(character) < 2**8 for character in value)
        case _:
            return isinstance(value, str)
