"""Whether a reader's JSON Schema takes every document that a writer's schema writes. JSON Schema 2020-12."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from contracts.compatibility.json_schema.algebra import InvalidSchema, canonical_of, checked, is_empty, refutes
from contracts.compatibility.json_schema.comparison import Comparison
from contracts.compatibility.json_schema.written import Policy, written
from contracts.compatibility.verdict import Finding, Schema

__all__: Final = ["InvalidSchema", "Policy", "findings", "writes"]


def findings(*, writer: Schema, reader: Schema, policy: Policy = Policy.LENIENT) -> list[Finding]:
    """Why not every document that `writer` writes is valid by `reader`; empty when each is.

    A place is told once for each cause. Raises InvalidSchema.
    """
    canonical_of(writer)
    closed = writes(writer, policy)
    found = Comparison().findings(canonical_of(closed), canonical_of(reader), "")
    if not found or any(finding.certain for finding in found):
        return found
    is_certain = refutes(canonical_of(checked(reader)), canonical_of(checked(closed)))
    return [replace(finding, certain=is_certain) for finding in found]


def writes(schema: Schema, policy: Policy) -> Schema:
    """A schema of the documents that are written; see Policy. One that could write nothing is read as it stands."""
    closed = written(schema, policy)
    if closed is not schema and is_empty(canonical_of(closed)) and not is_empty(canonical_of(schema)):
        return schema
    return closed
