"""`explain`, `sample` and `validate`: event types to look at, and events to hold against them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from contracts.authoring.explanation import explained, in_words
from contracts.authoring.lookup import found
from contracts.authoring.validation import Tally, Verdict, verdicts
from contracts.samples import Kind, Sample, as_event, samples
from contracts.shapes import Contract
from events.catalog import NEWEST
from ops.schemas.progress import Progress
from ops.schemas.usage import Type, wrong_use

Version = Annotated[int | None, typer.Option(help="The newest when left out.", min=1)]
AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]


def add_commands(app: typer.Typer) -> None:
    app.command()(explain)
    app.command()(sample)
    app.command()(validate)


def explain(
    type_: Annotated[str | None, typer.Argument(metavar="[TYPE]", help="All types when left out.")] = None,
    version: Version = None,
    as_json: AsJson = False,
) -> None:
    """What an event type is, who sends it, who reads it, how it may change.

    Example: python -m ops schemas explain billing.invoice.paid
    """
    if type_ is None:
        _list(as_json=as_json)
        return
    with wrong_use():
        explanation = explained(found(type_, version))
    typer.echo(json.dumps(explanation, indent=2, ensure_ascii=False) if as_json else in_words(explanation))


def _list(*, as_json: bool) -> None:
    models = [NEWEST[type_] for type_ in sorted(NEWEST)]
    if as_json:
        typer.echo(json.dumps([{"type": model.type, "newest": model.version} for model in models], indent=2))
        return
    width = max(len(model.type) for model in models)
    for model in models:
        typer.echo(f"{model.type:<{width}}  v{model.version}  {(model.__doc__ or '').splitlines()[0]}")


def sample(
    type_: Type,
    kind: Annotated[Kind, typer.Option(help="Good ones, those at the bounds, or those that are refused.")] = "valid",
    count: Annotated[
        int | None, typer.Option(help="One valid one, or all edges or faults, when left out.", min=1)
    ] = None,
    seed: Annotated[int, typer.Option(help="Other samples for another number.")] = 0,
    version: Version = None,
    event: Annotated[bool, typer.Option("--event", help="Whole CloudEvents, not their data alone.")] = False,
    why: Annotated[bool, typer.Option("--why", help='Objects {"data", "field", "why"} in place of the data.')] = False,
) -> None:
    """Payloads of a type as NDJSON on stdout; on stderr, what is special about each edge, or wrong with each fault.

    Example: python -m ops schemas sample billing.invoice.paid --kind edge --event | python -m ops schemas validate -
    """
    with wrong_use():
        contract = found(type_, version)
        made = list(samples(contract, kind, seed=seed, count=count))
    for index, each in enumerate(made):
        data = as_event(contract, each, seed=seed, index=index) if event else each.data
        typer.echo(json.dumps(_explained(data, each) if why else data, ensure_ascii=False))
        if each.why and not why:
            typer.echo(f"{index + 1}: {each.field}: {each.why}", err=True)


def _explained(data: object, each: Sample) -> dict[str, object]:
    return {"data": data, "field": each.field, "why": each.why}


def validate(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="NDJSON, a JSON array, or JSON documents.")],
    type_: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="What the documents are, for bare data and as a check.")
    ] = None,
    version: Annotated[int | None, typer.Option(help="Of bare data; the newest when left out.", min=1)] = None,
    as_json: AsJson = False,
) -> None:
    """Hold events against the catalog: CloudEvents, EventBridge events, entries of PutEvents, or bare data.

    Exits with 1 when one does not fit. Example: python -m ops schemas validate examples/usage-batch.json
    """
    with wrong_use():
        bare = found(type_, version) if type_ else None
    tally = Tally()
    with _opened(file) as stream:
        for verdict in _judged(stream, bare):
            tally.add(verdict)
            _report("stdin" if file == "-" else file, verdict, as_json=as_json)
    _sum_up(tally, as_json=as_json)
    raise typer.Exit(1 if tally.invalid else 0)


def _judged(stream: BinaryIO, bare: Contract | None) -> Iterator[Verdict]:
    with Progress() as progress:
        for number, verdict in enumerate(verdicts(stream, bare=bare), start=1):
            progress.tell(f"{number:,} documents")
            yield verdict


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115 - closed below; only opening it may fail with these words
    except OSError as error:
        typer.echo(f"{file}: {error.strerror}", err=True)
        raise typer.Exit(2) from error
    with stream:
        yield stream


def _report(name: str, verdict: Verdict, *, as_json: bool) -> None:
    for problem in verdict.problems:
        line = {
            "file": name,
            "line": verdict.line,
            "type": verdict.type,
            "field": problem.field,
            "message": problem.message,
        }
        typer.echo(json.dumps(line, ensure_ascii=False) if as_json else f"{name}:{verdict.line}: {problem}")


def _sum_up(tally: Tally, *, as_json: bool) -> None:
    if as_json:
        counts = {"valid": tally.valid, "invalid": tally.invalid, "types": dict(sorted(tally.types.items()))}
        typer.echo(json.dumps(counts))
        return
    kinds = ", ".join(f"{count:,} {type_}" for type_, count in sorted(tally.types.items()))
    typer.echo(f"{tally.valid:,} valid{f' ({kinds})' if kinds else ''}, {tally.invalid:,} invalid")
