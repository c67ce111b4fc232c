"""`python -m ops schemas readers`: who reads what, as it is inferred from the code, the templates and the rules."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from typing import Annotated, Final

import typer

from contracts.readers import Reading, UnreadableSource, readings
from events.catalog import TYPES

_HELP: Final = """Who reads which field of which event type, and where.

Inferred from the services' code, templates and rules: nothing is declared by hand. "passes on whole" carries every
field on, "checks" refuses a payload that does not fit its model.

Example: python -m ops schemas readers billing.invoice.issued
"""
_HEADINGS: Final = ("type", "field", "who", "how", "where")

Row = tuple[str, str, str, str, str]


def add_command(app: typer.Typer) -> None:
    """Give `app` its `readers`."""

    @app.command(name="readers", help=_HELP)
    def readers_command(
        type_: Annotated[str | None, typer.Argument(metavar="[TYPE]", help="One event type; all without.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="One JSON array of readings.")] = False,
    ) -> None:
        if type_ is not None and type_ not in TYPES:
            typer.echo(f"{type_} is not in the catalog; known: {', '.join(sorted(TYPES))}", err=True)
            raise typer.Exit(2)
        found = [reading for reading in _readings() if type_ in (None, reading.type)]
        typer.echo(json.dumps([asdict(reading) for reading in found], indent=2) if as_json else table(found))


def _readings() -> tuple[Reading, ...]:
    try:
        return readings()
    except UnreadableSource as error:
        typer.echo(f"the code does not parse: {error}", err=True)
        raise typer.Exit(2) from error


def table(found: Iterable[Reading]) -> str:
    """One line for each field, reader and way to depend on it; places beyond the first are counted."""
    rows = [_HEADINGS, *_rows(found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _rows(found: Iterable[Reading]) -> Iterator[Row]:
    ordered = sorted(found, key=lambda r: (*_what(r), r.place))
    for (name, path, who, how), places in groupby(ordered, key=_what):
        first, *others = dict.fromkeys(reading.where for reading in places)
        yield name, path or "(all)", who, how, f"{first} and {len(others)} more" if others else first


def _what(reading: Reading) -> tuple[str, str, str, str]:
    version = "" if reading.version == 1 else f" v{reading.version}"
    who = f"{reading.consumer} (rule {reading.rule})" if reading.rule else reading.consumer
    return f"{reading.type}{version}", reading.path, who, reading.how
