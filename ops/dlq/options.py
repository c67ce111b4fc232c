"""What the commands about dead letters have in common: whom to ask, which letters, and how they end."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import uuid4  # noqa: TID251 - the composition root: operations' ids

import typer

from local.embedded.signals import Stopped, signals_stop
from ops.letters.desk import Desk
from ops.letters.holding import LEASE
from ops.letters.selection import Selection
from ops.times import moment
from ops.whom import Whom, explained
from ops.wrong_use import WrongUse
from runtime.clock import SystemClock
from runtime.errors import BreakwaterError

Why = Annotated[str, typer.Option("--why", help="The reason, for the audit trail.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Lease = Annotated[int, typer.Option(hidden=True, min=2, max=43_200)]


def desk_of(whom: Whom, *, lease: int = LEASE) -> Desk:
    """Raises UnknownStage."""
    user = f"{getpass.getuser()}@{socket.gethostname()}"
    return Desk(target=whom.target(), user=user, clock=SystemClock(), new_id=uuid4, lease=lease)


@dataclass(frozen=True, kw_only=True)
class Which:
    """Which letters. All criteria must hold; of one that is repeated, any."""

    group: Annotated[list[str] | None, typer.Option(help="Of this group: see `ops dlq groups`.")] = None
    id: Annotated[list[str] | None, typer.Option(help="With this message or event id, or its beginning.")] = None
    type: Annotated[list[str] | None, typer.Option(help="About events of this type.")] = None
    consumer: Annotated[list[str] | None, typer.Option(help="Of this consumer, relay or schedule.")] = None
    error: Annotated[str, typer.Option(help="With this in the error, in any case.", show_default=False)] = ""
    older: Annotated[str | None, typer.Option(help="Dead for longer than 2h, or since before a time.")] = None
    newer: Annotated[str | None, typer.Option(help="Dead for less than 2h, or since a time.")] = None

    def selection(self, now: datetime) -> Selection:
        """Raises WrongUse."""
        return Selection(
            groups=tuple(self.group or ()),
            ids=tuple(self.id or ()),
            types=tuple(self.type or ()),
            places=tuple(self.consumer or ()),
            error=self.error,
            failed_before=moment(self.older, now=now) if self.older else None,
            failed_after=moment(self.newer, now=now) if self.newer else None,
        )


@contextmanager
def plainly() -> Iterator[None]:
    """What cannot be done ends with its message and 2; Ctrl-C and a plain kill unwind, and end with 130."""
    try:
        with explained(BreakwaterError, OSError), signals_stop():
            yield
    except (Stopped, KeyboardInterrupt) as error:
        typer.echo("stopped: what was held is given back, and what was sent is in the audit trail", err=True)
        raise typer.Exit(130) from error


def some(selection: Selection, *, everything: bool) -> Selection:
    """The selection of a command that changes something: all letters only when that is said. Raises WrongUse."""
    if selection.is_everything and not everything:
        raise WrongUse("say which letters: --group, --id, --type, --consumer, --error, --older, --newer; or --all")
    return selection


def confirmed(question: str, *, yes: bool) -> bool:
    """Raises WrongUse where nobody can be asked."""
    if yes:
        return True
    try:
        return typer.confirm(question, err=True)
    except typer.Abort as error:
        raise WrongUse(f"{question} Nobody answered: say --yes") from error
