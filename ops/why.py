"""`python -m ops why`: where an event is, how it came there, and what to do if it does not go on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Annotated, Any, Final

import typer

from ops.aws import AsJson
from ops.bundles import bundled
from ops.logs.sources import Kind, log_source
from ops.logs.window import Window
from ops.story.gathering import Investigation, Progress
from ops.story.page import pages
from ops.story.telling import Question
from ops.times import moment
from ops.whom import Whom, explained
from ops.wrong_use import WrongUse
from runtime.clock import SystemClock

_QUIET_SECONDS: Final = 2.0


@bundled
def why(  # noqa: PLR0913 - an option each
    event_id: Annotated[str | None, typer.Argument(metavar="EVENT_ID", help="The event's id.")] = None,
    *,
    customer: Annotated[str | None, typer.Option(help="All that happened to this customer.")] = None,
    invoice: Annotated[str | None, typer.Option(help="All that happened to this invoice.")] = None,
    correlation: Annotated[str | None, typer.Option(help="All events of this flow.")] = None,
    source: Annotated[str, typer.Option(help="The event's source, where several producers use its id.")] = "",
    since: Annotated[str, typer.Option(help="How far back to read: 15m, 24h, 7d, or a time.")] = "24h",
    most: Annotated[int, typer.Option(min=1, help="Stories, where one may choose.")] = 20,
    scan: Annotated[
        bool, typer.Option("--scan", help="Search all outboxes for an event without a trace: reads the whole table.")
    ] = False,
    logs: Annotated[Kind, typer.Option(help="How to read logs; auto: as fits the stage.")] = "auto",
    whom: Whom,
    as_json: AsJson = False,
) -> None:
    """Tell where an event is: its causes and effects, its tries, where it waits or why it stopped, and what to do.

    Reads logs, and where they leave it open dead-letter queues, outboxes and queue depths. Changes nothing. Exits
    with 0 when all is well, with 1 when it has stopped or is late, with 2 when nobody can say.
    """
    clock = SystemClock()
    with explained():
        question = asked(event_id, customer=customer, invoice=invoice, correlation=correlation, source=source)
        target, now = whom.target(), clock.now()
        with _slowly() as progress:
            told = Investigation(
                target=target,
                logs=log_source(target, clock, logs),
                clock=clock,
                window=Window(start=moment(since, now=now), end=now),
                most=most,
                scan=scan,
                options=whom.options,
                progress=progress,
            ).answer(question)
    for line in [json.dumps(told.to_json(), indent=2)] if as_json else pages(told, options=whom.options):
        typer.echo(line)
    raise typer.Exit(told.exit_code)


def asked(event_id: str | None, **other: Any) -> Question:
    """Raises WrongUse unless exactly one thing is asked for."""
    source = other.pop("source")
    given = {kind: value for kind, value in {"event": event_id, **other}.items() if value}
    if len(given) != 1:
        raise WrongUse("say one of: EVENT_ID, --customer, --invoice, --correlation")
    ((kind, value),) = given.items()
    return Question(kind=kind, value=value, source=source)  # type: ignore[arg-type]


@contextmanager
def _slowly() -> Iterator[Progress]:
    """Says on stderr what is being done, once it has taken more than a moment."""
    said: list[str] = []
    timer = Timer(_QUIET_SECONDS, lambda: typer.echo(f"{said[-1] if said else 'asking'} …", err=True))
    timer.daemon = True
    timer.start()
    try:
        yield said.append
    finally:
        timer.cancel()
