"""`python -m ops schemas`: the contracts, and whether a change to them can hurt anybody."""

from __future__ import annotations

import typer

from ops import derived
from ops.schemas import live
from ops.schemas.artefacts import documents

app = typer.Typer(no_args_is_help=True, help="JSON Schema files of every event type and version.")
derived.add_commands(app, documents, command="python -m ops schemas write")
live.add_command(app)
