"""The commands: plan and run a replay, list them, cancel one, and clear away what an interrupted one left."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from infra.components.relations import Retention
from ops.aws import AsJson
from ops.bundles import bundled
from ops.logs.sources import log_source
from ops.replay.estimate import Estimate, estimate
from ops.replay.eventbridge import EventBridge, Replay
from ops.replay.outcomes import outcomes, told
from ops.replay.plan import Choice, Plan, plan
from ops.replay.running import Running, leftovers
from ops.replay.telling import ended_line, plan_json, plan_lines, progress_line, replay_json, table
from ops.replay.window import Window, memory, said
from ops.target import Target
from ops.whom import Whom, explained
from ops.wrong_use import WrongUse
from runtime.clock import Clock, SystemClock

#: EventBridge says of a new rule only that a short time may pass before it matches.
_SETTLE_SECONDS: Final = 30.0
#: Their emulators notice a new rule at once.
_AT_ONCE: Final = ("embedded", "localstack")

app = typer.Typer(help="Send events from the archive again, to all consumers or to some.")

Since = Annotated[str | None, typer.Option(help="How far back from now: 90m, 2h, 3d.")]
From = Annotated[str | None, typer.Option("--from", help="From when on, by the events' own time; UTC.")]
To = Annotated[str | None, typer.Option("--to", help="Until when; now, when it is left out.")]
Types = Annotated[list[str] | None, typer.Option("--type", help="Events of this type; may be repeated.")]
Sources = Annotated[list[str] | None, typer.Option("--source", help="Events of this source; may be repeated.")]
Customers = Annotated[list[str] | None, typer.Option("--customer", help="Events about this customer; may be repeated.")]
Invoices = Annotated[list[str] | None, typer.Option("--invoice", help="Events about this invoice; may be repeated.")]
Consumers = Annotated[list[str] | None, typer.Option("--to-consumer", help="To this consumer only; may be repeated.")]
Effects = Annotated[
    bool, typer.Option("--with-effects", help="E-mails and webhooks that were never sent are sent now.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and what it would take.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
Forgotten = Annotated[
    bool, typer.Option("--although-forgotten", help="Go further back than consumers are sure to remember.")
]


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What would be done."""

    plan: Plan
    estimate: Estimate


@app.callback(invoke_without_command=True, epilog="Example: python -m ops replay --since 2h --dry-run")
@bundled
def replay(  # noqa: PLR0913 - an option each
    context: typer.Context,
    *,
    since: Since = None,
    start: From = None,
    end: To = None,
    types: Types = None,
    sources: Sources = None,
    customers: Customers = None,
    invoices: Invoices = None,
    consumers: Consumers = None,
    with_effects: Effects = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    although_forgotten: Forgotten = False,
    as_json: AsJson = False,
    whom: Whom,
) -> None:
    """Send events from the archive again. Whoever has handled one already changes nothing.

    Exits with 1 when the replay failed or was cancelled (Ctrl-C does that), with 2 when it cannot be begun.
    """
    if context.invoked_subcommand is not None:
        return
    clock = SystemClock()
    with explained():
        target = whom.target()
        choice = Choice(
            window=Window.parse(since=since, start=start, end=end, now=clock.now()),
            types=tuple(types or ()),
            sources=tuple(sources or ()),
            customers=tuple(customers or ()),
            invoices=tuple(invoices or ()),
            consumers=tuple(consumers or ()),
            with_effects=with_effects,
        )
        if as_json and not (dry_run or yes):
            raise WrongUse("--json asks nobody: say --dry-run or --yes with it")
        _remembered(choice.window, target, clock, although_forgotten=although_forgotten)
        proposal = _proposal(choice, target, clock)
        _propose(proposal, as_json=as_json and dry_run, quiet=as_json and not dry_run)
        if dry_run:
            return
        if not yes:
            typer.confirm("Do it?", abort=True, err=True)
        ended = _run(proposal.plan, target, clock)
    typer.echo(json.dumps(replay_json(ended), indent=2) if as_json else ended_line(ended))
    raise typer.Exit(0 if ended.state == "COMPLETED" else 1)


