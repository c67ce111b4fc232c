"""`python -m local.together NAME=COMMAND …`: commands of the shell that need not wait for each other, on all cores.

They begin in the order given. What one prints is shown whole when it has ended. All are run, whatever becomes of the
others; exits 0 when all did, else 1.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Final

_WRONG_USE: Final = 2
_INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that has ended. `output` is all that it printed."""

    name: str
    exit_code: int
    seconds: float
    output: str

    def told(self) -> str:
        how = f"failed with exit code {self.exit_code}, " if self.exit_code else ""
        return "\n".join(
            (f"{self.name}: {how}{self.seconds:.0f} s", *(f"  {line}" for line in self.output.splitlines()))
        )


def run(commands: Mapping[str, str], *, at_once: int, say: Callable[[str], None]) -> list[str]:
    """The names of those that failed. `say` hears of each when it has ended."""
    failed = []
    for ended in _as_they_end(commands, at_once):
        say(ended.told())
        failed += [ended.name] if ended.exit_code else []
    return failed


def _as_they_end(commands: Mapping[str, str], at_once: int) -> Iterator[Ended]:
    with ThreadPoolExecutor(at_once) as pool:
        begun = [pool.submit(_to_its_end, name, command) for name, command in commands.items()]
        for done in as_completed(begun):
            yield done.result()


def _to_its_end(name: str, command: str) -> Ended:
    began = time.monotonic()
    done = subprocess.run(
        ["sh", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return Ended(name=name, exit_code=done.returncode, seconds=time.monotonic() - began, output=done.stdout)


def main(arguments: list[str]) -> int:
    commands = {name: command for name, _, command in (argument.partition("=") for argument in arguments)}
    if len(commands) < len(arguments) or not all(commands.values()):
        print("each argument must be NAME=COMMAND, and no name may come twice", file=sys.stderr)
        return _WRONG_USE
    try:
        failed = run(commands, at_once=os.cpu_count() or 1, say=lambda text: print(text, flush=True))
    except KeyboardInterrupt:  # the commands have heard of it, too
        return _INTERRUPTED
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
