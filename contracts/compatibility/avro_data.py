"""Data of an Avro schema that go to its edges: every branch, every symbol, empty and full, least and most.

What comes is not drawn but next in turn: for each type the choices come round, one by one, each round in another
order that the seed decides. So a few dozen data reach all that the schema can say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, Final, TypeVar
from uuid import UUID

from contracts.compatibility.avro_types import (
    INTEGERS,
    Array,
    Enum,
    Fixed,
    Logical,
    Map,
    Named,
    Primitive,
    Record,
    Type,
    Union,
)

_T = TypeVar("_T")

#: Levels below which the data of a recursive type end as soon as they can.
_DEPTH: Final = 5
_SECONDS_A_DAY: Final = 86_400
#: What the calendar of most languages has: the years 1 to 9999, in days since 1970.
_DAYS: Final = (-719_162, 2_932_896)
_PER_SECOND: Final = {"millis": 10**3, "micros": 10**6, "nanos": 10**9}

_EDGES: Final[Mapping[str, Sequence[Any]]] = {
    "null": (None,),
    "boolean": (True, False),
    **{name: (0, 1, -1, values[0], values[-1]) for name, values in INTEGERS.items()},
    "float": (0.0, 1.5, -1.0, 2.0**-126, 1.0e38, math.inf),
    "double": (0.0, 0.1, -1.0, 5e-324, 1.7e308, math.inf),
    "bytes": (b"", b"a", "é€".encode(), b"\xff\x00"),
    "string": ("", "a", "é€😀", "x" * 300),
}


def data(schema: Type, random: Random) -> Iterator[Any]:
    """Endless data as fastavro writes them, a union's choice by name. None at all if the schema has no finite data."""
    source = _Source(random)
    while has_data(schema):
        yield source.datum(schema, 0)


def has_data(type_: Type) -> bool:
    """A record that cannot do without itself has none, and an enum without symbols."""
    return _height(type_) < math.inf


def _height(type_: Type, above: frozenset[Type] = frozenset()) -> float:
    """The levels of the type's smallest data; endless for one that needs itself."""
    match type_:
        case Record(fields=fields) if type_ not in above:
            return 1 + max((_height(field.type, above | {type_}) for field in fields.values()), default=0)
        case Union(branches=branches):
            return min(_height(branch, above) for branch in branches)
        case Record() | Enum(symbols=()):
            return math.inf
        case _:
            return 0


class _Source:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._rounds: dict[Type, list[Any]] = {}

    def datum(self, type_: Type, depth: int) -> Any:  # noqa: PLR0911 - one for each kind of type
        match type_:
            case Record(fields=fields):
                return {name: self.datum(field.type, depth + 1) for name, field in fields.items()}
            case Union(branches=branches):
                branch = self._branch(type_, branches, depth)
                return _branch_name(branch), self.datum(branch, depth)
            case Array(items=items):
                return [self.datum(items, depth + 1) for _ in range(self._size(type_, items, depth))]
            case Map(values=values):
                return {f"k{n}": self.datum(values, depth + 1) for n in range(self._size(type_, values, depth))}
            case Enum(symbols=symbols):
                return self._next(type_, symbols)
            case Fixed(size=size, logical=logical):
                return self._next(type_, _fixed(size, logical))
            case Primitive(name=name, logical=logical):
                return self._next(type_, _EDGES[name] if logical is None else _logical(name, logical))

    def _size(self, type_: Type, inner: Type, depth: int) -> int:
        return self._next(type_, (1, 0, 2)) if depth < _DEPTH and has_data(inner) else 0

    def _branch(self, union: Type, branches: Sequence[Type], depth: int) -> Type:
        if depth < _DEPTH:
            return self._next(union, [branch for branch in branches if has_data(branch)])
        return min(branches, key=_height)

    def _next(self, type_: Type, choices: Sequence[_T]) -> _T:
        if not self._rounds.get(type_):
            self._rounds[type_] = self._random.sample(choices, len(choices))
        chosen: _T = self._rounds[type_].pop()
        return chosen


def _branch_name(branch: Type) -> str:
    match branch:
        case Primitive(name=name) | Named(name=name):
            return name
        case _:
            return type(branch).__name__.lower()


def _fixed(size: int, logical: Logical | None) -> Sequence[bytes]:
    if logical is None or logical.digits is None:
        return (bytes(size), b"\x7f" * size)
    return [value.to_bytes(size, "big", signed=True) for value in _decimals(logical.digits)]


def _logical(name: str, logical: Logical) -> Sequence[Any]:
    """Values that the logical type has, since readers refuse others: 1 hour before midnight is no time of day."""
    match logical.name.rpartition("-"):
        case (_, _, "decimal") if logical.digits is not None:
            return [
                value.to_bytes(9 + logical.digits[0] // 2, "big", signed=True) for value in _decimals(logical.digits)
            ]
        case (_, _, "uuid"):
            return (str(UUID(int=0)), str(UUID(int=2**128 - 1)))
        case (_, _, "date"):
            return (0, *_DAYS)
        case ("time", _, unit):
            return (0, _SECONDS_A_DAY * _PER_SECOND[unit] - 1)
        case ("timestamp" | "local-timestamp", _, unit):
            ends = (day * _SECONDS_A_DAY * _PER_SECOND[unit] for day in _DAYS)
            return (0, *(end for end in ends if end in INTEGERS[name]))
        case _:
            return _EDGES[name]


def _decimals(digits: tuple[int, int]) -> tuple[int, ...]:
    most = 10 ** digits[0] - 1
    return (0, 1, most, -most)
