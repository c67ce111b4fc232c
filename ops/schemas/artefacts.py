"""What is derived from the catalog and committed: one file after another, path -> document."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from contracts.avro import avro_of
from contracts.json_schema import schema_of
from events.catalog import CATALOG
from ops import derived

FOLDER: Final = derived.ROOT / "events" / "schemas"


def documents() -> dict[Path, Any]:
    """Every derived file of the contract. What else is derived joins here."""
    json_schemas = {FOLDER / t / f"v{v}.json": schema_of(model) for (t, v), model in CATALOG.items()}
    return json_schemas | {FOLDER / t / f"v{v}.avsc": avro_of(model) for (t, v), model in CATALOG.items()}
