"""`python -m ops dlq`: what will not be tried again, and what to do about it."""

from __future__ import annotations

import typer

from ops.dlq import changing, editing, keeping, looking, policy

app = typer.Typer(
    no_args_is_help=True,
    help="Dead letters: look at them, group them, mend them, and bring them back to where they belong.",
)
looking.add_commands(app)
changing.add_commands(app)
keeping.add_commands(app)
editing.add_commands(app)
policy.add_commands(app)
