"""Hypothesis strategies for the payloads of a model, from its Avro schema and what that says beside the types."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from contracts.avro import avro_of
from events.catalog import Payload
from events.money import MINOR_UNIT_DIGITS
from tests.unit.hostile_strategies import json_values, texts, times

_UNKNOWN = st.dictionaries(st.from_regex(r"x_[a-z]{1,8}", fullmatch=True), json_values, max_size=2)


@cache
def payloads(model: type[Payload]) -> st.SearchStrategy[dict[str, Any]]:
    """Decoded JSON that the model takes, with fields that it does not know."""
    return _values(avro_of(model))


def _values(schema: Any) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - one for each kind of type
    match schema:
        case list():
            return st.one_of(*map(_values, schema))
        case {"type": "record", "fields": fields}:
            return _records(fields)
        case {"type": "array", "items": items}:
            return st.lists(_values(items), max_size=3)
        case {"logicalType": "timestamp-micros"}:
            return times
        case {"type": "long", "minimum": least, "maximum": most}:
            return st.integers(least, most)
        case "null":
            return st.none()
        case "string":
            return texts
        case {"type": "string"}:
            return _texts(schema)
    raise AssertionError(f"the catalog has something new, for which payloads must be made: {schema}")


def _records(fields: list[Any]) -> st.SearchStrategy[dict[str, Any]]:
    required = {field["name"]: _values(field["type"]) for field in fields if "default" not in field}
    optional = {field["name"]: _values(field["type"]) for field in fields if "default" in field}
    known = st.fixed_dictionaries(required, optional=optional)
    return st.builds(lambda extra, own: extra | own, _UNKNOWN, known)


def _texts(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    if schema.get("format") == "iso-4217":
        return st.sampled_from(sorted(MINOR_UNIT_DIGITS))
    least, most = schema.get("minLength", 0), schema.get("maxLength", 10**6)
    if "pattern" not in schema:
        return st.text(st.characters(exclude_categories=["Cs"]), min_size=least, max_size=min(most, 50))
    return st.from_regex(schema["pattern"].replace("$", r"\Z")).filter(lambda text: least <= len(text) <= most)
