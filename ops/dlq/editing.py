"""`ops dlq edit`: one letter's event is mended, held against the catalog, and sent."""

from __future__ import annotations

import json
from typing import Annotated, Any

import click
import typer

from ops.aws import AsJson
from ops.bundles import bundled
from ops.dlq.changing import say_outcome
from ops.dlq.options import Lease, Why, Yes, confirmed, desk_of, plainly
from ops.letters import work
from ops.letters.editing import DoesNotFit, Edited, changed, document, edited, event_text
from ops.letters.holding import LEASE
from ops.letters.letter import Letter
from ops.whom import Whom
from ops.wrong_use import WrongUse


def add_commands(app: typer.Typer) -> None:
    app.command(
        epilog="Example: python -m ops dlq edit evt_01J2XYZ --set data.amount=49900 --why 'the partner sent dollars'"
    )(edit)


@bundled
def edit(
    id_: Annotated[str, typer.Argument(metavar="ID", help="A message or event id, or its beginning.")],
    whom: Whom,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Such as data.amount=4900; your $EDITOR opens without."),
    ] = None,
    why: Why = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change; send nothing.")] = False,
    yes: Yes = False,
    lease: Lease = LEASE,
    as_json: AsJson = False,
) -> None:
    """Mend one letter's event and send it to where it belongs. The trail keeps the original, who and why.

    The event keeps its identity: the original has had no effect, and a second one must not have another. Exits with 1
    when what comes out does not fit the catalog: then nothing is sent.
    """
    with plainly():
        if not why and not dry_run:
            raise WrongUse("say why: --why")
        desk = desk_of(whom, lease=lease)
        letter = desk.letter(id_)
        event = document(letter, desk.claims)
        result = _judged(letter, changed(event, set_) if set_ else _by_hand(event))
        typer.echo(result.diff, err=not dry_run)
        if dry_run:
            return
        if not confirmed("Send it so?", yes=yes):
            typer.echo("nothing was sent", err=True)
            raise typer.Exit(1)
        done = work.edit(desk, result, why=why)
    say_outcome(done, "sent as edited", as_json=as_json)


def _judged(letter: Letter, event: dict[str, Any]) -> Edited:
    try:
        return edited(letter, event)
    except DoesNotFit as error:
        typer.echo("it would not fit the catalog, so nothing was sent:", err=True)
        for problem in error.problems:
            typer.echo(f"  {problem}", err=True)
        raise typer.Exit(1) from error


def _by_hand(event: dict[str, Any]) -> dict[str, Any]:
    text = click.edit(event_text(event), extension=".json")
    if text is None:
        raise WrongUse("nothing has changed")
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError) as error:
        raise WrongUse(f"what you left is no JSON object: {error}") from error
