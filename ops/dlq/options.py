"""What the commands about dead letters have in common: whom to ask, which letters, and how they end."""

from __future__ import annotations

import getpass
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4  # noqa: TID251 - the composition root: operations' ids

import typer

from contracts.deployed import CannotAsk
from infra.config import DEFAULT_STAGE, UnknownStage
from ops.aws import EndpointUrl, Profile, Region, Stage
from ops.letters.desk import Desk
from ops.letters.holding import LEASE
from ops.letters.selection import Selection
from ops.target import Target
from ops.times import moment
from ops.wrong_use import WrongUse
from runtime.clock import SystemClock
from runtime.errors import BreakwaterError

Why = Annotated[str, typer.Option("--why", help="The reason, for the audit trail.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Lease = Annotated[int, typer.Option(hidden=True, min=2, max=43_200)]


class Stopped(BaseException):
    """A signal asked us to end: what is held is given back on the way out."""


@dataclass(frozen=True, kw_only=True)
class Whom:
    """Whom to ask."""

    stage: Stage = DEFAULT_STAGE
    endpoint_url: EndpointUrl = None
    profile: Profile = None
    region: Region = None

    def desk(self, *, lease: int = LEASE) -> Desk:
        """Raises UnknownStage."""
        target = Target.named(self.stage, endpoint_url=self.endpoint_url, profile=self.profile, region=self.region)
        user = f"{getpass.getuser()}@{socket.gethostname()}"
        return Desk(target=target, user=user, clock=SystemClock(), new_id=uuid4, lease=lease)


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
        with _signals_stop():
            yield
    except (WrongUse, UnknownStage, CannotAsk, BreakwaterError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
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


@contextmanager
def _signals_stop() -> Iterator[None]:
    def stop(number: int, _: object) -> None:
        raise Stopped(signal.Signals(number).name)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    try:
        before: dict[int, Any] = {number: signal.signal(number, stop) for number in numbers}
    except ValueError:  # not the main thread: there signals do not come
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
