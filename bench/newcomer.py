"""How much somebody writes for one more consumer: the service in `examples/loyalty`, added to a copy of the project.

A line is counted that has code: no blank ones, no comments, no docstrings, nothing that a command derives. That the
result works is not supposed: its test is run in the copy, on the memory cloud, and the contracts are checked.
"""

from __future__ import annotations

import ast
import difflib
import io
import json
import shutil
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bench.copied import Copy, Say, copied_project
from local.embedded.paths import PROJECT

EXAMPLE: Final = PROJECT / "examples" / "loyalty"
_CHANGES: Final = "changes.json"
_TESTS: Final = "tests"
_LAYOUT: Final = frozenset(
    (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Lines of code that are new or otherwise than before: the service's own files by name, and what others got."""

    own: Mapping[str, int]
    elsewhere: Mapping[str, int]
    test: int

    @property
    def lines(self) -> int:
        """Without the test's."""
        return sum(self.own.values()) + sum(self.elsewhere.values())


def newcomer(say: Say) -> Newcomer:
    """Raises Outdated when the example no longer fits the project, and Failed when it does not work."""
    with copied_project() as copy:
        found = added(copy)
        say("a fourth service: what is derived, its contracts, its test on the memory cloud")
        copy.run("-m", "ops", "schemas", "write")
        copy.run("-m", "ops", "schemas", "check")
        copy.run("-m", "pytest", "--quiet", "-p", "no:cacheprovider", _TESTS)
    return found


def added(copy: Copy) -> Newcomer:
    """The example becomes part of the copy. Raises Outdated."""
    before = {file: (PROJECT / file).read_text() for file in _changed(copy)}
    files = [path for path in sorted(EXAMPLE.rglob("*.py")) if "__pycache__" not in path.parts]
    for path in files:
        target = copy.root / path.relative_to(EXAMPLE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    lines = {path.relative_to(EXAMPLE).as_posix(): len(code_lines(path.read_text())) for path in files}
    return Newcomer(
        own={name: count for name, count in lines.items() if count and not name.startswith(_TESTS)},
        elsewhere={file: new_lines(text, (copy.root / file).read_text()) for file, text in before.items()},
        test=sum(count for name, count in lines.items() if name.startswith(_TESTS)),
    )


def _changed(copy: Copy) -> list[str]:
    """The files that were edited, each once."""
    changes = json.loads((EXAMPLE / _CHANGES).read_text())
    for change in changes:
        copy.edit(change["file"], change["before"], change["after"])
    return list(dict.fromkeys(change["file"] for change in changes))


def new_lines(before: str, after: str) -> int:
    """Lines of code that `after` has and `before` has not, a changed one counted once."""
    code, lines = code_lines(after), after.splitlines()
    matcher = difflib.SequenceMatcher(a=before.splitlines(), b=lines, autojunk=False)
    fresh = (range(start, end) for tag, _, _, start, end in matcher.get_opcodes() if tag in {"insert", "replace"})
    return sum(number + 1 in code for numbers in fresh for number in numbers)


def code_lines(text: str) -> set[int]:
    """Numbers, from 1 on, of the lines that have code."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    found = {n for t in tokens if t.type not in _LAYOUT for n in range(t.start[0], t.end[0] + 1)}
    return found - set(_docstring_lines(ast.parse(text)))


def _docstring_lines(tree: ast.AST) -> Iterator[int]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            yield from range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
