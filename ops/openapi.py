"""`python -m ops openapi`: the OpenAPI documents that are derived from the services' HTTP models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from functions.billing.openapi import document as billing
from functions.ingestion.openapi import document as ingestion
from ops import derived


def documents() -> dict[Path, Any]:
    functions = derived.ROOT / "functions"
    return {
        functions / "billing" / "openapi.json": billing(),
        functions / "ingestion" / "openapi.json": ingestion(),
    }


app = typer.Typer(no_args_is_help=True, help="OpenAPI 3.1 documents of the HTTP APIs.")
derived.add_commands(app, documents, command="python -m ops openapi write")
