"""`python -m ops schemas check`: everything that can be wrong with the contracts, in one answer."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from contracts.gate import Judgement, judge
from contracts.languages import LANGUAGES
from contracts.readers import hurt_by, readings
from contracts.releases import FOLDER, InvalidRelease, Released, released
from contracts.verdicts import Verdict
from contracts.wiring import problems
from events.catalog import CATALOG
from ops import derived
from ops.schemas.artefacts import documents

_HELP: Final = (
    "Say whether the catalog can be deployed beside all that was released.\n\n"
    "Exits with 1 when it would hurt somebody, when a derived file is out of step, and when rules or code do not fit "
    "the catalog.\n\n"
    "Example: python -m ops schemas check billing.invoice.paid"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`stale` are derived files out of step; `wiring` is what does not fit between rules, code and catalog."""

    types: int
    judgement: Judgement
    stale: tuple[str, ...]
    wiring: tuple[str, ...]

    @property
    def passes(self) -> bool:
        return self.judgement.passes and not self.stale and not self.wiring

    @property
    def summary(self) -> str:
        failing = sum(verdict.fails for verdict in self.judgement.verdicts)
        found = (
            _counted(failing, "breaking change", "breaking changes"),
            _counted(len(self.judgement.verdicts) - failing, "warning", "warnings"),
            _counted(len(self.stale), "file out of step", "files out of step"),
            _counted(len(self.wiring), "wiring problem", "wiring problems"),
        )
        told = ", ".join(filter(None, found)) or "all is well"
        return f"{self.types} event types, {self.judgement.compared} comparisons: {told}"

    def to_json(self) -> dict[str, Any]:
        return {
            "passes": self.passes,
            "verdicts": [asdict(verdict) | {"line": str(verdict)} for verdict in self.judgement.verdicts],
            "stale": self.stale,
            "wiring": self.wiring,
            "notes": self.judgement.notes,
            "summary": self.summary,
        }

    def lines(self) -> Iterator[str]:
        """For a terminal, in colours; the rest is told apart by where it stands."""
        for type_, verdicts in groupby(self.judgement.verdicts, lambda verdict: verdict.type):
            yield from (_coloured(verdict, type_) for verdict in verdicts)
        yield from (f"{line}: run `python -m ops schemas write` and commit what it changes" for line in self.stale)
        yield from self.wiring
        yield from (typer.style(f"note: {note}", dim=True) for note in self.judgement.notes)
        yield typer.style(self.summary, fg="green" if self.passes else "red", bold=True)


def report(types: Collection[str] = (), *, folder: Path = FOLDER) -> Report:
    """Of all types, or of these alone. Raises InvalidRelease."""
    catalog = {key: model for key, model in CATALOG.items() if _is_asked_for(key[0], types)}
    past: Released = {key: history for key, history in released(folder).items() if _is_asked_for(key[0], types)}
    return Report(
        types=len({type_ for type_, _ in catalog.keys() | past.keys()}),
        judgement=judge(catalog, past, languages=LANGUAGES, hurt_by=_hurt_by),
        stale=_about(types, derived.drift(documents())),
        wiring=_about(types, [str(problem) for problem in problems()]),
    )


def add_command(app: typer.Typer) -> None:
    @app.command(name="check", help=_HELP)
    def check_command(
        types: Annotated[list[str] | None, typer.Argument(metavar="TYPE", help="only these event types")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="for scripts")] = False,
        against: Annotated[
            Path | None,
            typer.Option(metavar="DIR", exists=True, file_okay=False, help="other releases than events/releases"),
        ] = None,
    ) -> None:
        folder = against or FOLDER
        try:
            answer = report(_known(types or (), folder), folder=folder)
        except InvalidRelease as error:
            typer.echo(error, err=True)
            raise typer.Exit(1) from error
        say(answer, as_json=as_json)
        if not answer.passes:
            raise typer.Exit(1)


def say(answer: Report, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(answer.to_json(), indent=2, ensure_ascii=False))
    else:
        for line in answer.lines():
            typer.echo(line)


def _known(types: Collection[str], folder: Path) -> Collection[str]:
    known = {type_ for type_, _ in CATALOG.keys() | released(folder).keys()}
    if unknown := [type_ for type_ in types if type_ not in known]:
        raise typer.BadParameter(
            f"{', '.join(unknown)} is in no catalog or release; there are {', '.join(sorted(known))}"
        )
    return types


def _is_asked_for(type_: str, types: Collection[str]) -> bool:
    return not types or type_ in types


def _about(types: Collection[str], lines: list[str]) -> tuple[str, ...]:
    return tuple(line for line in lines if not types or any(type_ in line for type_ in types))


def _hurt_by(type_: str, version: int, path: str, *, by_name: bool = False) -> str:
    """Inferred from the code when it is first asked for: that takes seconds."""
    known = [r for r in readings() if not by_name or r.how in ("reads", "matches")]
    return hurt_by(type_, version, path, known)


def _coloured(verdict: Verdict, type_: str) -> str:
    colour = "red" if verdict.fails else "yellow"
    return typer.style(type_, fg=colour, bold=True) + str(verdict).removeprefix(type_)


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}" if number else ""
