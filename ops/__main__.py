"""`python -m ops`: the operator's and the developer's command line."""

from __future__ import annotations

import typer

from ops import deploy, dlq, openapi, replay, schemas, tail, why
from ops.assess import command as assess
from ops.capacity import command as capacity
from ops.console.command import console
from ops.cost import command as cost
from ops.metrics import command

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Operate Breakwater, and keep what is derived in step."
)
app.add_typer(dlq.app, name="dlq")
app.add_typer(schemas.app, name="schemas")
app.add_typer(openapi.app, name="openapi")
app.add_typer(cost.app, name="cost")
app.command(name="capacity", epilog=capacity.EXAMPLE)(capacity.capacity)
app.command(name="assess", epilog=assess.EXAMPLE)(assess.assess_command)
app.add_typer(replay.app, name="replay")
app.command(name="metrics", epilog=command.EXAMPLE)(command.metrics)
app.command(name="deploy", epilog="Example: python -m ops deploy Billing --stage dev -- --hotswap")(deploy.deploy)
app.command(name="why", epilog="Example: python -m ops why poison-0001 --stage embedded")(why.why)
app.command(name="tail", epilog="Example: python -m ops tail --service billing --stage embedded")(tail.tail)
app.command(name="console", epilog="Example: python -m ops console --stage dev --profile operator --read-only")(console)

if __name__ == "__main__":
    app(prog_name="python -m ops")
