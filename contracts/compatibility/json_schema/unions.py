"""Causes that show only in the union: an object of a kind that is not known, a property that asks for another."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.compatibility.json_schema import algebra
from contracts.compatibility.json_schema.views import Branch
from contracts.compatibility.json_schema.words import described, quoted, under
from contracts.compatibility.verdict import Finding

_REMOVED = "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL"
_REQUIRED = ("REQUIRED_ATTRIBUTE_ADDED", "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL")


def unknown_kind(one: Branch, met: Sequence[Branch], reads: Sequence[Branch], path: str) -> Finding | None:
    """Where no branch of the reader's meets the writer's: the property that tells them apart."""
    if met or one.type != "object":
        return None
    for name, own in getattr(one.view, "properties", {}).items():
        known = [getattr(other.view, "properties", {}).get(name) for other in reads]
        told = [kind for kind in known if kind is not None]
        if len(told) == len(reads) and not any(algebra.overlap(own, kind) for kind in told):
            change = f"no longer takes the kind {described(own)}, only {' or '.join(map(described, told))}"
            return Finding(path=under(path, name), rule="SUM_TYPE_NARROWED", change=change)
    return None


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
