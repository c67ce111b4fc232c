"""EventBridge event patterns: compiled once, matched often, refused when PutRule would refuse them.

A pattern is a disjunction (one clause for each combination of `$or` branches) of conjunctions of fields.
An event is seen as a set of leaf values with dotted names; arrays vanish from the names, but two fields of
one clause must not match in different elements of the same array ("array consistency").
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from local.memory.filters import Field, InvalidPattern, compile_field

__all__ = ["InvalidPattern", "Matcher", "compile"]

#: PutRule's limits: characters of a pattern, and combinations of `$or` branches.
MAX_CHARACTERS: Final = 4096
MAX_CLAUSES: Final = 1000

_OR: Final = "$or"
_MIN_BRANCHES: Final = 2
#: Names that event-ruler keeps for filters, those to come included.
_RESERVED_IN_OR: Final = frozenset(
    {"exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr"}
    | {"=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case"}
    | {"date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"}
    | {"ip-address-in-range", "ip-address-not-in-range"}
)

_Clause = dict[str, Field]
#: Where in the event's arrays a leaf stands: (array number, index) of each array element around it.
_Position = tuple[tuple[int, int], ...]
_Leaves = dict[str, list[tuple[object, _Position]]]


def compile(pattern: Mapping[str, Any], *, max_characters: int = MAX_CHARACTERS) -> Matcher:  # noqa: A001 - as re.compile
    """The pattern's matcher. Raises InvalidPattern, naming the path, where PutRule would answer with an error."""
    if not isinstance(pattern, Mapping):
        raise InvalidPattern("", "must be an object")
    if len(json.dumps(pattern, separators=(",", ":"), ensure_ascii=False)) > max_characters:
        raise InvalidPattern("", f"must not be longer than {max_characters} characters")
    return Matcher(_conjunction([{}], pattern, (), reserved=frozenset()))


def _conjunction(
    clauses: list[_Clause], pattern: Mapping[str, Any], path: tuple[str, ...], *, reserved: frozenset[str]
) -> list[_Clause]:
    if not pattern:
        raise InvalidPattern(".".join(path), "empty objects are not allowed")
    for name, value in pattern.items():
        here = (*path, name)
        if name == _OR:
            clauses = _disjunction(clauses, value, path)
        elif name in reserved:
            raise InvalidPattern(".".join(here), f"{name} is reserved and cannot be a field inside {_OR}")
        elif isinstance(value, Mapping):
            clauses = _conjunction(clauses, value, here, reserved=reserved)
        elif isinstance(value, list | tuple):
            clauses = _with_field(clauses, compile_field(".".join(here), value))
        else:
            raise InvalidPattern(".".join(here), "must be an object or an array")
    return clauses


def _with_field(clauses: list[_Clause], field: Field) -> list[_Clause]:
    if any(field.path in clause for clause in clauses):
        raise InvalidPattern(field.path, "cannot be given more than once")
    return [{**clause, field.path: field} for clause in clauses]


def _disjunction(clauses: list[_Clause], branches: object, path: tuple[str, ...]) -> list[_Clause]:
    here = ".".join((*path, _OR))
    if not isinstance(branches, list | tuple) or len(branches) < _MIN_BRANCHES:
        raise InvalidPattern(here, "must be an array of at least 2 objects")
    if len(clauses) * len(branches) > MAX_CLAUSES:
        raise InvalidPattern(here, f"too complex: more than {MAX_CLAUSES} combinations of branches")
    combined: list[_Clause] = []
    for branch in branches:
        if not isinstance(branch, Mapping):
            raise InvalidPattern(here, "only objects are allowed")
        combined += _conjunction(clauses, branch, path, reserved=_RESERVED_IN_OR)
    if len(combined) > MAX_CLAUSES:
        raise InvalidPattern(here, f"too complex: more than {MAX_CLAUSES} combinations of branches")
    return combined


