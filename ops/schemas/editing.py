"""`new` and `bump`: changes to the catalog's source, begun by a command and finished by a person."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from contracts.authoring.explanation import mention
from contracts.authoring.inference import Inferred, data_in, inferred
from contracts.authoring.kinds import KINDS, field_spec
from contracts.authoring.lookup import found
from contracts.authoring.new_type import CATALOG_FILE, class_name, refuse_bad_type, with_new_type
from contracts.authoring.next_version import EXAMPLES_FOLDER, UPCASTING_FILE, NextVersion, next_version
from contracts.company import SERVICES
from ops import derived
from ops.schemas.usage import Type, wrong_use
from runtime.clock import SystemClock

_A_YEAR: Final = timedelta(days=365)
#: What is derived from the catalog, in whatever form.
_DERIVED: Final = ("schemas", "openapi")
_KINDS_HELP: Final = "\n\n".join(f"{name}: {kind.about}" for name, kind in KINDS.items())


def add_commands(app: typer.Typer) -> None:
    app.command(epilog=f"Kinds of field:\n\n{_KINDS_HELP}")(new)
    app.command()(bump)


def new(
    type_: Type,
    doc: Annotated[str, typer.Option(help="What it says happened, in a sentence.")] = "",
    field: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME:KIND", help="A field; `?` after it: optional, `[]`: a list. May be repeated."),
    ] = None,
    from_example: Annotated[
        Path | None, typer.Option(help="A JSON file to guess fields from: an event, or its data.", dir_okay=False)
    ] = None,
) -> None:
    """Add an event type to the catalog, and write what is derived from it.

    Example: python -m ops schemas new order.parcel.shipped --field order_id:identifier --field note:text?
    """
    source = _read(CATALOG_FILE)
    with wrong_use():
        refuse_bad_type(type_, source)
        guessed = _guessed(from_example, type_)
        fields = (*guessed.fields, *map(field_spec, field or ()))
        edited = with_new_type(source, type_, doc=doc, fields=fields, parts=guessed.parts)
    _write({CATALOG_FILE: edited})
    typer.echo(f"{mention(CATALOG_FILE, f'class {class_name(type_)}(')}: class {class_name(type_)}")
    _tell_next([*(f"read again: {doubt}" for doubt in guessed.doubts), *_after_new(type_, doc)])


def bump(
    type_: Type,
    sunset: Annotated[
        str, typer.Option(metavar="YYYY-MM-DD", help="Until when the old version is read at least; in a year.")
    ] = "",
) -> None:
    """Begin the next major version of an event type, for a change that would break somebody.

    Example: python -m ops schemas bump billing.invoice.paid
    """
    today = SystemClock().now().date()
    with wrong_use():
        begun = next_version(
            found(type_),
            catalog=_read(CATALOG_FILE),
            upcasting=_read(UPCASTING_FILE),
            since=today,
            sunset=date.fromisoformat(sunset) if sunset else today + _A_YEAR,
        )
    _write(begun.files)
    typer.echo(f"{mention(CATALOG_FILE, f'class {class_name(type_)}(')}: {type_} v{begun.version}, a copy so far")
    _tell_next(_after_bump(type_, begun))


def _guessed(example: Path | None, type_: str) -> Inferred:
    """Raises ValueError for a file that cannot be read, and for what no fields can be made of."""
    if example is None:
        return Inferred()
    try:
        decoded = json.loads(example.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{example}: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"{example} is not JSON: {error}") from error
    return inferred(data_in(decoded, type_), class_name(type_))


def _after_new(type_: str, doc: str) -> Iterable[str]:
    manifest = next(
        (f"functions/{service.name}/manifest.py" for service in SERVICES if type_.startswith(f"{service.name}.")), None
    )
    place = mention(manifest, "emits=") if manifest else "its service's manifest"
    if not doc:
        yield "say in a docstring what happened"
    yield f'who sends it: "{type_}" into `emits` in {place}; `produced_elsewhere = True` when other systems do'
    yield f'who reads it: event_types("{type_}") in a Subscription; `consumed_elsewhere = True` when other systems do'
    yield f"look at it: python -m ops schemas explain {type_}"


def _after_bump(type_: str, begun: NextVersion) -> Iterable[str]:
    old = begun.version - 1
    if begun.shared:
        yield f"{', '.join(begun.shared)}: both versions are made of it; copy it before you change it"
    yield f"change the class of v{begun.version}; {begun.old_name} stays as it is"
    yield f"say in {EXAMPLES_FOLDER}/{type_}/v{old}/*.json what each example is as v{begun.version}"
    yield f"write {mention(UPCASTING_FILE, f'def {begun.upcaster}(')}: {begun.upcaster}, and {begun.downcaster}"
    yield "python -m ops schemas write"
    yield 'python -m pytest -k "stored and example" tests/unit: some fail until it is done'


def _read(path: str) -> str:
    return (derived.ROOT / path).read_text(encoding="utf-8")


def _write(files: Mapping[str, str | dict[str, Any]]) -> None:
    """All of them and what is derived from the catalog, or none of them."""
    paths = {derived.ROOT / path: document for path, document in files.items()}
    before = {path: path.read_text(encoding="utf-8") if path.exists() else None for path in paths}
    for path, document in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document if isinstance(document, str) else _json(document), encoding="utf-8")
    for name in _DERIVED:
        command = [sys.executable, "-m", "ops", name, "write"]
        result = subprocess.run(command, cwd=derived.ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - ourselves
        if result.returncode != 0:
            _restore(before)
            what = "what is derived could not be written: the sources are as they were, see `git status` for the rest"
            typer.echo(f"{result.stderr}{what}", err=True)
            raise typer.Exit(2)
        typer.echo(result.stdout, nl=False)


def _restore(before: Mapping[Path, str | None]) -> None:
    for path, text in before.items():
        if text is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text(text, encoding="utf-8")


def _json(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _tell_next(steps: Iterable[str]) -> None:
    typer.echo("\nnext")
    for number, step in enumerate(steps, start=1):
        typer.echo(f"  {number}. {step}")
