"""`ops dlq redrive` and `purge`: letters leave their queues, for where they came from or for good."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from ops.aws import AsJson
from ops.bundles import bundled
from ops.dlq import tables
from ops.dlq.options import Lease, Which, Why, Yes, confirmed, desk_of, plainly, some
from ops.letters import work
from ops.letters.desk import Desk
from ops.letters.holding import LEASE
from ops.letters.letter import Letter
from ops.letters.looking import Look
from ops.letters.redrive import RATE, WATCH, Plan, Report, plan
from ops.letters.selection import Selection
from ops.schemas.progress import Progress
from ops.whom import Whom
from ops.wrong_use import WrongUse

Everything = Annotated[bool, typer.Option("--all", help="All letters, when nothing else is said.")]


def add_commands(app: typer.Typer) -> None:
    app.command(epilog="Example: python -m ops dlq redrive --group 3fa9c1d2 --rate 20 --dry-run")(redrive)
    app.command(epilog="Example: python -m ops dlq purge billing-dlq --older 10d --why 'answered by hand'")(purge)


@dataclass(frozen=True, kw_only=True)
class How:
    """How fast, for how long, and why."""

    rate: Annotated[float, typer.Option(min=0.1, help="Letters a second.")] = RATE
    watch: Annotated[float, typer.Option(min=0, help="Seconds to look out, at the end, for any coming back.")] = WATCH
    why: Why = ""
    lease: Lease = LEASE

    @property
    def pace(self) -> work.Pace:
        return work.Pace(rate=self.rate, watch=self.watch)


@bundled
def redrive(
    whom: Whom,
    which: Which,
    how: How,
    everything: Everything = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would happen; change nothing.")] = False,
    resume: Annotated[str | None, typer.Option(help="Go on with this operation, which was interrupted.")] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Send letters back to where they came from: byte for byte, with the identity by which nothing runs twice.

    A consumer's go to its queue, the relay's to the bus; a schedule's function is called. It stops by itself when a
    failure of the same group comes back. Interrupted, it loses nothing: give the command again, or --resume.

    Exits with 1 when letters were left, refused, or held by others.
    """
    with plainly():
        desk = desk_of(whom, lease=how.lease)
        if resume:
            _over(_resumed(desk, resume, how.pace), as_json=as_json)
            return
        selection = some(which.selection(desk.clock.now()), everything=everything)
        among = None if yes and not dry_run else _agreed(desk, selection, how.rate, dry_run=dry_run, as_json=as_json)
        with Progress() as progress:
            report = work.redrive(
                desk, selection, pace=how.pace, why=how.why, tell=lambda now: _tell(progress, now), among=among
            )
    _over(report, as_json=as_json)


def _resumed(desk: Desk, operation: str, pace: work.Pace) -> Report:
    with Progress() as progress:
        return work.resume(desk, operation, pace=pace, tell=lambda now: _tell(progress, now))


def _agreed(desk: Desk, selection: Selection, rate: float, *, dry_run: bool, as_json: bool) -> list[Letter]:
    """The letters that were shown. Ends the command when it is a dry run, or the answer is no."""
    look = desk.look(selection)
    planned = plan(look.letters, bus=desk.target.bus_name, rate=rate)
    if dry_run and as_json:
        typer.echo(json.dumps(planned.to_dict(), indent=2, ensure_ascii=False))
    else:
        _show(planned, desk, look, err=not dry_run)
    if dry_run:
        raise typer.Exit(0)
    if not planned.sendable:
        raise typer.Exit(1 if look.elsewhere or planned.stuck else 0)
    if not confirmed(f"Redrive {planned.sendable:,} letters?", yes=False):
        typer.echo("nothing was sent", err=True)
        raise typer.Exit(1)
    return list(look.letters)


def _show(planned: Plan, desk: Desk, look: Look, *, err: bool) -> None:
    now = desk.clock.now()
    text = tables.groups(planned.groups, now) if planned.groups else "no letter matches"
    typer.echo(text, err=err)
    for way, count in planned.ways.items():
        typer.echo(f"{count:,} would go to {way}, in about {planned.seconds:.0f} s", err=err)
    for why, count in planned.stuck.items():
        typer.echo(f"{count:,} would stay: {why}", err=err)
    for line in tables.warnings(look, now):
        typer.echo(line, err=True)


