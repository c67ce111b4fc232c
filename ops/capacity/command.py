"""`python -m ops capacity`: what a stage carries, played on a virtual clock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ops.aws import AsJson
from ops.capacity.asking import check_known, play_all
from ops.capacity.report import sources, table
from ops.capacity.result import document
from ops.capacity.scenario import SCENARIOS
from ops.cost.asking import UNANSWERABLE, Question, scope_of
from ops.cost.command import Topology, rate_of
from ops.cost.figures import measured_on
from ops.whom import explained
from runtime.topology import SERVICES as APART

EXAMPLE = "Example: python -m ops capacity --scenario steady --rate 50000/min --mix one-by-one"


def capacity(  # noqa: PLR0913, PLR0917 - an option each
    rate: Annotated[str, typer.Option(help="How many requests: 50000/min, 800/s, 3000000/h.")] = "50000/min",
    mix: Annotated[str, typer.Option(help="What they are made of: one of ours, or a file like them.")] = "metered",
    scenario: Annotated[
        list[str] | None, typer.Option(help=f"Only this one (again for more): {', '.join(SCENARIOS)}.")
    ] = None,
    stage: Annotated[str, typer.Option(help="Whose templates.")] = "prod",
    topology: Topology = APART,
    seed: Annotated[int, typer.Option(help="The same seed plays the same.")] = 1,
    templates: Annotated[
        Path | None, typer.Option(help="A cloud assembly of the stage, in place of one that is synthesised.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="What is taken for granted, with its sources.")] = False,
    as_json: AsJson = False,
) -> None:
    """What a stage carries: times, queues, concurrency and quotas, in each scenario.

    Exits with 1 when something was lost, or when what is promised within 280 ms at p95 takes longer at the steady rate.
    """
    question = Question(stage=stage, topology=topology, rate=rate_of(rate), mix=mix, templates=templates)
    names = scenario or tuple(SCENARIOS)
    names = scenario or tuple(SCENARIOS)
    with explained(*UNANSWERABLE):
        check_known(names)
        scope = scope_of(question, lambda text: typer.echo(text, err=True))
    typer.echo(f"playing {', '.join(names)}", err=True)
    results = play_all(scope, names, seed)
    if as_json:
        print(json.dumps([document(result) for result in results], indent=2))
    else:
        asked = f"{stage}, topology {scope.topology.text}, {question.rate * 60:,.0f} requests a minute, mix `{mix}`"
        head = f"{asked}; measured {measured_on()}"
        print(table(results, head=head))
        print(f"\n{sources()}" if explain else "")
    if any(result.lost or (result.scenario == "steady" and result.missed()) for result in results):
        raise typer.Exit(1)
