"""The rules' evidence: data that the writer's schema wrote, read with the reader's, by fastavro."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from random import Random
from typing import Any

import fastavro

from contracts.compatibility.avro_data import data
from contracts.compatibility.avro_parser import InvalidAvroSchema, parsed
from contracts.compatibility.verdict import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """What the writer's schema can write and fastavro cannot read with the reader's, and why it says that it cannot."""

    datum: Any
    error: Exception


def counterexample(*, writer: Schema, reader: Schema, seed: int = 0, tries: int = 50) -> Counterexample | None:
    """The first datum of `tries` that cannot be read; None when all can.

    The same seed gives the same data. Raises InvalidAvroSchema for what is not an Avro schema, or not to fastavro.
    """
    parsed(reader, called="the reader's schema")
    random = Random(seed)  # noqa: S311 - data for a test
    wanted = islice(data(parsed(writer, called="the writer's schema"), random), tries)
    written, read = _taken(writer, called="the writer's schema"), _taken(reader, called="the reader's schema")
    for encoded in _encoded(wanted, written):
        try:
            fastavro.schemaless_reader(BytesIO(encoded), written, read)
        except Exception as error:  # noqa: BLE001 - fastavro has no error of its own for much of what it cannot do
            return Counterexample(datum=fastavro.schemaless_reader(BytesIO(encoded), written, None), error=error)
    return None


def _taken(schema: Schema, *, called: str) -> Schema:
    """As fastavro wants it. It refuses some schemas that are Avro, such as invalid logical types."""
    try:
        return fastavro.parse_schema(schema)
    except (fastavro.schema.SchemaParseException, fastavro.schema.UnknownType) as error:
        raise InvalidAvroSchema("", f"fastavro says that {error}", schema=called) from error


def _encoded(wanted: Iterator[Any], written: Schema) -> Iterator[bytes]:
    """What is alike is tried once."""
    seen = set[bytes]()
    for datum in wanted:
        buffer = BytesIO()
        fastavro.schemaless_writer(buffer, written, datum)
        if buffer.getvalue() not in seen:
            seen.add(buffer.getvalue())
            yield buffer.getvalue()
