"""Whom a command asks: the four options of every command that asks a stage, said once (see ops.bundles)."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import typer

from contracts.deployed import CannotAsk
from infra.config import DEFAULT_STAGE, UnknownStage
from ops.aws import EndpointUrl, Profile, Region, Stage
from ops.target import Target
from ops.wrong_use import WrongUse


@dataclass(frozen=True, kw_only=True)
class Whom:
    """Whom to ask."""

    stage: Stage = DEFAULT_STAGE
    endpoint_url: EndpointUrl = None
    profile: Profile = None
    region: Region = None

    def target(self) -> Target:
        """Raises UnknownStage."""
        return Target.named(self.stage, endpoint_url=self.endpoint_url, profile=self.profile, region=self.region)

    @property
    def options(self) -> str:
        """As they were given, for commands that a person may paste."""
        given = {
            "--stage": self.stage,
            "--endpoint-url": self.endpoint_url,
            "--profile": self.profile,
            "--region": self.region,
        }
        return shlex.join(word for name, value in given.items() if value for word in (name, value))


@contextmanager
def explained(*others: type[Exception]) -> Iterator[None]:
    """What makes no sense, or cannot be asked, ends with its message and 2; so do `others`."""
    told: tuple[type[Exception], ...] = (WrongUse, UnknownStage, CannotAsk, *others)
    try:
        yield
    except told as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
