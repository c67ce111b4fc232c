"""`python -m ops tail`: the flow of events as it happens, one line for each hop."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, Final

import typer

from contracts.lines import Line
from events.envelope import format_time
from ops.bundles import bundled
from ops.logs.live import Wanted, follow
from ops.story.steps import moment as moment_of
from ops.story.words import short, span
from ops.target import Target
from ops.times import moment
from ops.whom import Whom, explained
from ops.wrong_use import WrongUse
from runtime.clock import SystemClock

#: Seconds between two questions. CloudWatch takes 25 of FilterLogEvents a second of an account: one is ten.
_EVERY: Final = 2.0
_EVERY_EMBEDDED: Final = 0.25

#: Events out, in one line.
_SHOWN: Final = 3
_COLOURS: Final = {
    "handled": typer.colors.GREEN,
    "relayed": typer.colors.GREEN,
    "accepted": typer.colors.GREEN,
    "retry": typer.colors.YELLOW,
    "deferred": typer.colors.YELLOW,
    "dead_letter": typer.colors.RED,
}


@bundled
def tail(  # noqa: PLR0913 - an option each
    *,
    service: Annotated[str | None, typer.Option(help="Only this service's functions.")] = None,
    consumer: Annotated[str | None, typer.Option(help="Only this function, by its name in the manifest.")] = None,
    type_: Annotated[str, typer.Option("--type", help="Only events of this type.")] = "",
    customer: Annotated[str, typer.Option(help="Only this customer's flows.")] = "",
    outcome: Annotated[str, typer.Option(help="Only lines with this outcome, such as dead_letter.")] = "",
    since: Annotated[str, typer.Option(help="Begin as long ago: 15m, 1h, or at a time.")] = "0s",
    seconds: Annotated[float | None, typer.Option("--for", min=0, help="End by itself after so many seconds.")] = None,
    whom: Whom,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each line.")] = False,
) -> None:
    """Follow what the functions do, one line for each hop, until Ctrl-C."""
    clock = SystemClock()
    with explained():
        target = whom.target()
        wanted = Wanted(functions=_functions(target, service, consumer), type=type_, customer=customer, outcome=outcome)
        now = clock.now()
        lines = follow(
            target,
            clock,
            since=moment(since, now=now),
            until=None if seconds is None else now + timedelta(seconds=seconds),
            every=_EVERY_EMBEDDED if whom.stage == "embedded" else _EVERY,
            trouble=lambda text: typer.echo(text, err=True),
        )
        with suppress(KeyboardInterrupt):
            for line in filter(wanted, lines):
                typer.echo(json.dumps(as_dict(line)) if as_json else told(line))


def _functions(target: Target, service: str | None, consumer: str | None) -> frozenset[str] | None:
    """Raises WrongUse for a name that no manifest knows."""
    known = {each.name: frozenset(f.name for f in each.functions) for each in target.services}
    if service is not None and service not in known:
        raise WrongUse(f"there is no service {service}; known: {', '.join(known)}")
    functions = known[service] if service else frozenset().union(*known.values())
    if consumer is None:
        return functions if service else None
    if consumer not in functions:
        raise WrongUse(f"there is no function {consumer} here; known: {', '.join(sorted(functions))}")
    return frozenset((consumer,))


def as_dict(line: Line) -> dict[str, Any]:
    """What the line says, for `--json`."""
    said = {name: value for name, value in asdict(line).items() if value not in ("", None, ())}
    return {"time": format_time(moment_of(line.at)), **said}


def told(line: Line) -> str:
    """One line for people: when, who, what became of it, which event, what it brought about, or why not."""
    when = moment_of(line.at).strftime("%H:%M:%S.%f")[:-3]
    outcome = typer.style(f"{line.outcome:<11}", fg=_COLOURS.get(line.outcome))
    return " ".join((when, f"{line.function:<21}", outcome, *_parts(line))).rstrip()


def _parts(line: Line) -> Iterator[str]:
    if line.event_id:
        yield f"{line.event_type or '(no type)'} {short(line.event_id)}"
    elif line.role == "consumer":
        yield f"message {line.message_id}"
    if line.attempts > 1:
        yield f"try {line.attempts}"
    if line.duration_ms:
        yield f"in {span(line.duration_ms)}"
    if line.out:
        yield "→ " + ", ".join(f"{type_} {short(id_)}" for type_, id_ in line.out[:_SHOWN])
    if len(line.out) > _SHOWN:
        yield f"and {len(line.out) - _SHOWN} more"
    if line.reason or line.suppressed_because:
        yield f"({': '.join(filter(None, (line.reason, line.error_message))) or line.suppressed_because})"
