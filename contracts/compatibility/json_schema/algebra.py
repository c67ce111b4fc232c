"""What is asked of canonical schemas: sets of values, decided by jsonschema-rs.

It reduces a schema to a union of schemas of one type each (all keywords but `$ref` to itself worked in), and proves
most containments. Only what it proves is used: an error or "unknown" is a no.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final

from jsonschema_rs import CanonicalSchema, ReferencingError, ValidationError, canonical, canonicalize

from contracts.compatibility.json_schema.keywords import is_recursive, mapped, schemas_in, simplified
from contracts.compatibility.verdict import Schema

YES: Final = canonical.Containment.YES
NO: Final = canonical.Containment.NO
_SATISFIABLE: Final = canonical.Satisfiability.YES
_EMPTY: Final = canonical.Satisfiability.NO

#: The formats that validators of JSON Schema 2020-12 know; another one is a name that nothing checks.
KNOWN_FORMATS: Final = frozenset((
    "date", "date-time", "duration", "email", "hostname", "idn-email", "idn-hostname", "ipv4", "ipv6", "iri",
    "iri-reference", "json-pointer", "regex", "relative-json-pointer", "time", "uri", "uri-reference", "uri-template",
    "uuid",
))  # fmt: skip


class InvalidSchema(ValueError):
    """Not a JSON Schema 2020-12, or one that needs other documents."""


class TooEntangled(Exception):
    """A schema that the library would follow without end: recursive, with `unevaluated…` over its recursion."""


def canonical_of(schema: Schema) -> CanonicalSchema:
    """Raises InvalidSchema or TooEntangled."""
    plain = simplified(schema)
    if any(keyword.startswith("unevaluated") for node in schemas_in(plain) for keyword in node) and is_recursive(plain):
        raise TooEntangled
    try:
        return canonicalize(plain, draft=20, validate_formats=True, offline=True)
    except (ValidationError, ReferencingError, canonical.CanonicalizationError, ValueError) as error:
        raise InvalidSchema(f"not a JSON Schema that stands by itself: {error}") from error


@lru_cache(maxsize=1024)
def _of_text(text: str) -> CanonicalSchema:
    return canonical_of(json.loads(text))


def schema(value: Schema) -> CanonicalSchema:
    return _of_text(json.dumps(value, sort_keys=True))


def const(value: Any) -> CanonicalSchema:
    return schema({"const": value})


def covers(outer: CanonicalSchema, inner: CanonicalSchema) -> bool:
    """Every value of `inner` is one of `outer`, proven."""
    return _tried(lambda: outer.covers(inner) == YES) or _tried(
        lambda: inner.subtract(outer).satisfiability() == _EMPTY
    )


def refutes(outer: CanonicalSchema, inner: CanonicalSchema) -> bool:
    """Some value of `inner` is none of `outer`, proven."""
    return _tried(lambda: outer.covers(inner) == NO) or _tried(
        lambda: inner.subtract(outer).satisfiability() == _SATISFIABLE
    )


def is_empty(one: CanonicalSchema) -> bool:
    return one.satisfiability() == _EMPTY


def is_satisfiable(one: CanonicalSchema) -> bool:
    return one.satisfiability() == _SATISFIABLE


def is_possible(one: CanonicalSchema, other: CanonicalSchema) -> bool:
    """Some value is both, proven."""
    return _tried(lambda: is_satisfiable(one.intersect(other)))


def overlap(one: CanonicalSchema, other: CanonicalSchema) -> bool:
    """Not proven to have no value in common."""
    return not _tried(lambda: is_empty(one.intersect(other)))


def intersection(parts: Iterable[CanonicalSchema]) -> CanonicalSchema | None:
    """None where it has no canonical form."""
    result = schema(True)
    try:
        for part in parts:
            result = result.intersect(part)
    except canonical.CanonicalizationError:
        return None
    return result


def _tried(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except canonical.CanonicalizationError:
        return False


def checked(schema: Schema) -> Schema:
    """The schema as a validator applies it: without the formats that no validator knows."""
    if not isinstance(schema, dict):
        return schema
    kept = {k: v for k, v in schema.items() if k != "format" or v in KNOWN_FORMATS}
    return {keyword: mapped(keyword, value, checked) for keyword, value in kept.items()}
