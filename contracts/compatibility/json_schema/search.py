"""Documents that the writer writes and the reader refuses: aimed at the difference, at bounds, and at what is named."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from random import Random
from typing import Any, Final

from jsonschema_rs import CanonicalSchema, canonical

from contracts.compatibility.json_schema import algebra
from contracts.compatibility.json_schema.instances import made, validity
from contracts.compatibility.json_schema.keywords import schemas_in
from contracts.compatibility.verdict import Schema

#: Values that no schema names, for a place where anything may be.
_STRANGE: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    0.5,
    10**6,
    "",
    "a",
    "zz",
    [],
    [1, 1],
    {},
    {"other": 1},
)


def differences(closed: Schema, reader: Schema, *, seed: int, tries: int) -> Iterator[Any]:
    """Documents that are valid by `closed` and not by `reader`, of some `tries` that are looked at."""
    is_written, is_read = validity(closed), validity(reader)
    for document in _candidates(closed, reader, rng=Random(seed), tries=tries):  # noqa: S311 - repeatable, not secret
        if not is_read(document) and is_written(document):
            yield document


def _candidates(closed: Schema, reader: Schema, *, rng: Random, tries: int) -> Iterator[Any]:
    """Aimed at the difference first, then at the writer's bounds, then at what either schema names, without algebra."""
    writer_form = algebra.canonical_of(algebra.checked(closed))
    difference = _difference(writer_form, algebra.canonical_of(algebra.checked(reader)))
    if difference is not None:
        yield from made(difference, lambda _: True, rng=rng, count=tries // 4)
    written = list(made(writer_form, lambda _: True, rng=rng, count=tries // 2))
    yield from written
    pool = [*named_in(closed), *named_in(reader), *_STRANGE]
    yield from (rng.choice(pool) for _ in range(tries // 8))
    for _ in range(tries // 2 if written else 0):
        yield altered(rng.choice(written), pool, rng)


def _difference(writer: CanonicalSchema, reader: CanonicalSchema) -> CanonicalSchema | None:
    try:
        return writer.subtract(reader)
    except canonical.CanonicalizationError:
        return None


def named_in(schema: Schema) -> list[Any]:
    """Values that a schema names, and their neighbours."""
    values: list[Any] = []
    for node in schemas_in(schema):
        for keyword, value in node.items():
            values.extend(_of_keyword(keyword, value))
    return values


def _of_keyword(keyword: str, value: Any) -> Iterator[Any]:
    match keyword, value:
        case "const", _:
            yield value
        case (("enum" | "examples"), list()):
            yield from value
        case (("minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf"), int() | float()):
            yield from (value, value - 1, value + 1, value + 0.5)
        case (("minLength" | "maxLength"), int()):
            yield from ("a" * max(0, length) for length in (value - 1, value, value + 1) if length < 3_000)  # noqa: PLR2004


def altered(document: Any, pool: list[Any], rng: Random) -> Any:
    """The document with one value in it replaced, added or taken away."""
    changed = copy.deepcopy(document)
    places = list(_places(changed))
    if not places:
        return rng.choice(pool)
    holder, key = rng.choice(places)
    action = rng.random()
    if action < 0.2 and (isinstance(holder, dict) or holder):  # noqa: PLR2004
        del holder[key]
    elif action < 0.3 and isinstance(holder, list):  # noqa: PLR2004
        holder.append(rng.choice(pool))
    else:
        holder[key] = rng.choice(pool)
    return changed


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    keys = document.keys() if isinstance(document, dict) else range(len(document)) if isinstance(document, list) else ()
    for key in list(keys):
        yield document, key
        yield from _places(document[key])
