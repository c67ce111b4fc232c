"""`python -m local`: Breakwater on this machine, without an AWS account."""

from __future__ import annotations

import sys
from os import environ  # noqa: TID251 - the composition root
from typing import Any, Final

import typer

from local.embedded.run import demonstrate, stay_up

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

_JSON: Final[Any] = typer.Option(
    False, "--json", help="At the end, print outcomes and times as JSON; all else on stderr."
)


@app.command()
def run(
    once: bool = typer.Option(False, "--once", help="Exit after the demonstration, at a terminal too."),
    stay: bool = typer.Option(False, "--stay", help="Stay up after the demonstration, without a terminal too."),
    json: bool = _JSON,
) -> None:
    """Deploy everything, play examples/ and check what comes of it; at a terminal, stay up until Ctrl-C.

    While it is up, the console is too. AWS_ENDPOINT_URL names an endpoint to use in place of an emulator of our own.
    """
    at_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    raise typer.Exit(demonstrate(dict(environ), stay=(stay or at_terminal) and not once, as_json=json))


@app.command()
def demo(json: bool = _JSON) -> None:
    """The same as `run --once`: exit 0 when every outcome is as expected, 1 otherwise, and leave nothing running."""
    raise typer.Exit(demonstrate(dict(environ), stay=False, as_json=json))


@app.command()
def up(
    empty: bool = typer.Option(False, "--empty", help="Start the emulator only: deploy to it yourself."),
    json: bool = typer.Option(False, "--json", help="Print one JSON line with endpoints and credentials when up."),
) -> None:
    """Deploy everything and stay up until Ctrl-C or a signal, without the demonstration."""
    raise typer.Exit(stay_up(dict(environ), empty=empty, as_json=json))


if __name__ == "__main__":
    app(prog_name="python -m local")
