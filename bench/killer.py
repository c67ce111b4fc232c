"""Kills functions' processes of our own emulator at random, without a word of warning. Linux: it reads /proc."""

from __future__ import annotations

import os
import random
import re
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_PROC: Final = Path("/proc")
_EMULATOR: Final = re.compile(r"/local/embedded/launcher\.py\b")
_WORKER: Final = re.compile(r"/ministack-lambda-(.+)-[^/-]+/_worker")


@dataclass(frozen=True, slots=True)
class Worker:
    """A function's process."""

    pid: int
    function: str


def workers() -> list[Worker]:
    """Those of the emulators that this very process has started, and no others."""
    emulators = {pid for pid, line in _children({os.getpid()}) if _EMULATOR.search(line)}
    found = ((pid, _WORKER.search(line)) for pid, line in _children(emulators))
    return [Worker(pid, name[1]) for pid, name in found if name]


def _children(parents: set[int]) -> Iterator[tuple[int, str]]:
    """Their pids and command lines."""
    for entry in _PROC.iterdir():
        with suppress(OSError):  # it may end while we look
            if entry.name.isdigit() and _parent(entry) in parents:
                yield int(entry.name), (entry / "cmdline").read_text(errors="replace").replace("\0", " ")


def _parent(process: Path) -> int:
    """The name in between may hold anything, so what counts is what follows its closing parenthesis."""
    return int((process / "stat").read_text().rpartition(")")[2].split()[1])


class Killer:
    """For the length of the block, aims at one of `functions` every `pause` seconds on average: a worker of it dies.

    `pause` may be changed meanwhile. `kills` counts by function. A function without a worker is missed.
    """

    def __init__(self, functions: Sequence[str], *, pause: float, seed: int) -> None:
        self.kills: Counter[str] = Counter()
        self._functions = functions
        self.pause = pause
        self._chance = random.Random(seed)  # noqa: S311 - a schedule, not a secret
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="killer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._chance.uniform(0.5, 1.5) * self.pause):
            target = self._chance.choice(self._functions)
            alive = sorted((worker for worker in workers() if worker.function == target), key=lambda worker: worker.pid)
            if alive:
                self._kill(self._chance.choice(alive))

    def _kill(self, worker: Worker) -> None:
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)
            self.kills[worker.function] += 1
