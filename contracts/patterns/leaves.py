"""An event pattern as what it asks: fields with the alternatives for their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

_OR: Final = "$or"

Pattern = Mapping[str, Any]


class Leaf(NamedTuple):
    """One field: the steps of its path from the event's root, and what it may be."""

    path: tuple[str, ...]
    alternatives: Sequence[Any]

    @property
    def name(self) -> str:
        return ".".join(self.path)


#: Fields that must match together.
Clause = tuple[Leaf, ...]


def clauses(pattern: Pattern) -> list[Clause]:
    """The ways to match: one, or one for each combination of `$or` branches."""
    return list(dict.fromkeys(_clauses(pattern, ())))


def _clauses(pattern: Pattern, path: tuple[str, ...]) -> list[Clause]:
    found: list[Clause] = [()]
    for name, value in pattern.items():
        found = [(*before, *more) for before in found for more in _ways(name, value, path)]
    return found


def _ways(name: str, value: Any, path: tuple[str, ...]) -> Iterator[Clause]:
    if name == _OR:
        for branch in value:
            yield from _clauses(branch, path)
    elif isinstance(value, Mapping):
        yield from _clauses(value, (*path, name))
    else:
        yield (Leaf((*path, name), _Alternatives(value)),)


class _Alternatives(tuple[Any, ...]):
    """Filters are mappings, which have no hash; two leaves are one when they are written alike."""

    __slots__ = ()

    def __hash__(self) -> int:
        return hash(repr(self))
