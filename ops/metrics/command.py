"""`python -m ops metrics`: how each consumer does, beside what it promises."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from ops.aws import AsJson
from ops.bundles import bundled
from ops.metrics.report import Row, report, subjects
from ops.metrics.series import Window
from ops.metrics.source import source_of
from ops.metrics.table import table
from ops.target import Target
from ops.times import length_of
from ops.whom import Whom, explained
from ops.wrong_use import WrongUse
from runtime.clock import SystemClock

EXAMPLE: Final = "Example: python -m ops metrics billing --since 6h --stage prod"


@bundled
def metrics(
    function: Annotated[str | None, typer.Argument(help="A consumer or a relay: by event type, too.")] = None,
    since: Annotated[str, typer.Option(help="How far back: 90m, 6h, 7d.")] = "1h",
    *,
    whom: Whom,
    as_json: AsJson = False,
) -> None:
    """What became of the records of each consumer and relay, and how long it took.

    Exits with 1 when a consumer does not keep a promise of its manifest in this window, and with 2 when the stage
    cannot be asked.
    """
    with explained():
        rows = _rows(whom.target(), function, Window.whole(length_of(since), until=SystemClock().now()))
    broken = any(row.broken for row in rows)
    print(_document(rows, since) if as_json else table(rows, since))
    raise typer.Exit(1 if broken else 0)


def _rows(target: Target, function: str | None, window: Window) -> list[Row]:
    asked = subjects(target.services, function)
    if not asked:
        known = ", ".join(subject.function for subject in subjects(target.services))
        raise WrongUse(f"there is no consumer or relay {function!r}; known: {known}")
    return report(source_of(target), asked, window)


def _document(rows: Sequence[Row], since: str) -> str:
    return json.dumps({"since": since, "rows": [row.to_dict() for row in rows]}, indent=2)
