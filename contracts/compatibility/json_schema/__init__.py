"""Whether a reader's JSON Schema takes every document that a writer's schema writes. JSON Schema 2020-12."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from contracts.compatibility.json_schema.algebra import (
    InvalidSchema,
    TooEntangled,
    canonical_of,
    checked,
    is_empty,
    refutes,
)
from contracts.compatibility.json_schema.comparison import Comparison
from contracts.compatibility.json_schema.search import differences
from contracts.compatibility.json_schema.words import unproven
from contracts.compatibility.json_schema.written import Policy, written
from contracts.compatibility.verdict import Finding, Schema

__all__: Final = ["InvalidSchema", "Policy", "TooEntangled", "findings", "writes"]

#: Documents that are looked at for one that breaks, where the algebra does not know.
_TRIES: Final = 40


def findings(*, writer: Schema, reader: Schema, policy: Policy = Policy.LENIENT) -> list[Finding]:
    """Why not every document that `writer` writes is valid by `reader`; empty when each is.

    A place is told once for each cause. Raises InvalidSchema.
    """
    if writer == reader:
        canonical_of(writer)
        return []
    try:
        return _compared(writer, reader, policy)
    except TooEntangled:
        change = "is recursive with `unevaluatedProperties` or `unevaluatedItems` over it: it cannot be compared"
        return [unproven("", "COMBINED_TYPE_CHANGED", change)]


def _compared(writer: Schema, reader: Schema, policy: Policy) -> list[Finding]:
    canonical_of(writer)
    closed = writes(writer, policy)
    found = Comparison().findings(canonical_of(closed), canonical_of(reader), "")
    return _weighed(found, is_broken=bool(found) and _is_broken(closed, reader))


def _is_broken(closed: Schema, reader: Schema) -> bool:
    """Some document is written and refused: by the algebra, or because one was found."""
    if refutes(canonical_of(checked(reader)), canonical_of(checked(closed))):
        return True
    return any(True for _ in differences(closed, reader, seed=0, tries=_TRIES))


def _weighed(found: list[Finding], *, is_broken: bool) -> list[Finding]:
    """Only what is broken is broken for certain, and then for at least one of the reasons."""
    if is_broken and any(finding.certain for finding in found):
        return found
    return [replace(finding, certain=is_broken) for finding in found]


def writes(schema: Schema, policy: Policy) -> Schema:
    """A schema of the documents that are written; see Policy. One that could write nothing is read as it stands.

    Raises InvalidSchema or TooEntangled.
    """
    closed = written(schema, policy)
    if closed is not schema and is_empty(canonical_of(closed)) and not is_empty(canonical_of(schema)):
        return schema
    return closed
