"""The console beside a stack that stays up: a process of its own, which ends with the stack.

It stands above this package, so it is started by its command and not imported.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from local.embedded.assembly import STAGE
from local.embedded.cloud import Cloud
from local.embedded.paths import PROJECT

_COMMAND: Final = (sys.executable, "-m", "ops", "console", "--stage", STAGE, "--json", "--with-parent")
_START_SECONDS: Final = 30.0
#: What it is at is ended in an orderly way: letters that it holds are given back.
_STOP_SECONDS: Final = 15.0

Say = Callable[[str], None]


@contextmanager
def running_console(
    cloud: Cloud, environ: Mapping[str, str], say: Say, *, command: Sequence[str] = _COMMAND
) -> Iterator[str]:
    """The console's address for the length of the block; empty, and said why, when it does not come up.

    It lives as long as its standard input is open, so it ends however this process does.
    """
    try:
        process = _start(cloud, environ, command)
    except OSError as error:
        say(f"no console: {error}")
        yield ""
        return
    try:
        address = _address(process)
        if not address:
            say(f"no console: it did not start within {_START_SECONDS:.0f} s. `python -m ops console` says why")
        yield address
    finally:
        _stop(process)


def _start(cloud: Cloud, environ: Mapping[str, str], command: Sequence[str]) -> subprocess.Popen[str]:
    others = {name: value for name, value in environ.items() if not name.startswith("AWS_")}
    return subprocess.Popen(
        [*command, "--endpoint-url", cloud.endpoint],
        cwd=PROJECT,
        env={**others, **cloud.environment()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # Ctrl-C is ours to act on
    )


def _address(process: subprocess.Popen[str]) -> str:
    """From the one line that it prints; empty when it prints none in time."""
    lines: list[str] = []
    out = process.stdout

    def read() -> None:
        lines.append(out.readline() if out is not None else "")

    reader = threading.Thread(target=read, name="console", daemon=True)
    reader.start()
    reader.join(_START_SECONDS)
    try:
        return str(json.loads("".join(lines))["url"])
    except (ValueError, KeyError, TypeError):
        return ""


def _stop(process: subprocess.Popen[str]) -> None:
    """By closing its standard input; by force when that is not enough."""
    with suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    finally:
        if process.stdout is not None:
            process.stdout.close()
