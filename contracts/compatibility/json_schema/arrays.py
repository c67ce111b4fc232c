"""Arrays: how many elements, of what, and whether they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from jsonschema_rs import CanonicalSchema, canonical

from contracts.compatibility.json_schema import algebra
from contracts.compatibility.json_schema.numbers import Bound
from contracts.compatibility.json_schema.views import Arrays
from contracts.compatibility.json_schema.words import described, uncertain, unproven
from contracts.compatibility.verdict import Finding

Descend = Callable[[CanonicalSchema, CanonicalSchema, str], list[Finding]]
_DescendAt = Callable[[int, CanonicalSchema, CanonicalSchema, str], list[Finding]]

_ANYTHING: Final = algebra.schema(value=True)
_LEAST = Bound(keyword="MIN_ITEMS", named="number of elements", is_upper=False)
_MOST = Bound(keyword="MAX_ITEMS", named="number of elements", is_upper=True)
_MOST_POSITIONS: Final = 16


@dataclass(frozen=True, slots=True)
class Elements:
    """What one schema of arrays says of each element."""

    view: Arrays

    def at(self, position: int) -> CanonicalSchema:
        tuple_ = self.view.prefix_items
        return tuple_[position] if position < len(tuple_) else self.view.items or _ANYTHING

    @property
    def least(self) -> int:
        return max((self.view.min_items or 0, *(_minimum(demand) for demand in self.view.contains)))

    @property
    def all(self) -> list[CanonicalSchema]:
        return [*self.view.prefix_items, self.view.items or _ANYTHING]

    def may_reach(self, position: int) -> bool:
        return self.view.max_items is None or position < self.view.max_items


def _minimum(demand: canonical.ContainsView) -> int:
    return 1 if demand.min_contains is None else demand.min_contains


def arrays(writer: Arrays, reader: Arrays, *, path: str, whole: CanonicalSchema, descend: Descend) -> Iterator[Finding]:
    old, new = Elements(writer), Elements(reader)
    yield from _LEAST.findings(old.least or None, reader.min_items, path=path)
    yield from _lengths(old, new, path=path)
    yield from _elements(old, new, path=path, descend=_reached(whole, descend))
    yield from _distinct(old, reader, path=path)
    for demand in reader.contains:
        yield from _contains(old, demand, path=path)


def _lengths(old: Elements, new: Elements, *, path: str) -> Iterator[Finding]:
    found = list(_MOST.findings(old.view.max_items, new.view.max_items, path=path))
    is_tuple = found and len(new.view.prefix_items) == new.view.max_items
    if is_tuple and old.view.max_items is None:
        change = f"takes no elements beyond the first {new.view.max_items}"
        yield Finding(path=path, rule="ADDITIONAL_ITEMS_REMOVED", change=change)
    elif is_tuple:
        change = f"takes no elements beyond the first {new.view.max_items}, where the writer may write more"
        yield Finding(path=path, rule="ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL", change=change)
    else:
        yield from found


def _elements(old: Elements, new: Elements, *, path: str, descend: _DescendAt) -> Iterator[Finding]:
    positions = max(len(old.view.prefix_items), len(new.view.prefix_items))
    for position in range(positions):
        if old.may_reach(position) and new.may_reach(position):
            yield from descend(position, old.at(position), new.at(position), f"{path}[{position}]")
    if old.may_reach(positions) and new.may_reach(positions):
        yield from descend(positions, old.at(positions), new.at(positions), f"{path}[]")


def _reached(whole: CanonicalSchema, descend: Descend) -> _DescendAt:
    """Findings of an element are certain only where there can be one at its position."""

    def found_at(position: int, writer: CanonicalSchema, reader: CanonicalSchema, path: str) -> list[Finding]:
        found = descend(writer, reader, path)
        long = algebra.schema({"type": "array", "minItems": position + 1})
        return found if not found or algebra.is_possible(whole, long) else uncertain(found)

    return found_at


def _distinct(old: Elements, reader: Arrays, *, path: str) -> Iterator[Finding]:
    if reader.distinctness == canonical.Distinctness.ALL_DISTINCT and not _are_distinct(old):
        yield Finding(path=path, rule="UNIQUE_ITEMS_ADDED", change="takes no repeated elements")
    asks_repetition = reader.distinctness == canonical.Distinctness.SOME_REPEATED
    if asks_repetition and old.view.distinctness != canonical.Distinctness.SOME_REPEATED:
        yield unproven(path, "NOT_TYPE_EXTENDED", "asks for repeated elements")


def _are_distinct(old: Elements) -> bool:
    most = old.view.max_items
    if old.view.distinctness == canonical.Distinctness.ALL_DISTINCT or (most is not None and most <= 1):
        return True
    if most is None or most > _MOST_POSITIONS:
        return False
    return not any(algebra.overlap(old.at(i), old.at(j)) for i, j in combinations(range(most), 2))


def _contains(old: Elements, demand: canonical.ContainsView, *, path: str) -> Iterator[Finding]:
    schema, least = demand.schema, _minimum(demand)
    if least > 0 and not _surely_contains(old, schema, least):
        change = f"asks for at least {least} of {described(schema)} among the elements"
        yield Finding(path=path, rule="CONTAINS_NARROWED", change=change, certain=False)
    most = demand.max_contains
    if most is not None and not _at_most_contains(old, schema, most):
        change = f"takes at most {most} of {described(schema)} among the elements"
        yield Finding(path=path, rule="CONTAINS_NARROWED", change=change, certain=False)


def _surely_contains(old: Elements, schema: CanonicalSchema, least: int) -> bool:
    by_position = sum(algebra.covers(schema, old.at(position)) for position in range(min(old.least, _MOST_POSITIONS)))
    if by_position >= least or (old.least >= least and all(algebra.covers(schema, one) for one in old.all)):
        return True
    return any(_minimum(own) >= least and algebra.covers(schema, own.schema) for own in old.view.contains)


def _at_most_contains(old: Elements, schema: CanonicalSchema, most: int) -> bool:
    if old.view.max_items is not None and old.view.max_items <= most:
        return True
    if not any(algebra.overlap(schema, one) for one in old.all):
        return True
    own = (own for own in old.view.contains if own.max_contains is not None and own.max_contains <= most)
    return any(algebra.covers(one.schema, schema) for one in own)
