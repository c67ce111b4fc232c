"""A JSON payload as a datum of its Avro schema, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from contracts.avro.conversion import Named, ToAvro, ToJson
from contracts.avro.derive import avro_of
from events.catalog import Payload


def to_datum(model: type[Payload], payload: Mapping[str, Any]) -> dict[str, Any]:
    """The payload, decoded JSON that fits its model, as fastavro writes it. Fields that the model lacks are left out.

    Times are microseconds since 1970, dates days since then: what Avro holds. Raises NotAvro for a value that Avro
    cannot hold, such as an integer beyond 64 bits.
    """
    schema, named = _derived(model)
    datum: dict[str, Any] = ToAvro(named).value(schema, payload)
    return datum


def from_datum(model: type[Payload], datum: Mapping[str, Any]) -> dict[str, Any]:
    """A datum, such as fastavro reads it, as a JSON payload; what is null by default is absent.

    `from_datum(m, to_datum(m, p))` says to the model what `p` says, without the fields that the model lacks.
    """
    schema, named = _derived(model)
    payload: dict[str, Any] = ToJson(named).value(schema, datum)
    return payload


@cache
def _derived(model: type[Payload]) -> tuple[Any, Mapping[str, Named]]:
    schema = avro_of(model)
    return schema, {named["name"]: named for named in _named_types(schema)}


def _named_types(schema: Any) -> Iterator[Named]:
    match schema:
        case list():
            for branch in schema:
                yield from _named_types(branch)
        case {"type": "array", "items": inner} | {"type": "map", "values": inner}:
            yield from _named_types(inner)
        case {"type": "enum"}:
            yield schema
        case {"type": "record", "fields": fields}:
            yield schema
            for field in fields:
                yield from _named_types(field["type"])