class Matcher:
    """A compiled pattern. Immutable."""

    def __init__(self, clauses: Sequence[Mapping[str, Field]]) -> None:
        self._clauses = [_compiled(tuple(clause[path] for path in sorted(clause))) for clause in clauses]
        paths = {path for clause in clauses for path in clause}
        self._paths = frozenset(paths)
        self._steps = frozenset(path[:end] for path in paths for end in _ends_of_steps(path))
        self._detail_types = _detail_types(clauses)

    @property
    def detail_types(self) -> frozenset[str] | None:
        """The only detail types that can match; None when the pattern does not narrow them down to a list."""
        return self._detail_types

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Whether the event, in its EventBridge envelope or any other JSON object, matches."""
        leaves: _Leaves | None = None
        for quick, fields in self._clauses:
            if not _passes(quick, event):
                continue
            if not fields:
                return True
            if leaves is None:
                leaves = self._leaves(event)
            if _all_accept(fields, leaves):
                return True
        return False

    def _leaves(self, event: Mapping[str, Any]) -> _Leaves:
        collector = _Collector(self._paths, self._steps)
        collector.walk_object("", event, ())
        return collector.leaves


def _ends_of_steps(path: str) -> list[int]:
    return [i for i, character in enumerate(path) if character == "."] + [len(path)]


def _compiled(fields: tuple[Field, ...]) -> tuple[tuple[tuple[str, frozenset[str]], ...], tuple[Field, ...]]:
    """Plain strings at the top level need no walk through the event: they are looked up, and looked at first."""
    exact = tuple((f.path, f.strings) for f in fields if _is_plain(f))
    return exact, tuple(f for f in fields if not _is_plain(f))


def _is_plain(field: Field) -> bool:
    return field.is_exact and field.path in {"source", "detail-type", "account", "region", "id", "version"}


def _passes(quick: Sequence[tuple[str, frozenset[str]]], event: Mapping[str, Any]) -> bool:
    for name, strings in quick:
        value = event.get(name)
        if type(value) is str:
            if value not in strings:
                return False
        elif not (isinstance(value, list) and _has_one_of(value, strings)):
            return False
    return True


def _has_one_of(values: Sequence[object], strings: frozenset[str]) -> bool:
    return any(
        (isinstance(v, str) and v in strings) or (isinstance(v, list) and _has_one_of(v, strings)) for v in values
    )


def _detail_types(clauses: Sequence[Mapping[str, Field]]) -> frozenset[str] | None:
    fields = [clause.get("detail-type") for clause in clauses]
    if any(field is None or not field.is_exact for field in fields):
        return None
    return frozenset(text for field in fields if field is not None for text in field.strings)


class _Collector:
    """Gathers the leaves that a pattern asks for, each with its position in the event's arrays."""

    def __init__(self, paths: frozenset[str], steps: frozenset[str]) -> None:
        self.leaves: _Leaves = {}
        self._paths = paths
        self._steps = steps
        self._arrays = 0

    def walk_object(self, prefix: str, members: Mapping[str, Any], position: _Position) -> None:
        for name, value in members.items():
            path = prefix + name
            if path in self._steps:
                self._visit(path, value, position)

    def _visit(self, path: str, value: object, position: _Position) -> None:
        if isinstance(value, Mapping):
            self.walk_object(path + ".", value, position)
        elif isinstance(value, list | tuple):
            self._walk_array(path, value, position)
        elif path in self._paths:
            self.leaves.setdefault(path, []).append((value, position))

    def _walk_array(self, path: str, elements: Sequence[object], position: _Position) -> None:
        array = self._arrays
        self._arrays += 1
        for index, element in enumerate(elements):
            nested = isinstance(element, Mapping | list | tuple)
            self._visit(path, element, (*position, (array, index)) if nested else position)


def _all_accept(fields: Sequence[Field], leaves: _Leaves) -> bool:
    """Fields in the order of their names, as event-ruler goes: `exists: false` sees what was chosen before it."""
    if all(not position for values in leaves.values() for _, position in values):
        return all(_accepts_some(field, leaves.get(field.path, ())) for field in fields)
    return _consistent(fields, leaves, {})


def _accepts_some(field: Field, values: Sequence[tuple[object, _Position]]) -> bool:
    return any(field.accepts(value) for value, _ in values) or (field.absent and not values)


def _consistent(fields: Sequence[Field], leaves: _Leaves, chosen: Mapping[int, int]) -> bool:
    if not fields:
        return True
    field, rest = fields[0], fields[1:]
    candidates = [
        (value, position)
        for value, position in leaves.get(field.path, ())
        if all(chosen.get(array, index) == index for array, index in position)
    ]
    if field.absent and not candidates and _consistent(rest, leaves, chosen):
        return True
    accepted: Callable[[object], bool] = field.accepts
    return any(
        accepted(value) and _consistent(rest, leaves, {**chosen, **dict(position)}) for value, position in candidates
    )
