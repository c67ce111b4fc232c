"""Where in a manifest something stands: the line that a problem with it names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from runtime.manifest import Service, Subscription


class Manifest:
    """The text of `functions/<service>/manifest.py` below `root`."""

    def __init__(self, service: Service, root: Path) -> None:
        path = root / "functions" / service.name / "manifest.py"
        self.file = path.relative_to(root).as_posix()
        self._tree = _parsed(path)

    def line_of_subscription(self, subscription: Subscription, text: object = None) -> int:
        """The line of the rule, or of `text` in it, where it is written out."""
        for call in self._calls("Subscription"):
            if _constant(_argument(call, "name", 0)) == subscription.name:
                return _line_of(text, call) or call.lineno
        return 1

    def line_of_emits(self, type_: str | None = None) -> int:
        """The line of what the service emits, or of one type in it."""
        for call in self._calls("Service"):
            emits = _argument(call, "emits", 1)
            if emits is not None:
                return _line_of(type_, emits) or emits.lineno
        return 1

    def _calls(self, name: str) -> Iterator[ast.Call]:
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                yield node


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module(body=[], type_ignores=[])


def _argument(call: ast.Call, name: str, position: int) -> ast.expr | None:
    named = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
    return named or (call.args[position] if position < len(call.args) else None)


def _constant(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _line_of(value: object, within: ast.AST) -> int | None:
    lines = (
        n.lineno for n in ast.walk(within) if isinstance(n, ast.Constant) and value is not None and n.value == value
    )
    return min(lines, default=None)
