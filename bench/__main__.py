"""`python -m bench`: what Breakwater costs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from os import environ  # noqa: TID251 - the composition root
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench import carried, closing, readme
from bench import cold as cold_start
from bench.assets import as_table as assets_table
from bench.assets import measure_assets
from bench.calls import measure_all
from bench.canned import Level
from bench.committed import HOME, KEEPING, documents
from bench.compared import EXPLAINED, Compared, committed, compared, remodelled
from bench.compared import as_document as results_document
from bench.cpu import measure_cpu
from bench.effects import Load
from bench.embedded import end_to_end, on_a_stack
from bench.end_to_end import Rounds as Turns
from bench.end_to_end import end_to_end_table
from bench.everything import run_all
from bench.growth import measure_growth
from bench.handing_on import handing_on
from bench.kill_run import clean
from bench.machine import machine
from bench.measure import measured_works
from bench.memory import measure_memory
from bench.plots import Unplottable, svg_of
from bench.report import as_document, as_table, measurements, measurements_table
from bench.results_text import as_text
from bench.starts import measure_starts
from bench.tables import cpu_table, growth_table, memory_table, starts_table
from bench.telling import progress, say, show, tell, this_second
from local.embedded.signals import Stopped, signals_stop
from ops import derived
from ops.cost.figures import MEASURED
from ops.derived import name

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, with the machine's facts.")]
Rounds = Annotated[int, typer.Option(min=1, help="Turns that each side takes; the figures are medians.")]


@app.callback()
def bench(
    keep_results: Annotated[bool, typer.Option("--keep", help="Write the results to bench/results/, too.")] = False,
) -> None:
    """What Breakwater costs, beside the plain way to do the same work."""
    KEEPING.set(keep_results)


@app.command(epilog="Example: python -m bench calls --batches 1")
def calls(
    batches: Annotated[
        int, typer.Option(min=1, help="Full batches of each scenario, after one that is not counted.")
    ] = 2,
    as_json: Json = False,
) -> None:
    """Calls, round trips and billed units of AWS for one event: each function of ours, and its plain peer."""
    now = this_second()
    tell("calls", measure_all(now=now, batches=batches), as_table, now=now, as_json=as_json)


@app.command(epilog="Example: python -m bench cpu --rounds 9 --json > cpu.json")
def cpu(
    rounds: Rounds = 9,
    level: Annotated[str, typer.Option(help="Where AWS answers: at the `client`, or on the `wire`.")] = "client",
    as_json: Json = False,
) -> None:
    """The processor's time for one record: each function of ours, and its plain peer. AWS calls cost nothing."""
    now = this_second()
    results = measure_cpu(now=now, rounds=rounds, level=_level(level))
    tell("cpu", results, cpu_table, now=now, as_json=as_json)


@app.command(epilog="Example: python -m bench memory --json > memory.json")
def memory(rounds: Rounds = 7, as_json: Json = False) -> None:
    """Whole flows in memory: the memory cloud, FastStream's test broker, and moto with plain consumers."""
    tell("memory", measure_memory(rounds=rounds), memory_table, now=this_second(), as_json=as_json)


@app.command(epilog="Example: python -m bench growth 100000 300000 1000000")
def growth(
    points: Annotated[list[int], typer.Argument(min=1, help="Numbers of records, ascending.")],
    as_json: Json = False,
) -> None:
    """Whether the memory cloud's time and memory for a record stay the same while records add up."""
    results = measure_growth(points, tell=progress(max(points)))
    tell("growth", results, growth_table, now=this_second(), as_json=as_json)


@app.command(epilog="Example: python -m bench embedded --rounds 5 --json > embedded.json")
def embedded(
    rounds: Rounds = 3,
    events: Annotated[int, typer.Option(min=10, help="Put as fast as the bus takes them, each round.")] = 1_000,
    rate: Annotated[float, typer.Option(min=1, help="Events a second, where the pace is even.")] = 30,
    seconds: Annotated[int, typer.Option(min=1, help="For how long, each round.")] = 10,
    as_json: Json = False,
) -> None:
    """The whole way on the emulator: a plain Powertools consumer, and billing's ledger of usage as it is deployed."""
    now = this_second()
    turns = Turns(burst=Load(count=events), paced=Load(count=round(rate * seconds), rate=rate), count=rounds)
    try:
        results = end_to_end(now, turns, say)
    except Stopped:
        raise typer.Exit(130) from None
    tell("embedded", results, end_to_end_table, now=now, as_json=as_json)


@app.command(epilog="Example: python -m bench plot cpu.json memory.json --out docs/bench")
def plot(
    results: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="What --json has printed.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Where the SVGs go.")] = Path(),
) -> None:
    """Results as SVG, one beside the other, named for their scenarios."""
    out.mkdir(parents=True, exist_ok=True)
    for path in results:
        document = json.loads(path.read_text())
        try:
            svg = svg_of(document)
        except Unplottable as error:
            raise typer.BadParameter(f"{path}: {error}") from error
        target = out / f"{document['scenario']}.svg"
        target.write_text(svg)
        print(target)


