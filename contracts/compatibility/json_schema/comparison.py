"""Why the writer's values are not all the reader's: place by place, and type by type in each.

A place's schema is a union of branches of one type each. Each of the writer's must be within one of the reader's,
facet by facet; what is not is a finding. Sound: it finds nothing only where each step is proven, and a pair of
recursive schemas that is under way is taken as proven, which is right because documents are finite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, get_args

from jsonschema_rs import CanonicalSchema

from contracts.compatibility.json_schema import algebra
from contracts.compatibility.json_schema.arrays import arrays
from contracts.compatibility.json_schema.numbers import numbers
from contracts.compatibility.json_schema.objects import objects
from contracts.compatibility.json_schema.strings import strings
from contracts.compatibility.json_schema.views import Arrays, Branch, Numbers, Objects, Strings, branches
from contracts.compatibility.json_schema.words import described, last, listed, unproven
from contracts.compatibility.verdict import Finding

_MOST_PAIRS: Final = 2_000
_MOST_DEPTH: Final = 40


@dataclass(slots=True)
class Comparison:
    under_way: list[tuple[CanonicalSchema, CanonicalSchema]] = field(default_factory=list)
    pairs: int = 0

    def findings(self, writer: CanonicalSchema, reader: CanonicalSchema, path: str) -> list[Finding]:
        if algebra.covers(reader, writer) or (writer, reader) in self.under_way:
            return []
        self.pairs += 1
        if self.pairs > _MOST_PAIRS or len(self.under_way) > _MOST_DEPTH:
            return [unproven(path, "COMBINED_TYPE_CHANGED", "is too deep to be compared")]
        self.under_way.append((writer, reader))
        try:
            return list(dict.fromkeys(self._place(writer, reader, path)))
        finally:
            self.under_way.pop()

    def _place(self, writer: CanonicalSchema, reader: CanonicalSchema, path: str) -> Iterator[Finding]:
        all_written, reads = branches(writer), branches(reader)
        writes = [one for one in all_written if not algebra.covers(reader, one.schema)]
        lost = [one for one in writes if one.type is not None and not _of(one.type, reads)]
        if lost:
            yield _lost(lost, reader, path, is_all=len(lost) == len(all_written))
        literal = [one for one in writes if one not in lost and one.values is not None]
        if literal:
            yield from _values(all_written, literal, reads, reader, path)
        for one in writes:
            if one not in lost and one not in literal:
                yield from self._branch(one, reads, reader, path)

    def _branch(self, one: Branch, reads: Sequence[Branch], reader: CanonicalSchema, path: str) -> Iterator[Finding]:
        same = [other for other in reads if other.type == one.type]
        if one.type is None or not same:
            yield _incomparable(one, reader, path)
            return
        met = [other for other in same if algebra.overlap(one.schema, other.schema)] if len(same) > 1 else same
        outcomes = [list(self._facets(one, other, path)) for other in met or same]
        if all(outcomes):
            yield from outcomes[0] if len(outcomes) == 1 else _nearest(outcomes, one, reader, path)

    def _facets(self, one: Branch, other: Branch, path: str) -> Iterator[Finding]:
        if algebra.covers(other.schema, one.schema):
            return
        if other.values is not None:
            yield _enumerated(one, other, path)
            return
        match one.view, other.view:
            case old, new if isinstance(old, get_args(Strings)) and isinstance(new, get_args(Strings)):
                yield from strings(old, new, path=path)
            case old, new if isinstance(old, get_args(Numbers)) and isinstance(new, get_args(Numbers)):
                yield from numbers(old, new, path=path)
            case old, new if isinstance(old, get_args(Arrays)) and isinstance(new, get_args(Arrays)):
                yield from arrays(old, new, path=path, whole=one.schema, descend=self.findings)
            case old, new if isinstance(old, get_args(Objects)) and isinstance(new, get_args(Objects)):
                yield from objects(old, new, path=path, whole=one.schema, descend=self.findings)
            case _:
                yield _incomparable(one, other.schema, path)


def _of(type_: str, reads: Sequence[Branch]) -> list[Branch]:
    """The branches that may take values of the type."""
    return [other for other in reads if other.type in (type_, None)]


def _lost(lost: list[Branch], reader: CanonicalSchema, path: str, *, is_all: bool) -> Finding:
    gone = " or ".join(dict.fromkeys(described(one.schema) for one in lost))
    certain = any(algebra.is_satisfiable(one.schema) for one in lost)
    if is_all:
        change = f"changes {gone} to {described(reader)}"
        return Finding(path=path, rule="TYPE_CHANGED", change=change, certain=certain)
    return Finding(path=path, rule="TYPE_NARROWED", change=f"no longer takes {gone}", certain=certain)


def _values(
    written: Sequence[Branch], literal: list[Branch], reads: Sequence[Branch], reader: CanonicalSchema, path: str
) -> Iterator[Finding]:
    refused = [v for one in literal for v in one.values or () if not algebra.covers(reader, algebra.const(v))]
    if not refused:
        return
    certain = all(algebra.refutes(reader, algebra.const(value)) for value in refused)
    taken = [v for one in literal for other in _of(one.type or "", reads) for v in other.values or ()]
    if not taken:
        change = f"no longer takes {listed(refused)}"
        yield Finding(path=path, rule="ENUM_ARRAY_NARROWED", change=change, certain=certain)
        return
    old = [value for one in written for value in one.values or ()]
    yield _changed_list(old, list(taken), path, certain=certain)


def _changed_list(old: list[Any], new: list[Any], path: str, *, certain: bool) -> Finding:
    added = [value for value in new if value not in old]
    rule, verb = ("ENUM_ARRAY_CHANGED", "changes") if added else ("ENUM_ARRAY_NARROWED", "narrows")
    name = last(path)
    change = f"{verb} {f'`{name}` ' if name else ''}from {listed(old)} to {listed(new)}"
    return Finding(path=path, rule=rule, change=change, certain=certain)


def _enumerated(one: Branch, other: Branch, path: str) -> Finding:
    change = f"narrows {described(one.schema)} to {listed(other.values or [])}"
    certain = algebra.refutes(other.schema, one.schema)
    return Finding(path=path, rule="ENUM_ARRAY_NARROWED", change=change, certain=certain)


def _incomparable(one: Branch, reader: CanonicalSchema, path: str) -> Finding:
    if one.type is None:
        change = "combines schemas in a way that cannot be compared"
    else:
        change = f"takes {described(reader)}, where the writer may write {described(one.schema)}"
    certain = algebra.refutes(reader, one.schema)
    return Finding(path=path, rule="COMBINED_TYPE_SUBSCHEMAS_CHANGED", change=change, certain=certain)


def _nearest(outcomes: list[list[Finding]], one: Branch, reader: CanonicalSchema, path: str) -> list[Finding]:
    """The findings against the branch that misses least, where there is one."""
    certain = algebra.refutes(reader, one.schema)
    least = min(map(len, outcomes))
    nearest = [found for found in outcomes if len(found) == least]
    if len(nearest) == 1:
        return [replace(finding, certain=certain) for finding in nearest[0]]
    change = f"takes {described(one.schema)} in none of the {len(outcomes)} branches that it has for it"
    return [Finding(path=path, rule="SUM_TYPE_NARROWED", change=change, certain=certain)]
