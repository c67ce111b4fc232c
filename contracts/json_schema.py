"""JSON Schema 2020-12 of a payload model."""

from __future__ import annotations

from typing import Any, Final

from events.catalog import Payload, dataschema

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema_of(model: type[Payload]) -> dict[str, Any]:
    """The payload's JSON Schema 2020-12, in the form in which the payload travels."""
    body = model.model_json_schema(mode="validation")
    named = {"$schema": DIALECT, "$id": dataschema(model.type, model.version), "title": body.pop("title")}
    return {**named, **_without_titles(body)}


def _without_titles(node: Any) -> Any:
    """Pydantic titles every field with its own name; that says nothing."""
    if isinstance(node, list):
        return [_without_titles(child) for child in node]
    if not isinstance(node, dict):
        return node
    return {k: _without_titles(v) for k, v in node.items() if not (k == "title" and isinstance(v, str))}
