"""Causes that show only in the union: an object of a kind that is not known, a property that asks for another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from contracts.compatibility.json_schema.algebra import is_satisfiable
from contracts.compatibility.json_schema.views import Branch, branches
from contracts.compatibility.json_schema.words import listed, quoted, under
from contracts.compatibility.verdict import Finding

_REMOVED: Final = "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL"
_REQUIRED: Final = ("REQUIRED_ATTRIBUTE_ADDED", "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL")


def unknown_kind(one: Branch, reads: Sequence[Branch], path: str) -> Finding | None:
    """A value of a property by which the reader tells its branches apart, and of which it has no branch."""
    if one.type != "object":
        return None
    for name in getattr(one.view, "properties", {}):
        known = [_of(other, name) for other in reads]
        written = _of(one, name)
        unknown = [value for value in written if not any(value in values for values in known)]
        if unknown and all(known):
            taken = [value for values in known for value in values]
            change = f"no longer takes {listed(unknown)} as `{name}`, only {listed(taken)}"
            certain = is_satisfiable(one.schema) and unknown == written
            return Finding(path=under(path, name), rule="SUM_TYPE_NARROWED", change=change, certain=certain)
    return None


def _of(branch: Branch, name: str) -> list[Any]:
    """The values that the branch counts out for a property, if it does."""
    held = getattr(branch.view, "properties", {}).get(name)
    return [value for kind in branches(held) for value in kind.values or ()] if held is not None else []


def dependency(outcomes: list[list[Finding]]) -> Finding | None:
    """Where each branch forbids one property or requires another: the one asks for the other."""
    forbidden = [found for found in outcomes if {finding.rule for finding in found} == {_REMOVED}]
    required = [found for found in outcomes if all(finding.rule in _REQUIRED for finding in found)]
    if len(forbidden) != 1 or len(required) != 1 or len(outcomes) != len(forbidden) + len(required):
        return None
    one, others = _name(forbidden[0][0]), [_name(finding) for finding in required[0]]
    change = f"requires {quoted(others)} where `{one}` is there"
    return Finding(path=required[0][0].path, rule="DEPENDENCY_ARRAY_ADDED", change=change)


def _name(finding: Finding) -> str:
    return finding.path.rsplit(".", 1)[-1]
