"""`python -m ops assess`: should you move, and how far?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ops.assess.asking import asked
from ops.assess.assessment import Assessment, assess
from ops.assess.company import Company
from ops.assess.facts import known, model
from ops.assess.report import told
from ops.aws import AsJson
from ops.cost.asking import UNANSWERABLE
from ops.cost.command import rate_of
from ops.wrong_use import WrongUse

EXAMPLE: Final = "Example: python -m ops assess --rate 500/min --engineers 3"


def assess_command(  # noqa: PLR0913, PLR0917 - an option each
    rate: Annotated[str | None, typer.Option(help="How many requests: 50000/min, 800/s, 3000000/h.")] = None,
    mix: Annotated[str | None, typer.Option(help="What they are made of: one of ours, or a file.")] = None,
    engineers: Annotated[int | None, typer.Option(help="Who change the system.")] = None,
    deploys_a_week: Annotated[float | None, typer.Option(help="Of all teams.")] = None,
    deploy_minutes: Annotated[float | None, typer.Option(help="That one takes.")] = None,
    blocked: Annotated[float | None, typer.Option(help="Share of releases that wait for others', 0 to 1.")] = None,
    p95_ms: Annotated[float | None, typer.Option(help="As it is.")] = None,
    wanted_p95_ms: Annotated[float | None, typer.Option(help="As it should be.")] = None,
    bill: Annotated[float | None, typer.Option(help="Dollars a month, as it is.")] = None,
    scale_alone: Annotated[
        list[str] | None, typer.Option(help="A module that must scale alone (again for more), or none.")
    ] = None,
    traces: Annotated[
        bool | None, typer.Option("--traces/--no-traces", help="Whether a request can be followed today.")
    ] = None,
    shared_tables: Annotated[
        bool | None, typer.Option("--shared-tables/--own-tables", help="Whether modules write each other's tables.")
    ] = None,
    company: Annotated[Path | None, typer.Option(help="A file of JSON with these; options stand above it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Stay, modularise in place, take one out, or services: with your numbers, and where each figure is from.

    Asks for the numbers at a terminal when none are given; otherwise those of the migration are taken.
    """
    options = {name: value for name, value in locals().items() if name in Company.model_fields}
    given = {name: value for name, value in options.items() if value is not None}
    try:
        found = _assessed(given, company, ask=_at_terminal() and not as_json)
    except (WrongUse, *UNANSWERABLE) as error:
        typer.echo(f"assess: {error}", err=True)
        raise typer.Exit(2) from error
    print(json.dumps(found.document(), indent=2) if as_json else told(found))


def _assessed(given: dict[str, Any], file: Path | None, *, ask: bool) -> Assessment:
    if "rate" in given:
        given["rate"] = rate_of(given["rate"]) * 60
    if "scale_alone" in given:
        given["scale_alone"] = tuple(name for name in given["scale_alone"] if name != "none")
    if ask and not given and file is None:
        given = asked(lambda question, default: str(typer.prompt(question, default=default, err=True)))
    company = Company.from_file(file, given) if file else Company.of(given)
    return assess(company, model(lambda text: typer.echo(text, err=True)), known())


def _at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()
