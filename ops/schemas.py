"""`python -m ops schemas`: the JSON Schemas that are derived from the catalog."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import typer

from events.catalog import CATALOG, Payload, dataschema
from ops import derived

FOLDER: Final = derived.ROOT / "events" / "schemas"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema_of(model: type[Payload]) -> dict[str, Any]:
    """The payload's JSON Schema 2020-12, in the form in which the payload travels."""
    body = model.model_json_schema(mode="validation")
    named = {"$schema": DIALECT, "$id": dataschema(model.type, model.version), "title": body.pop("title")}
    return {**named, **_without_titles(body)}


def documents() -> dict[Path, Any]:
    return {FOLDER / type_ / f"v{version}.json": schema_of(model) for (type_, version), model in CATALOG.items()}


def _without_titles(node: Any) -> Any:
    """Pydantic titles every field with its own name; that says nothing."""
    if isinstance(node, list):
        return [_without_titles(child) for child in node]
    if not isinstance(node, dict):
        return node
    return {k: _without_titles(v) for k, v in node.items() if not (k == "title" and isinstance(v, str))}


app = typer.Typer(no_args_is_help=True, help="JSON Schema files of every event type and version.")
derived.add_commands(app, documents, command="python -m ops schemas write")
