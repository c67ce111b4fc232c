"""`python -m ops capacity`: what a stage carries, played on a virtual clock."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from infra.config import UnknownStage, stage_named
from ops.aws import AsJson
from ops.capacity.report import sources, table
from ops.capacity.result import Result, document, played
from ops.capacity.scenario import SCENARIOS
from ops.cost.command import rate_of
from ops.cost.figures import NoSuchFile, assumptions, measured_on, mix_named
from ops.cost.scope import Scope
from ops.cost.templates import CannotSynthesise, read, templates_of
from ops.cost.topology import topology_of

EXAMPLE = "Example: python -m ops capacity --scenario steady --rate 50000/min --mix one-by-one"


def capacity(
    rate: Annotated[str, typer.Option(help="How many requests: 50000/min, 800/s, 3000000/h.")] = "50000/min",
    mix: Annotated[str, typer.Option(help="What they are made of: one of ours, or a file like them.")] = "metered",
    scenario: Annotated[
        list[str] | None, typer.Option(help=f"Only this one (again for more): {', '.join(SCENARIOS)}.")
    ] = None,
    stage: Annotated[str, typer.Option(help="Whose templates.")] = "prod",
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
    try:
        chosen = _chosen(scenario)
        scope = _scope(rate, mix, stage, templates)
    except (UnknownStage, NoSuchFile, CannotSynthesise, KeyError, OSError, ValueError) as error:
        typer.echo(f"capacity: {error}", err=True)
        raise typer.Exit(2) from error
    results = play_all(scope, chosen, seed)
    if as_json:
        print(json.dumps([document(result) for result in results], indent=2))
    else:
        head = f"{stage}, {scope.rate * 60:,.0f} requests a minute, mix `{scope.mix.name}`; measured {measured_on()}"
        print(table(results, head=head))
        print(f"\n{sources()}" if explain else "")
    if any(result.lost or (result.scenario == "steady" and result.missed()) for result in results):
        raise typer.Exit(1)


def play_all(scope: Scope, names: Sequence[str], seed: int) -> list[Result]:
    """Side by side, each in a process of its own."""
    typer.echo(f"playing {', '.join(names)}", err=True)
    with ProcessPoolExecutor() as pool:
        return list(pool.map(played, [scope] * len(names), [SCENARIOS[n] for n in names], [seed] * len(names)))


def _chosen(names: Sequence[str] | None) -> Sequence[str]:
    for name in names or ():
        if name not in SCENARIOS:
            raise ValueError(f"there is no scenario {name!r}; known: {', '.join(SCENARIOS)}")
    return names or tuple(SCENARIOS)


def _scope(rate: str, mix: str, stage: str, templates: Path | None) -> Scope:
    prefix = stage_named(stage).prefix
    found = read(templates) if templates else templates_of(stage, lambda text: typer.echo(text, err=True))
    return Scope(topology=topology_of(found, prefix), mix=mix_named(mix), rate=rate_of(rate), assumptions=assumptions())
