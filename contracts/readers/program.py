"""The code as mypy sees it: parsed, resolved, and with the type of every expression."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from mypy import build
from mypy.errors import CompileError
from mypy.modulefinder import BuildSource
from mypy.nodes import (
    AssignmentStmt,
    ClassDef,
    Decorator,
    Expression,
    FuncDef,
    Import,
    ImportAll,
    ImportFrom,
    MemberExpr,
    MypyFile,
    NameExpr,
    OverloadedFuncDef,
    Statement,
)
from mypy.options import Options
from mypy.types import ProperType, Type, get_proper_type

from contracts.readers.walk import Walk

#: What is read: the contract, what functions run on, and the business.
PACKAGES: Final = ("events", "runtime", "functions")
#: Module-level statements that define no name.
_LOOSE: Final = "<module>"


class UnreadableSource(ValueError):
    """The code does not parse. Says where."""


@dataclass(frozen=True)
class Program:
    """`files` are our own modules, by dotted name. `symbols` are their module-level definitions, by full name."""

    root: Path
    files: Mapping[str, MypyFile]
    types: Mapping[Expression, Type] = field(repr=False)

    def type_of(self, expression: Expression) -> ProperType | None:
        """None for code that mypy takes to be unreachable."""
        found = self.types.get(expression)
        return None if found is None else get_proper_type(found)

    def where(self, file: MypyFile, line: int) -> str:
        return f"{Path(file.path).relative_to(self.root).as_posix()}:{line}"

    @cached_property
    def symbols(self) -> Mapping[str, list[Statement]]:
        found: dict[str, list[Statement]] = {}
        for module, file in self.files.items():
            for statement in file.defs:
                for name in names_of(statement):
                    found.setdefault(f"{module}.{name}", []).append(statement)
        return found

    def owner(self, fullname: str) -> str | None:
        """The module-level symbol that a full name belongs to: its class, for a method. None outside our code."""
        module = fullname
        while (module := module.rpartition(".")[0]) not in self.files:
            if not module:
                return None
        symbol = f"{module}.{fullname[len(module) + 1 :].partition('.')[0]}"
        return symbol if symbol in self.symbols else None

    def reached_from(self, entry: str) -> frozenset[str]:
        """The symbols whose code may run when the function `entry` does.

        A class is reached as a whole, as soon as it is named; so is whatever a name stands for.
        """
        found: set[str] = set()
        pending = [entry]
        while pending:
            symbol = pending.pop()
            if symbol not in found and symbol in self.symbols:
                found.add(symbol)
                pending += self._named_in[symbol]
        return frozenset(found)

    @cached_property
    def _named_in(self) -> Mapping[str, frozenset[str]]:
        return {symbol: self._references(symbol, code) for symbol, code in self.symbols.items()}

    def _references(self, symbol: str, code: list[Statement]) -> frozenset[str]:
        visitor = _References()
        for statement in code:
            visitor.visit(statement)
        owners = {owner for name in visitor.names if (owner := self.owner(name))}
        return frozenset(owners | {f"{symbol.rpartition('.')[0]}.{_LOOSE}"})


def program(root: Path) -> Program:
    """Raises UnreadableSource."""
    sources = [
        BuildSource(str(path), _module(path.relative_to(root)), base_dir=str(root))
        for package in PACKAGES
        for path in sorted((root / package).rglob("*.py"))
    ]
    try:
        result = build.build(sources, _options())
    except CompileError as error:
        raise UnreadableSource("; ".join(error.messages)) from error
    ours = {source.module for source in sources}
    return Program(root, {name: file for name, file in result.files.items() if name in ours}, result.types)


def _options() -> Options:
    """Only our own code, and the standard library's types: others' are Any, and what is handed to them is gone."""
    options = Options()
    options.export_types = options.preserve_asts = True
    options.incremental, options.cache_dir = False, os.devnull
    options.no_site_packages, options.python_executable = True, None
    options.ignore_missing_imports = options.check_untyped_defs = True
    options.explicit_package_bases = options.namespace_packages = True
    return options


def _module(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def names_of(statement: Statement) -> Iterator[str]:
    if isinstance(statement, FuncDef | ClassDef | OverloadedFuncDef):
        yield statement.name
    elif isinstance(statement, Decorator):
        yield statement.func.name
    elif isinstance(statement, AssignmentStmt):
        yield from (lvalue.name for lvalue in statement.lvalues if isinstance(lvalue, NameExpr))
    elif not isinstance(statement, Import | ImportFrom | ImportAll):
        yield _LOOSE


class _References(Walk):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def visit_name_expr(self, o: NameExpr) -> None:
        self.names.add(o.fullname or o.name)

    def visit_member_expr(self, o: MemberExpr) -> None:
        if o.fullname:
            self.names.add(o.fullname)
        self.children(o)

    def visit_class_def(self, o: ClassDef) -> None:
        self.names.update(base.fullname for base in o.info.mro)
        self.children(o)
