"""`generate`: the contract as typed code for other teams."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from contracts.authoring.lookup import found
from contracts.generate.python_package import python_package
from contracts.generate.typescript_package import typescript_package
from contracts.shapes import contracts
from ops.schemas.usage import wrong_use


class Language(StrEnum):
    TYPESCRIPT = "typescript"
    PYTHON = "python"


PACKAGES = {Language.TYPESCRIPT: typescript_package, Language.PYTHON: python_package}


def add_commands(app: typer.Typer) -> None:
    app.command()(generate)


def generate(
    lang: Annotated[Language, typer.Option(help="The language.")],
    out: Annotated[Path, typer.Option(help="The package's folder; made when it is not there.", file_okay=False)],
    types: Annotated[str, typer.Option(help="Comma-separated event types; all of them when left out.")] = "",
) -> None:
    """Write a package with a type for every event, checks, and a thin client.

    Example: python -m ops schemas generate --lang typescript --out ../shop/breakwater-events
    """
    wanted = [type_.strip() for type_ in types.split(",") if type_.strip()]
    with wrong_use():
        for type_ in wanted:
            found(type_)
    files = PACKAGES[lang](list(contracts(wanted)))
    for path, text in files.items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_text(text, encoding="utf-8")
    typer.echo(f"wrote {len(files)} files below {out}: see {out / 'README.md'}")
