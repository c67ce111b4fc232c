"""All benchmarks, one after the other, each in a process of its own: some count all of a process's memory or time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from os import environ  # noqa: TID251 - the composition root: benchmarks inherit it
from typing import Final

from ops.derived import ROOT

#: What is run, the quick ones first. What ops reckons is no result of a run: nothing of it is kept.
BENCHMARKS: Final = (
    ("bench", "calls"),
    ("bench", "cold"),
    ("bench", "cpu"),
    ("bench", "memory"),
    ("bench", "growth", "10000", "30000", "100000"),
    ("bench", "close"),
    ("bench", "embedded"),
    ("ops", "cost"),
    ("ops", "capacity"),
    ("bench", "capacity"),
    ("bench", "results"),
)

Say = Callable[[str], None]
Run = Callable[[Sequence[str]], int]


def run_all(say: Say, *, keep: bool, run: Run | None = None) -> list[str]:
    """Those that failed, by name; the others go on. With `keep`, results are written to `bench/results/`."""
    return [" ".join(words[:2]) for n, words in enumerate(BENCHMARKS, 1) if _failed(n, words, say, keep, run or _run)]


def _failed(number: int, words: Sequence[str], say: Say, keep: bool, run: Run) -> bool:
    module, *arguments = words
    say(f"[{number}/{len(BENCHMARKS)}] python -m {' '.join(words)}")
    kept = ["--keep"] if keep and module == "bench" else []
    return run([sys.executable, "-m", module, *kept, *arguments]) != 0


def _run(command: Sequence[str]) -> int:
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode  # noqa: S603 - our own modules
