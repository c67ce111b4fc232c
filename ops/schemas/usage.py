"""What the commands about event types have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from contracts.authoring.lookup import UnknownType

Type = Annotated[str, typer.Argument(metavar="TYPE", help="Such as billing.invoice.paid.", show_default=False)]


@contextmanager
def wrong_use() -> Iterator[None]:
    """What the caller got wrong ends with its message and exit code 2."""
    try:
        yield
    except (UnknownType, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