def _tell(progress: Progress, report: Report) -> None:
    refused = f", {len(report.refused):,} refused" if report.refused else ""
    progress.tell(f"{report.sent:,} of {report.planned:,} sent{refused}")


def _over(report: Report, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(report.to_dict(), indent=2, ensure_ascii=False))
    else:
        typer.echo(f"{report.sent:,} of {report.planned:,} letters sent (operation {report.operation})")
        for line in _unfinished(report):
            typer.echo(line, err=True)
    raise typer.Exit(0 if report.is_complete else 1)


def _unfinished(report: Report) -> list[str]:
    lines = [f"{id_} stays: {why}" for id_, why in list(report.refused.items())[:10]]
    if len(report.refused) > len(lines):
        lines.append(f"and {len(report.refused) - len(lines):,} more stay: see the audit trail")
    if report.stopped:
        lines.append(f"stopped: {report.stopped}; {report.left:,} were left where they are")
    if report.others:
        lines.append(f"{len(report.others):,} letters arrived meanwhile with another failure: see `ops dlq groups`")
    if report.lost:
        lines.append(f"{report.lost:,} went to somebody else while this command was away")
    if report.elsewhere:
        lines.append(
            f"{sum(report.elsewhere.values()):,} are held by somebody else, or by a command that was killed a moment "
            "ago: give this command again in a minute"
        )
    return lines


@bundled
def purge(
    queue: Annotated[str, typer.Argument(metavar="QUEUE", help="Such as billing-dlq.")],
    whom: Whom,
    which: Which,
    why: Why = "",
    file: Annotated[
        Path | None, typer.Option(help="Where to export them to first; a new file here if not said.")
    ] = None,
    confirm: Annotated[str, typer.Option(help="The answer to the question, for scripts.", show_default=False)] = "",
    lease: Lease = LEASE,
    as_json: AsJson = False,
) -> None:
    """Throw letters of one queue away for good: never one that was not exported first, and never without the words.

    It asks for the queue's name and the count. The trail keeps who, why, and the letters. Exits with 1 when the
    answer is not right, and when others hold letters.
    """
    with plainly():
        desk = desk_of(whom, lease=lease)
        now = desk.clock.now()
        if which.consumer:
            raise WrongUse("name the queue once, as the argument")
        selection = replace(which.selection(now), places=(queue,))
        look = desk.look(selection)
        words = f"{_the_queue(desk, queue)} {len(look.letters)}"
        if not look.letters or not _typed(words, look, confirm):
            typer.echo("nothing was thrown away", err=True)
            raise typer.Exit(1 if look.letters or look.elsewhere else 0)
        path = file or Path(f"{queue}-{now:%Y%m%dT%H%M%SZ}.ndjson")
        with Progress() as progress:
            done = work.purge(desk, selection, why=why, tell=_counting(progress), among=look.letters, file=path)
    say_outcome(done, f"thrown away; they are in {path}", as_json=as_json)


def _the_queue(desk: Desk, queue: str) -> str:
    (box,) = desk.boxes([queue])
    return box.place.queue


def _typed(words: str, look: Look, given: str) -> bool:
    if given:
        return given == words
    count = len(look.letters)
    typer.echo(f"{count:,} letters would be thrown away for good. Type the queue's name and the count:", err=True)
    try:
        return bool(typer.prompt(f"{words.rpartition(' ')[0]} …", err=True, prompt_suffix=" ") == words)
    except typer.Abort as error:
        raise WrongUse("nobody answered: say --confirm 'QUEUE COUNT'") from error


def _counting(progress: Progress) -> work.Count:
    total = 0

    def tell(count: int) -> None:
        nonlocal total
        total += count
        progress.tell(f"{total:,} letters")

    return tell


def say_outcome(done: work.Outcome, what: str, *, as_json: bool) -> None:
    """And exit: 0 when all of it was done."""
    if as_json:
        document: dict[str, Any] = done.to_dict()
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        typer.echo(f"{done.moved:,} of {done.planned:,} letters {what} (operation {done.operation})")
        for id_, why in list(done.refused.items())[:10]:
            typer.echo(f"{id_} stays: {why}", err=True)
        if done.elsewhere:
            typer.echo(f"{sum(done.elsewhere.values()):,} are held by others: give the command again later", err=True)
    raise typer.Exit(0 if done.is_complete else 1)
