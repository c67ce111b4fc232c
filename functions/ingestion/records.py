"""Lines into the events that they report: CloudEvents as they are, and plain usage records, as NDJSON or CSV.

A record is a CloudEvent if it has a `specversion`. Any other is usage, and its `source` and `id` are its identity.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, Protocol

from events.catalog import PartnerUsageReported
from events.envelope import CloudEvent, InvalidEvent, Problem, parse_time, strict_json

COLUMNS: Final = ("source", "id", "customer_id", "meter", "quantity", "used_at")

_INTEGER: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)


class NoHeader(InvalidEvent):
    """The first line does not name the columns: no other line can be understood."""


class Records(Protocol):
    """One file's way to say an event in one line. `columns` is what it has learnt from the header, if it has one."""

    columns: tuple[str, ...]

    def event(self, text: bytes) -> CloudEvent | None:
        """The line's event; None for a header. Raises InvalidEvent naming each field, NoHeader for all lines."""


class NdjsonRecords:
    """A JSON object in each line."""

    columns: tuple[str, ...] = ()

    def event(self, text: bytes) -> CloudEvent | None:
        decoded = _decoded(text)
        try:
            record = strict_json(decoded)
        except ValueError as error:
            raise InvalidEvent([Problem("line", f"is not JSON: {error}")]) from error
        if not isinstance(record, dict):
            raise InvalidEvent([Problem("line", f"must be a JSON object, not {type(record).__name__}")])
        return CloudEvent.parse(record) if "specversion" in record else usage(record)


class CsvRecords:
    """RFC 4180 with a header, except that a record is one line: a field may have quotes, but no line breaks."""

    def __init__(self, columns: tuple[str, ...] = ()) -> None:
        self.columns = columns

    def event(self, text: bytes) -> CloudEvent | None:
        if not self.columns:
            self.columns = _header(text)
            return None
        fields = _fields(text)
        if len(fields) != len(self.columns):
            raise InvalidEvent([Problem("line", f"has {len(fields)} fields, the header names {len(self.columns)}")])
        record = dict(zip(self.columns, fields, strict=True))
        return usage({**record, "quantity": _number(record["quantity"])})


def usage(record: Mapping[str, Any]) -> CloudEvent:
    """The report of a plain usage record; what else it holds is carried along. Raises InvalidEvent."""
    members = {
        "specversion": "1.0",
        "id": record.get("id"),
        "source": record.get("source"),
        "type": PartnerUsageReported.type,
        "datacontenttype": "application/json",
        "data": {name: value for name, value in record.items() if name not in ("id", "source")},
    }
    with suppress(ValueError, TypeError):  # the catalog has the better words for what is no time
        parse_time(record.get("used_at"))  # type: ignore[arg-type]
        members["time"] = record["used_at"]
    return CloudEvent.parse(members)


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise InvalidEvent([Problem("line", f"is not UTF-8, from its byte {error.start} on")]) from error


def _fields(text: bytes) -> list[str]:
    decoded = _decoded(text)
    try:
        return next(csv.reader([decoded], strict=True), [])
    except csv.Error as error:
        raise InvalidEvent([Problem("line", f"is not CSV: {error}")]) from error


def _header(text: bytes) -> tuple[str, ...]:
    try:
        columns = tuple(field.strip() for field in _fields(text))
    except InvalidEvent as error:
        raise NoHeader(error.problems) from error
    if sorted(columns) != sorted(COLUMNS):
        raise NoHeader([Problem("header", f"must name the columns {', '.join(COLUMNS)}, each once, in any order")])
    return columns


def _number(text: str) -> int | str:
    """What is no number stays as it is, for the catalog to refuse."""
    return int(text) if _INTEGER.fullmatch(text) else text
