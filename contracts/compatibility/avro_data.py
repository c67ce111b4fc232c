"""Data of an Avro schema that go to its edges: every branch, every symbol, empty and full, least and most.

What is written once is not random but next in turn: at each place of the schema the choices come round, one by one,
in an order and from a start that the seed decides. So a few dozen data reach all that the schema can say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from random import Random
from typing import Any, Final
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

#: Levels below which the data of a recursive type end as soon as they can.
_DEPTH: Final = 6
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
    """Endless data as fastavro writes them, each choice of a union by name. Nothing if the schema has no finite data."""
    source = _Source(random)
    while source.height(schema) < math.inf:
        yield source.datum(schema, 0)


class _Source:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._turns: dict[Type, Iterator[Any]] = {}

    def datum(self, type_: Type, depth: int) -> Any:
        match type_:
            case Record(fields=fields):
                return {name: self.datum(field.type, depth + 1) for name, field in fields.items()}
            case Union(branches=branches):
                branch = self._next(type_, branches) if depth < _DEPTH else min(branches, key=self.height)
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

    def height(self, type_: Type, above: frozenset[Type] = frozenset()) -> float:
        """The levels of the type's smallest data; endless for one that needs itself."""
        match type_:
            case Record(fields=fields) if type_ not in above:
                return 1 + max((self.height(field.type, above | {type_}) for field in fields.values()), default=0)
            case Union(branches=branches):
                return min(self.height(branch, above) for branch in branches)
            case Record() | Enum(symbols=()):
                return math.inf
            case _:
                return 0

    def _size(self, type_: Type, inner: Type, depth: int) -> int:
        can_be_filled = depth < _DEPTH and self.height(inner) < math.inf
        return self._next(type_, (1, 0, 3)) if can_be_filled else 0

    def _next(self, type_: Type, choices: Sequence[Any]) -> Any:
        if type_ not in self._turns:
            self._turns[type_] = cycle(self._random.sample(choices, len(choices)))
        return next(self._turns[type_])


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
