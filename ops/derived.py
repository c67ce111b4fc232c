"""Files that are derived from code and committed: written by one command, held in step by another."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import typer

ROOT: Final = Path(__file__).parent.parent

Documents = Mapping[Path, Any]


def write(documents: Documents) -> list[Path]:
    """Write each document that differs from its file; the paths that were written."""
    stale = [path for path, document in documents.items() if not _is_current(path, document)]
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_text(documents[path]), encoding="utf-8")
    return stale


def drift(documents: Documents) -> list[str]:
    """A line for each document whose file is missing or differs."""
    return [
        f"{name(path)} {'differs from its models' if path.exists() else 'is missing'}"
        for path, document in documents.items()
        if not _is_current(path, document)
    ]


def add_commands(app: typer.Typer, documents: Callable[[], Documents], *, command: str) -> None:
    """Give `app` its `write` and `check`; `command` is how a person calls the first."""
    add_write(app, documents)

    @app.command(name="check", help="Exit with 1 when a committed file differs from its models.")
    def check_command() -> None:
        derived = documents()
        lines = drift(derived)
        for line in lines:
            typer.echo(line, err=True)
        if lines:
            typer.echo(f"run `{command}` and commit what it changes", err=True)
            raise typer.Exit(1)
        typer.echo(f"{len(derived)} files are as their models say")


def add_write(app: typer.Typer, documents: Callable[[], Documents]) -> None:
    @app.command(name="write", help="Write the files that their models have outgrown.")
    def write_command() -> None:
        for path in write(documents()):
            typer.echo(f"wrote {name(path)}")


def name(path: Path) -> str:
    """The path as a person in the project's folder writes it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _text(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _is_current(path: Path, document: Any) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == _text(document)
