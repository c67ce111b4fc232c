"""Python source, edited where its syntax tree says, and put into the form that `make check` asks for."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


def formatted(source: str, *, name: str) -> str:
    """By the project's ruff, imports sorted and without unused ones; `name` is where in the project it is."""
    tidied = _ruff("check", "--select=I,F401", "--fix-only", "--quiet", source=source, name=name)
    return _ruff("format", "--quiet", source=tidied, name=name)


def _ruff(*command: str, source: str, name: str) -> str:
    arguments = [sys.executable, "-m", "ruff", *command, f"--stdin-filename={name}", "-"]
    return subprocess.run(  # noqa: S603 - our own tool, with our own arguments
        arguments, input=source, capture_output=True, text=True, encoding="utf-8", check=True, cwd=ROOT
    ).stdout


def classes(source: str) -> dict[str, ast.ClassDef]:
    """The module's own classes by name, in their order."""
    return {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}


def names(source: str) -> set[str]:
    """Every name that the module binds at its top."""
    bound: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            bound.update(target.id for target in ast.walk(node) if isinstance(target, ast.Name))
    return bound


def value_in(class_: ast.ClassDef, name: str) -> ast.Assign | None:
    """The assignment of a class variable."""
    found = (node for node in class_.body if isinstance(node, ast.Assign) and name in map(ast.unparse, node.targets))
    return next(found, None)


def text_of(source: str, node: ast.stmt) -> str:
    return "\n".join(source.splitlines()[node.lineno - 1 : node.end_lineno])


def inserted(source: str, line: int, text: str) -> str:
    """The source with `text` after its line of that number, from 1."""
    lines = source.splitlines()
    return "\n".join([*lines[:line], text, *lines[line:]]) + "\n"


def replaced(source: str, node: ast.stmt, text: str) -> str:
    lines = source.splitlines()
    return "\n".join([*lines[: node.lineno - 1], text, *lines[node.end_lineno :]]) + "\n"


def with_imports(source: str, imports: Iterable[tuple[str, str]]) -> str:
    """The source, importing each (module, name) as well; `formatted` merges them with those that are there."""
    nodes = (node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom))
    last = max(node.end_lineno or node.lineno for node in nodes)
    lines = sorted({f"from {module} import {name}" for module, name in imports})
    return inserted(source, last, "\n".join(lines)) if lines else source
