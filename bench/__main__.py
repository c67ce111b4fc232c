"""`python -m bench`: what Breakwater costs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from bench import cold as cold_start
from bench.calls import measure_all
from bench.report import as_document, as_table, machine
from runtime.clock import SystemClock

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.callback()
def bench() -> None:
    """What Breakwater costs, beside the plain way to do the same work."""


@app.command()
def calls(
    batches: Annotated[
        int, typer.Option(min=1, help="Full batches of each scenario, after one that is not counted.")
    ] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, with the machine's facts.")] = False,
) -> None:
    """Calls, round trips and billed units of AWS for one event: each function of ours, and its plain peer."""
    now = SystemClock().now().replace(microsecond=0)
    results = measure_all(now=now, batches=batches)
    print(json.dumps(as_document(results, date=f"{now:%Y-%m-%d}"), indent=2) if as_json else as_table(results))


@app.command()
def cold(
    runs: Annotated[int, typer.Option(min=1, help="Processes for each handler.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, with the machine's facts.")] = False,
) -> None:
    """Milliseconds that each function's import takes, and those that are for being observed."""
    results = cold_start.measure(cold_start.handlers(), runs=runs)
    facts = {"scenario": "cold", "machine": machine(f"{SystemClock().now():%Y-%m-%d}")}
    document = facts | {"results": [asdict(result) for result in results]}
    print(json.dumps(document, indent=2) if as_json else cold_start.as_table(results))


if __name__ == "__main__":
    app(prog_name="python -m bench")