@app.command(epilog="Example: python -m bench cold --rounds 3")
def cold(
    rounds: Rounds = 7,
    runs: Annotated[int, typer.Option(min=1, help="Processes for each function's imports.")] = 5,
    as_json: Json = False,
) -> None:
    """From process start to ready and to the first record: each function, beside a plain consumer. And its package."""
    now = this_second()
    results = measure_starts(now=now, rounds=rounds, tell=say)
    imports, assets = cold_start.measure(cold_start.handlers(), runs=runs), measure_assets()
    document = as_document(results, scenario="cold", date=f"{now:%Y-%m-%d}")
    document |= {"imports": _plain(imports), "assets": _plain(assets)}
    tables = starts_table(results), cold_start.as_table(imports), assets_table(assets)
    show(document, "\n\n".join(tables), as_json=as_json)


def _plain(results: Sequence[DataclassInstance]) -> list[dict[str, Any]]:
    return [asdict(result) for result in results]


@app.command(epilog="Example: python -m bench close --customers 1000000")
def close(
    rate: Annotated[int, typer.Option(min=1, help="Records a minute, all month.")] = 50_000,
    customers: Annotated[int, typer.Option(min=1, help="Who share them equally.")] = 50_000,
    concurrency: Annotated[int, typer.Option(min=1, help="Accounts that are closed at once.")] = closing.CONCURRENCY,
    dynamodb_ms: Annotated[float, typer.Option(min=0, help="Assumed: until a page of 1 MB has come.")] = 60,
    rounds: Rounds = 9,
    as_json: Json = False,
) -> None:
    """How long the close of a month takes: a page of the ledger measured, the rest reckoned."""
    now = this_second()
    found = closing.measure_close(
        now=now, rate=rate, customers=customers, concurrency=concurrency, dynamodb_ms=dynamodb_ms, rounds=rounds
    )
    tell("close", (found,), closing.as_lines, now=now, as_json=as_json)


def _level(name: str) -> Level:
    if name not in ("client", "wire"):
        raise typer.BadParameter(f"{name!r} is neither `client` nor `wire`", param_hint="--level")
    return "client" if name == "client" else "wire"


@app.command()
def measure(
    repeats: Annotated[int, typer.Option(min=1, help="Invocations of each size.")] = 9,
    as_json: Json = False,
    write: Annotated[bool, typer.Option("--write", help="Renew what is committed: bench/measured.json.")] = False,
) -> None:
    """Time, waits, units and bytes of one invocation of each function: what `python -m ops cost` reckons with."""
    now = this_second()
    results = [*measured_works(now=now, repeats=repeats), handing_on(now=now, repeats=repeats)]
    document = json.dumps(measurements(results, date=f"{now:%Y-%m-%d}"), indent=1)
    if write:
        MEASURED.write_text(f"{document}\n")
    print(document if as_json else measurements_table(results))


@app.command()
def capacity(
    concurrency: Annotated[int, typer.Option(min=2, help="Of each function of the embedded stack.")] = 2,
    as_json: Json = False,
) -> None:
    """What `python -m ops capacity` predicts for the embedded stack, beside what the stack does."""
    now = this_second()
    found = on_a_stack(now, concurrency, say)
    document = {"scenario": "capacity", "machine": machine(f"{now:%Y-%m-%d}"), "results": carried.as_json(found)}
    show(document, carried.as_lines(found), as_json=as_json)


@app.command(epilog="Example: python -m bench results --json > results.json")
def results(
    modelled: Annotated[
        bool, typer.Option("--modelled", help="Only what is modelled and read anew; what was measured as committed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """The results table: what a change, a broken service, a month and one more consumer cost, in both topologies."""
    now = this_second()
    try:
        with signals_stop():
            found = _compared(now, modelled=modelled)
    except Stopped:
        raise typer.Exit(130) from None
    except EXPLAINED as error:
        say(f"results: {error}")
        raise typer.Exit(2) from error
    show(results_document(found, machine(f"{now:%Y-%m-%d}")), as_text(found), as_json=as_json)


def _compared(now: datetime, *, modelled: bool) -> Compared:
    if modelled:
        return remodelled(committed(HOME / "results.json"), say=say)
    return compared(clean(environ), now=now, say=say)


@app.command(epilog="Example: python -m bench report --write")
def report(
    write: Annotated[bool, typer.Option("--write", help="Write them; else exit with 1 when one is outdated.")] = False,
) -> None:
    """README's section of results, docs/results.md and the plots, from what is committed in bench/results/."""
    found = readme.derived(documents())
    if write:
        for path in derived.write(found):
            print(f"wrote {name(path)}")
        return
    outdated = derived.drift(found)
    for line in outdated:
        say(line)
    if outdated:
        say("run `python -m bench report --write` and commit what it changes")
        raise typer.Exit(1)
    print(f"{len(found)} files are as bench/results/ says")


@app.command(name="all", epilog="Example: python -m bench --keep all")
def everything() -> None:
    """Every benchmark, which takes ten minutes or more; with --keep, README and its plots are renewed, too."""
    failed = run_all(say, keep=KEEPING.get())
    if KEEPING.get():
        report(write=True)
    for benchmark in failed:
        say(f"failed: {benchmark}")
    raise typer.Exit(1 if failed else 0)


if __name__ == "__main__":
    app(prog_name="python -m bench")
