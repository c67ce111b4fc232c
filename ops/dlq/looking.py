"""`ops dlq list`, `groups`, `show`, `export`, `audit`: what is there, and what was done. Nothing is changed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from events.envelope import InvalidEvent
from ops.aws import AsJson
from ops.bundles import bundled
from ops.dlq import tables
from ops.dlq.options import Which, desk_of, plainly
from ops.letters import files
from ops.letters.advice import advice
from ops.letters.desk import Desk
from ops.letters.editing import event_text
from ops.letters.grouping import grouped
from ops.letters.letter import Letter
from ops.letters.looking import Look
from ops.letters.operations import Verb
from ops.letters.packing import packed
from ops.whom import Whom
from ops.wrong_use import WrongUse


def add_commands(app: typer.Typer) -> None:
    app.command(name="list", epilog="Example: python -m ops dlq list --stage prod")(list_)
    app.command(epilog="Example: python -m ops dlq groups --consumer notification --newer 2h")(groups)
    app.command(epilog="Example: python -m ops dlq show evt_01J2XYZ")(show)
    app.command(epilog="Example: python -m ops dlq export letters.ndjson --group 3fa9c1d2")(export)
    app.command(epilog="Example: python -m ops dlq audit 8a41c0d2")(audit)


@bundled
def list_(whom: Whom, which: Which, as_json: AsJson = False) -> None:
    """Every dead-letter queue: how many letters, since when, why, and how many others hold or have parked."""
    with plainly():
        desk = desk_of(whom)
        now = desk.clock.now()
        names = [box.place.name for box in desk.boxes(which.consumer or ())]
        parked = dict(Counter(entry.place for entry in desk.trail.parked().values()))
        with desk.looking(which.selection(now)) as look:
            if as_json:
                _say([_queue(name, look, parked) for name in names])
            else:
                _tell(tables.queues(look, names, parked, now), look, now)
                _tell_of_interrupted(desk)


def _tell(text: str, look: Look, now: datetime) -> None:
    typer.echo(text)
    for line in tables.warnings(look, now):
        typer.echo(line, err=True)


def _tell_of_interrupted(desk: Desk) -> None:
    for account in desk.trail.accounts(limit=3):
        if not account.outcome and account.operation.verb is Verb.REDRIVE:
            by, id_ = account.operation.who.user, account.operation.id
            typer.echo(f"a redrive of {by}'s runs or was interrupted: redrive --resume {id_} goes on with it", err=True)


def _queue(name: str, look: Look, parked: Mapping[str, int]) -> dict[str, Any]:
    here = [letter for letter in look.letters if letter.place.name == name]
    return {
        "queue": name,
        "letters": len(here),
        "held_by_others": look.elsewhere.get(name, 0),
        "parked": parked.get(name, 0),
        "oldest": min((letter.to_dict()["failed_at"] for letter in here), default=None),
        "reasons": dict(Counter(letter.reason for letter in here).most_common()),
    }


@bundled
def groups(whom: Whom, which: Which, as_json: AsJson = False) -> None:
    """Letters by what went wrong, the largest group first, with what to do about it."""
    with plainly():
        desk = desk_of(whom)
        now = desk.clock.now()
        with desk.looking(which.selection(now)) as look:
            found = grouped(look.letters)
            if as_json:
                _say([group.to_dict() for group in found])
            else:
                _tell(tables.groups(found, now) if found else "no dead letters", look, now)


@bundled
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="A message or event id, or its beginning.")],
    whom: Whom,
    as_json: AsJson = False,
) -> None:
    """One letter: what went wrong, what to do, the event itself, and what was done to it before."""
    with plainly():
        desk = desk_of(whom)
        letter = desk.letter(id_)
        past = desk.trail.history(letter.subject)
    if as_json:
        _say(packed(letter) | {"advice": advice(letter), "history": [entry.to_dict() for entry in past]})
        return
    typer.echo(_card(letter, desk))
    typer.echo(_event(letter))
    typer.echo(f"done before\n{tables.history(past)}" if past else "nothing was done to it before")


def _card(letter: Letter, desk: Desk) -> str:
    now, said = desk.clock.now(), letter.to_dict()
    tries = "" if letter.attempts is None else f" after {letter.attempts} tries"
    return "\n".join(
        (
            f"letter   {letter.id}  in {letter.place.name}, put there by {letter.origin.value}",
            f"event    {letter.subject.type or '?'}  {letter.called}  from {letter.subject.source or '?'}",
            f"why      {letter.reason}: {letter.error}{tries}",
            f"when     {said['failed_at']} ({tables.age(now - letter.failed_at)} ago)",
            f"kept     for {tables.age(letter.lost_at - now)} more, then SQS throws it away",
            f"group    {letter.fingerprint}",
            f"do       {advice(letter)}",
        )
    )


def _event(letter: Letter) -> str:
    event = letter.event
    if event is not None:
        return event_text(event).rstrip()
    try:
        return json.dumps(json.loads(letter.body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError, InvalidEvent):
        return letter.body


@bundled
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file: NDJSON, one letter a line.")],
    whom: Whom,
    which: Which,
    as_json: AsJson = False,
) -> None:
    """Write letters into a file, complete; they stay where they are. `ops dlq restore` brings them back from there.

    Exits with 1 when others held letters, which are then not in it.
    """
    with plainly():
        desk = desk_of(whom)
        if file.exists():
            raise WrongUse(f"{file} exists already: an export overwrites nothing")
        look = desk.look(which.selection(desk.clock.now()))
        count = files.export(look.letters, file)
    missing = sum(look.elsewhere.values())
    if as_json:
        _say({"file": str(file), "letters": count, "held_by_others": missing})
    else:
        typer.echo(f"{count:,} letters in {file}")
    if missing:
        typer.echo(f"about {missing} were held by others and are not in it", err=True)
        raise typer.Exit(1)


@bundled
def audit(
    whom: Whom,
    operation: Annotated[
        str | None, typer.Argument(help="One operation, letter by letter; the latest without.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, without one named.")] = 20,
    as_json: AsJson = False,
) -> None:
    """What operators did: who, when, what, why, to which letters, and what came of it."""
    with plainly():
        trail = desk_of(whom).trail
        found = [trail.account(operation)] if operation else trail.accounts(limit=limit)
        accounts = [account for account in found if account]
        if operation and not accounts:
            raise WrongUse(f"there is no operation {operation}: `ops dlq audit` lists them")
        entries = trail.entries(accounts[0].operation.id) if operation else []
    if as_json:
        said = [account.to_dict() for account in accounts]
        _say(said[0] | {"entries": [entry.to_dict() for entry in entries]} if operation else said)
        return
    typer.echo(tables.accounts(accounts) if accounts else "no operator has changed anything yet")
    for entry in entries:
        typer.echo(f"  {entry.letter}  {tables.history([entry]).strip()}")


def _say(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
