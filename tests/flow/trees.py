"""Copies of the project to change as a developer would, and commands in them as a developer would type them."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.copied import PARTS, copy_to

ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Tree:
    """The project as it is now, somewhere else."""

    root: Path

    def edit(self, file: str, before: str, after: str) -> None:
        """Replace the one place where `before` stands."""
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{file} has {text.count(before)} of {before!r}"
        path.write_text(text.replace(before, after), encoding="utf-8")

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own commands
            [sys.executable, *arguments], cwd=self.root, input=stdin, capture_output=True, text=True, check=False
        )

    def schemas(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "ops", "schemas", *arguments)

    def changed(self) -> set[str]:
        """The files that are not as in the project: new, gone or different."""
        ours, theirs = _digests(ROOT), _digests(self.root)
        return {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}


def copy_of_the_project(to: Path) -> Tree:
    copy_to(to)
    return Tree(to)


def _digests(root: Path) -> dict[str, str]:
    files = (file for part in PARTS for file in ((root / part).rglob("*") if (root / part).is_dir() else [root / part]))
    return {
        file.relative_to(root).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.is_file() and not any(part.startswith((".", "__pycache__")) for part in file.relative_to(root).parts)
    }
