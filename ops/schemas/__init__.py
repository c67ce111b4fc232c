"""`python -m ops schemas`: the contracts, and whether a change to them can hurt anybody."""

from __future__ import annotations

import typer

from ops import derived
from ops.schemas import authoring, check, editing, generate, live, readers, release
from ops.schemas.artefacts import documents

app = typer.Typer(
    no_args_is_help=True, help="Contracts of every event type and version: derived, judged, released, and what is live."
)
derived.add_write(app, documents)
check.add_command(app)
release.add_command(app)
readers.add_command(app)
live.add_command(app)
authoring.add_commands(app)
editing.add_commands(app)
generate.add_commands(app)