@app.command(name="list", epilog="Example: python -m ops replay list --stage prod")
@bundled
def list_replays(whom: Whom, as_json: AsJson = False) -> None:
    """The stage's replays of the last 90 days, newest first, each with its state."""
    with explained():
        target = whom.target()
        found = EventBridge(target).listed()
    if as_json:
        typer.echo(json.dumps([replay_json(one) for one in found], indent=2))
        return
    for line in table(found) if found else ["no replay in the last 90 days"]:
        typer.echo(line)


@app.command(epilog="Example: python -m ops replay show breakwater-prod-20261127t061512-a1b2 --stage prod")
@bundled
def show(
    name: Annotated[str, typer.Argument(help="The replay's name, as `list` shows it.")],
    whom: Whom,
    as_json: AsJson = False,
) -> None:
    """How far a replay is, and what consumers made of its events. Reads their logs; exits with 1 when it failed."""
    clock = SystemClock()
    with explained():
        target = whom.target()
        found = _found(EventBridge(target), name)
        ends = outcomes(found, log_source(target, clock), now=clock.now())
    if as_json:
        typer.echo(json.dumps(replay_json(found) | {"outcomes": ends}, indent=2))
    else:
        for line in (ended_line(found), *told(ends)):
            typer.echo(line)
    raise typer.Exit(1 if found.state in ("FAILED", "CANCELLED") else 0)


@app.command(epilog="Example: python -m ops replay cancel breakwater-prod-20261127t061512-a1b2 --stage prod")
@bundled
def cancel(
    name: Annotated[str, typer.Argument(help="The replay's name, as `list` shows it.")],
    whom: Whom,
    as_json: AsJson = False,
) -> None:
    """Stop a replay that somebody has begun. What was replayed until then stays replayed."""
    with explained():
        bridge = EventBridge(whom.target())
        bridge.cancel(_found(bridge, name).name)
    told = f"{name}: told to stop; `python -m ops replay clean` removes its rules when it has"
    typer.echo(json.dumps({"name": name, "cancelling": True}, indent=2) if as_json else told)


@app.command(epilog="Example: python -m ops replay clean --stage prod")
@bundled
def clean(whom: Whom, as_json: AsJson = False) -> None:
    """Remove the rules of replays that have ended, where whoever began them could not.

    Rules of replays that still run are left alone, and those that were made in the last 15 minutes.
    """
    with explained():
        target = whom.target()
        bridge = EventBridge(target)
        names = leftovers(bridge, stage=target.stage, now=SystemClock().now())
        for name in names:
            bridge.remove_rule(name)
    if as_json:
        typer.echo(json.dumps({"removed": list(names)}, indent=2))
        return
    for line in (f"removed {name}" for name in names) if names else ["nothing was left over"]:
        typer.echo(line)


def _found(bridge: EventBridge, name: str) -> Replay:
    """Raises WrongUse and CannotAsk."""
    found = bridge.find(name)
    if found is None:
        raise WrongUse(f"there is no replay {name}: see `python -m ops replay list`")
    return found


def _remembered(window: Window, target: Target, clock: Clock, *, although_forgotten: bool) -> None:
    horizon = memory(Retention.of(target.stage, target.consumers))
    if clock.now() - window.start > horizon and not although_forgotten:
        raise WrongUse(
            f"{said(window.start)} is more than {horizon.days} days ago: what consumers did then may be forgotten by "
            "the time that they see it again, and be done twice, and large events' data be gone. "
            "Go less far back, or say --although-forgotten"
        )


def _proposal(choice: Choice, target: Target, clock: Clock) -> Proposal:
    now = clock.now()
    planned = plan(choice, stage=target.stage, services=target.services, now=now, token=secrets.token_hex(2))
    return Proposal(plan=planned, estimate=estimate(planned, EventBridge(target).archive(), now=now))


def _propose(proposal: Proposal, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        typer.echo(json.dumps(plan_json(proposal.plan, proposal.estimate), indent=2))
        return
    for line in plan_lines(proposal.plan, proposal.estimate):
        typer.echo(line, err=quiet)


def _run(planned: Plan, target: Target, clock: Clock) -> Replay:
    """Tells of each step forward, on stderr."""
    last: list[str] = []

    def progress(found: Replay) -> None:
        line = progress_line(planned, found)
        if line not in last:
            last[:] = [line]
            typer.echo(line, err=True)

    settle = 0.0 if target.stage.name in _AT_ONCE else _SETTLE_SECONDS
    return Running(EventBridge(target), clock=clock, settle=settle, progress=progress).run(planned)
