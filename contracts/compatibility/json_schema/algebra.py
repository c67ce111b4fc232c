"""What is asked of canonical schemas: sets of values, decided by jsonschema-rs.

It reduces a schema to a union of schemas of one type each (allOf merged, oneOf, not and if worked out), and knows
intersection, difference, emptiness and containment of these. Only what it proves is used: an error or "unknown" is a
no. What it leaves open, and the rules add: whether one pattern's strings are another's, what a pattern says of
lengths, recursive schemas, formats that nothing checks, and the place and the words of what breaks. It follows a
recursive schema under `unevaluatedProperties` until the stack ends, so it is not given one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final

from jsonschema_rs import CanonicalSchema, ReferencingError, ValidationError, canonical, canonicalize, meta

from contracts.compatibility.json_schema.keywords import is_recursive, mapped, schemas_in, simplified
from contracts.compatibility.verdict import Schema

YES: Final = canonical.Containment.YES
NO: Final = canonical.Containment.NO
_SATISFIABLE: Final = canonical.Satisfiability.YES
_EMPTY: Final = canonical.Satisfiability.NO

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
#: The formats that validators of JSON Schema 2020-12 know; another one is a name that nothing checks.
KNOWN_FORMATS: Final = frozenset((
    "date", "date-time", "duration", "email", "hostname", "idn-email", "idn-hostname", "ipv4", "ipv6", "iri",
    "iri-reference", "json-pointer", "regex", "relative-json-pointer", "time", "uri", "uri-reference", "uri-template",
    "uuid",
))  # fmt: skip


class InvalidSchema(ValueError):
    """Not a JSON Schema 2020-12, or one that needs other documents."""


class Unknown(Exception):
    """The library cannot tell."""


class TooEntangled(Exception):
    """A schema that the library would follow without end: recursive, with `unevaluated…` over its recursion."""


def canonical_of(schema: Schema) -> CanonicalSchema:
    """Raises InvalidSchema or TooEntangled."""
    try:
        text = json.dumps(schema)
    except (TypeError, ValueError) as error:
        raise InvalidSchema(f"not JSON: {error}") from error
    return _of_text(text)


@lru_cache(maxsize=2048)
def _of_text(text: str) -> CanonicalSchema:
    schema = json.loads(text)
    if not isinstance(schema, dict | bool):
        raise InvalidSchema("a JSON Schema is an object or a boolean")
    try:
        if isinstance(schema, dict) and schema.get("$schema", _DIALECT).rstrip("#") != _DIALECT:
            raise InvalidSchema(f"{schema['$schema']} is another dialect than {_DIALECT}")
        meta.validate(schema)
        plain = simplified(schema)
        if _counts_rest(plain) and is_recursive(plain):
            raise TooEntangled
        return canonicalize(plain, draft=20, validate_formats=True, offline=True)
    except (ValidationError, ReferencingError, canonical.CanonicalizationError, ValueError) as error:
        raise InvalidSchema(f"not a JSON Schema 2020-12 that stands by itself: {error}") from error


def _counts_rest(schema: Schema) -> bool:
    return any(keyword.startswith("unevaluated") for node in schemas_in(schema) for keyword in node)


def schema(value: Schema) -> CanonicalSchema:
    return canonical_of(value)


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


def holds(one: CanonicalSchema, value: Any) -> bool:
    """Whether the value fits. Raises Unknown, for the sake of callers to whom neither answer is the safe one."""
    literal = const(value)
    if covers(one, literal):
        return True
    if not refutes(one, literal):
        raise Unknown
    return False


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
