"""`ops dlq park`, `unpark`, `restore`: letters leave their queues for the trail's keeping, and come back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ops.aws import AsJson
from ops.bundles import bundled
from ops.dlq import tables
from ops.dlq.changing import Everything, say_outcome
from ops.dlq.options import Lease, Which, Why, Yes, confirmed, desk_of, plainly, some
from ops.letters import files, work
from ops.letters.desk import Desk
from ops.letters.grouping import grouped
from ops.letters.holding import LEASE
from ops.letters.letter import Letter
from ops.letters.operations import Entry
from ops.letters.selection import Selection, goes_by
from ops.schemas.progress import Progress
from ops.whom import Whom
from ops.wrong_use import WrongUse


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: python -m ops dlq park --group 3fa9c1d2 --why 'the partner sends them again'")(park)
    app.command(epilog="Example: python -m ops dlq unpark evt_01J2XYZ")(unpark)
    app.command(epilog="Example: python -m ops dlq restore letters.ndjson --why 'purged by mistake'")(restore)


@bundled
def park(
    whom: Whom,
    which: Which,
    everything: Everything = False,
    why: Why = "",
    yes: Yes = False,
    lease: Lease = LEASE,
    as_json: AsJson = False,
) -> None:
    """Take letters out of the alarm's sight, with the reason. They are kept until somebody brings them back.

    SQS would throw them away after 14 days; the trail, where they lie, does not.
    """
    with plainly():
        if not why:
            raise WrongUse("say why: --why")
        desk = desk_of(whom, lease=lease)
        selection = some(which.selection(desk.clock.now()), everything=everything)
        among = None if yes else _agreed(desk, selection)
        with Progress() as progress:
            done = work.park(desk, selection, why=why, tell=lambda _: progress.tell("parking"), among=among)
    say_outcome(done, "parked", as_json=as_json)


def _agreed(desk: Desk, selection: Selection) -> list[Letter]:
    letters = list(desk.look(selection).letters)
    typer.echo(tables.groups(grouped(letters), desk.clock.now()) if letters else "no letter matches", err=True)
    if letters and not confirmed(f"Park {len(letters):,} letters?", yes=False):
        typer.echo("nothing was parked", err=True)
        raise typer.Exit(1)
    return letters


@bundled
def unpark(
    whom: Whom,
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]…", help="Message or event ids.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that are parked.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Only say what is parked.")] = False,
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Bring parked letters back into their dead-letter queues, as they were: from there, redrive or edit them."""
    with plainly():
        desk = desk_of(whom)
        lot = list(desk.trail.parked().values())
        if list_:
            _list(lot, as_json=as_json)
            return
        chosen = _chosen(lot, ids or [], everything=everything)
        done = work.unpark(desk, chosen, why=why, tell=lambda _: None)
    say_outcome(done, "brought back", as_json=as_json)


def _list(lot: list[Entry], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([entry.to_dict() for entry in lot], indent=2, ensure_ascii=False))
        return
    for entry in lot:
        typer.echo(f"{entry.letter}  {entry.place}  {entry.subject.id or '?'}  {tables.history([entry]).strip()}")
    if not lot:
        typer.echo("nothing is parked")


def _chosen(lot: list[Entry], ids: list[str], *, everything: bool) -> list[Entry]:
    if everything:
        return lot
    chosen = [entry for entry in lot if any(goes_by(text, entry.letter, entry.subject.id) for text in ids)]
    if not chosen:
        raise WrongUse("say which parked letters: ids, or --all; --list says what there is")
    return chosen


@bundled
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `ops dlq export` or `purge` wrote.")],
    whom: Whom,
    why: Why = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Send the letters in a file to their dead-letter queues: as new messages, with the same events and reasons."""
    with plainly():
        desk = desk_of(whom)
        letters = files.read(file, desk.places)
        if not confirmed(f"Send {len(letters):,} letters to their dead-letter queues?", yes=yes):
            raise typer.Exit(1)
        done = work.restore(desk, file, why=why, tell=lambda _: None)
    say_outcome(done, "brought back", as_json=as_json)
