"""`python -m ops cost`: what a stage costs a month, with the arithmetic."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ops import derived
from ops.aws import AsJson
from ops.cost import baseline
from ops.cost.answer import TOLD_RATE, Answer
from ops.cost.asking import UNANSWERABLE, Question, monthly_cost, scope_of
from ops.cost.report import explanation, table
from ops.cost.whatif import bill_of
from ops.whom import explained
from runtime.topology import MONOLITH
from runtime.topology import SERVICES as APART

app = typer.Typer(help="What a stage costs a month: templates x mix x measurements x prices.")

_PER: Final = {"s": 1, "min": 60, "h": 3600}
_STAGE: Final = "prod"
_REGION: Final = "us-east-1"
_MIX: Final = "metered"
_EXAMPLE: Final = "Example: python -m ops cost --rate 50000/min --mix one-by-one --explain"

Topology = Annotated[str, typer.Option(help="Which services share a function: services, monolith, or such as a+b,c.")]
Templates = Annotated[
    Path | None, typer.Option(help="A cloud assembly of the stage, in place of one that is synthesised.")
]
Monolith = Annotated[Path | None, typer.Option(help="Of the stage as a monolith, in place of one that is synthesised.")]


def rate_of(text: str) -> float:
    """Requests a second. Raises typer.BadParameter."""
    found = re.fullmatch(r"([\d_.]+)/(s|min|h)", text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no rate: write 50000/min, 800/s or 3000000/h")
    return float(found[1]) / _PER[found[2]]


@app.callback(invoke_without_command=True, epilog=_EXAMPLE)
def cost(  # noqa: PLR0913, PLR0917 - an option each
    context: typer.Context,
    rate: Annotated[str, typer.Option(help="How many requests: 50000/min, 800/s, 3000000/h.")] = "50000/min",
    mix: Annotated[str, typer.Option(help="What they are made of: one of ours, or a file like them.")] = _MIX,
    region: Annotated[str, typer.Option(help="Whose prices.")] = _REGION,
    stage: Annotated[str, typer.Option(help="Whose templates.")] = _STAGE,
    topology: Topology = APART,
    months: Annotated[float, typer.Option(min=1, help="For how long the system has run at the month's end.")] = 1,
    templates: Templates = None,
    explain: Annotated[bool, typer.Option("--explain", help="Every line, with its arithmetic and sources.")] = False,
    as_json: AsJson = False,
) -> None:
    """What a stage costs a month at a rate, by service and component, and what would change it."""
    if context.invoked_subcommand:
        return
    question = Question(stage=stage, topology=topology, rate=rate_of(rate), mix=mix, months=months, templates=templates)
    answer = _answer(question, region)
    print(json.dumps(answer.document(), indent=2) if as_json else table(answer))
    if explain and not as_json:
        print(f"\n{explanation(answer)}")


@app.command(epilog="Example: python -m ops cost check --templates .cache/synth/prod-services")
def check(templates: Templates = None, monolith: Monolith = None) -> None:
    """Print what the templates' changes cost beside the committed baseline; exit with 1 when that is outdated."""
    now = _baseline(templates, monolith)
    lines = baseline.difference(baseline.committed(), now)
    for line in lines:
        print(line)
    if lines or derived.drift({baseline.BASELINE: now}):
        typer.echo(f"run `{baseline.RENEW}` and commit what it changes", err=True)
        raise typer.Exit(1)
    print(
        f"{now['dollars']:,.0f} dollars a month at 50,000 requests a minute, {now['monolith']:,.0f} as a monolith; "
        "as committed"
    )


@app.command(epilog="Example: python -m ops cost write")
def write(templates: Templates = None, monolith: Monolith = None) -> None:
    """Renew the baseline that `check` compares with."""
    for path in derived.write({baseline.BASELINE: _baseline(templates, monolith)}):
        typer.echo(f"wrote {derived.name(path)}")


def _baseline(templates: Path | None, monolith: Path | None) -> dict[str, Any]:
    question = Question(stage=_STAGE, mix=_MIX, rate=TOLD_RATE, templates=templates)
    answer = _answer(question, _REGION)
    with explained(*UNANSWERABLE):
        together = scope_of(replace(question, topology=MONOLITH, templates=monolith), _say)
    return baseline.document(answer, monolith=bill_of(together, answer.prices).dollars)


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _answer(question: Question, region: str) -> Answer:
    with explained(*UNANSWERABLE):
        return monthly_cost(question, region=region, say=_say)
