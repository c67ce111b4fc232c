"""A copy of the project to change, deploy and break: the tree that it is of stays as it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.embedded.assembly import Stack, assembly, stacks_in
from local.embedded.paths import CACHE, PROJECT

#: What commands, synthesis and the memory cloud run on. Tests and benchmarks stay at home.
PARTS: Final = (
    *("events", "runtime", "functions", "infra", "contracts", "local", "ops", "docs", "examples"),
    *("cdk.json", "pyproject.toml", "requirements.txt", "requirements-tracing.txt"),
)
_LEFT_OUT: Final = shutil.ignore_patterns("__pycache__", ".*")

Say = Callable[[str], None]


class Outdated(Exception):
    """The project no longer has the text that was to be changed; the message says where it was looked for."""


class Failed(Exception):
    """A command failed in the copy; the message is its output."""


@dataclass(frozen=True, slots=True)
class Copy:
    """The project as it was, at `root`."""

    root: Path

    def edit(self, file: str, before: str, after: str) -> None:
        """Replace the one place where `before` stands. Raises Outdated."""
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        if text.count(before) != 1:
            raise Outdated(f"{file} has {text.count(before)} times {before!r}, and should have it once")
        path.write_text(text.replace(before, after), encoding="utf-8")

    def stacks(self, variables: Mapping[str, str], say: Say) -> Sequence[Stack]:
        """Synthesised from the copy, for the embedded stage. Raises SynthesisFailed."""
        return stacks_in(assembly(say, variables, project=self.root, cache=self.root / CACHE.name))

    def run(self, *arguments: str) -> str:
        """What `python` says to these arguments, in the copy. Raises Failed."""
        done = subprocess.run(  # noqa: S603 - our own modules
            [sys.executable, *arguments], cwd=self.root, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Failed(f"python {' '.join(arguments)}\n{done.stdout}{done.stderr}")
        return done.stdout


@contextmanager
def copied_project() -> Iterator[Copy]:
    """For the length of the block. The functions' wheels, which never change, are shared with the project's cache."""
    with tempfile.TemporaryDirectory(prefix="breakwater-") as folder:
        root = Path(folder).resolve() / "project"
        copy_to(root)
        _share_wheels(root / CACHE.name / "packages")
        yield Copy(root)


def copy_to(root: Path) -> None:
    """The project as it is now, without what is hidden or made by running it."""
    root.mkdir(exist_ok=True)
    for part in PARTS:
        if (PROJECT / part).is_dir():
            shutil.copytree(PROJECT / part, root / part, ignore=_LEFT_OUT)
        else:
            shutil.copy(PROJECT / part, root / part)


def _share_wheels(target: Path) -> None:
    target.mkdir(parents=True)
    for path in (CACHE / "packages").glob("wheels-*"):
        _link(path.resolve(), target / path.name)


def _link(source: Path, target: Path) -> None:
    """Linked where that is possible; another file system gets a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)
