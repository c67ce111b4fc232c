"""`python -m ops schemas release`: what is about to be deployed joins the history that all later changes must fit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Final

import typer

from contracts.languages import LANGUAGES
from contracts.releases import FOLDER, InvalidRelease, Release, Released, due, released
from events.catalog import CATALOG
from ops import derived
from ops.schemas.artefacts import documents
from ops.schemas.check import report, say
from runtime.clock import SystemClock

_HELP: Final = (
    "Freeze what has changed since the last release: after the merge, before the deploy.\n\n"
    "Commit what this writes. Exits with 1, and freezes nothing, when `check` finds something.\n\n"
    "Example: python -m ops schemas release --date 2026-11-27"
)


def add_command(app: typer.Typer) -> None:
    @app.command(name="release", help=_HELP)
    def release_command(
        on: Annotated[
            datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="the day of the release; today in UTC")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="for scripts")] = False,
        dry: Annotated[
            bool, typer.Option("--dry-run", help="freeze nothing; exit with 1 when something is due")
        ] = False,
    ) -> None:
        new = _due((on or SystemClock().now()).date(), as_json=as_json)
        if not dry:
            freeze(new)
        _tell(new, as_json=as_json, verb="due" if dry else "released")
        if dry and new:
            raise typer.Exit(1)


def freeze(releases: Sequence[Release]) -> None:
    """Write the releases, and what is derived from them."""
    derived.write({FOLDER / release.path: release.to_document() for release in releases})
    derived.write(documents())


def _due(on: date, *, as_json: bool) -> list[Release]:
    try:
        past = released(FOLDER)
    except InvalidRelease as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    if on < (last := _last_day(past)):
        raise typer.BadParameter(f"the last release was on {last}: a later one comes after it", param_hint="--date")
    answer = report()
    if not answer.passes:
        say(answer, as_json=as_json)
        raise typer.Exit(1)
    return due(CATALOG, past, LANGUAGES, on=on)


def _last_day(past: Released) -> date:
    return max((release.released for history in past.values() for release in history), default=date.min)


def _tell(releases: Sequence[Release], *, as_json: bool, verb: str) -> None:
    if as_json:
        typer.echo(json.dumps([_summary(release) for release in releases], indent=2))
        return
    for release in releases:
        typer.echo(f"{verb}: {release.type} v{release.version}, {release}")
    if not releases:
        typer.echo("nothing has changed since the last release")


def _summary(release: Release) -> Mapping[str, str | int]:
    return {
        "type": release.type,
        "version": release.version,
        "revision": release.revision,
        "released": release.released.isoformat(),
        "path": str(derived.name(FOLDER / release.path)),
    }
