"""The emulator as a process: started on loopback with IAM enforced, and stopped with all that it started.

The one module that knows how ministack is configured.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from local.embedded.paths import CACHE
from local.embedded.polling import DeadlinePassed, wait_until

_LAUNCHER: Final = Path(__file__).with_name("launcher.py")
_LOOPBACK: Final = "127.0.0.1"
_STARTS: Final = 3
_READY_SECONDS: Final = 30
_LOG_TAIL: Final = 4000
_LOGS_KEPT: Final = 4


class EmulatorFailed(Exception):
    """The emulator did not start; the message ends with its log."""


@contextmanager
def running_ministack(python: Path, *, cache: Path = CACHE, faults: str = "") -> Iterator[str]:
    """The endpoint of an emulator that lives as long as the block, started by `python`.

    `faults` has it throw some at functions' calls: a rate and a seed, such as `0.02 7` (see emulator_faults.py).
    However the block ends, the emulator, the functions' processes and their temporary files are gone
    afterwards. Raises EmulatorFailed when it does not come up.
    """
    home = _private_directory(cache / "run")
    log = _new_log(cache / "log")
    try:
        with log.open("wb") as sink:
            settings = {"BREAKWATER_CODE": str(cache / "code"), "BREAKWATER_FAULTS": faults}
            process, endpoint = _start(python, home, sink, log, settings)
            try:
                yield endpoint
            finally:
                _stop(process)
    finally:
        _remove(home)


def _remove(directory: Path) -> None:
    """Again if need be: a process that is dying may still write."""

    def gone() -> bool:
        shutil.rmtree(directory, ignore_errors=True)
        return not directory.exists()

    with suppress(DeadlinePassed):  # the next start removes what is left
        wait_until(gone, what=f"{directory} is removed", timeout=5)


def _private_directory(parent: Path) -> Path:
    """A new directory, named after this process; those of processes that were killed are removed."""
    parent.mkdir(parents=True, exist_ok=True)
    for left_over in parent.iterdir():
        owner = left_over.name.partition("-")[0]
        if not owner.isdigit() or not _is_alive(int(owner)):
            shutil.rmtree(left_over, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=parent))


def _new_log(parent: Path) -> Path:
    """Where this process's emulator writes; the logs of a few earlier ones are kept."""
    parent.mkdir(parents=True, exist_ok=True)
    for old in sorted(parent.iterdir(), key=lambda path: path.stat().st_mtime)[:-_LOGS_KEPT]:
        old.unlink(missing_ok=True)
    return parent / f"ministack-{os.getpid()}.log"


def _start(
    python: Path, home: Path, sink: IO[bytes], log: Path, settings: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], str]:
    """Another process may take the free port first, so a start that ends at once is tried again."""
    for attempt in range(1, _STARTS + 1):
        port = _free_port()
        command = [str(python), "-I", str(_LAUNCHER), str(os.getpid())]
        process = subprocess.Popen(
            command,
            cwd=home,
            env={**_environment(port, home), **settings},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own: Ctrl-C is ours to act on
        )
        try:
            endpoint = f"http://{_LOOPBACK}:{port}"
            wait_until(
                lambda p=process, e=endpoint: p.poll() is not None or _is_ready(e),  # type: ignore[misc]
                what="the emulator answers",
                timeout=_READY_SECONDS,
                interval=0.02,
            )
        except BaseException as error:
            _stop(process)
            if isinstance(error, DeadlinePassed):
                raise EmulatorFailed(f"{error}\n{_tail(log)}") from error
            raise
        if process.poll() is None:
            return process, endpoint
        if attempt == _STARTS:
            break
    raise EmulatorFailed(f"the emulator ended at once\n{_tail(log)}")


def _environment(port: int, home: Path) -> dict[str, str]:
    """All that the emulator, and so every function, sees of this machine's environment."""
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "TMPDIR": str(home),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": _LOOPBACK,
        "AUTH": "true",
        "LAMBDA_EXECUTOR": "local",
        # It sweeps containers at its start and end; no daemon of the user's is its business.
        "DOCKER_HOST": f"unix://{home}/no-docker.sock",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _is_ready(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/_ministack/ready", timeout=2) as answer:  # noqa: S310 - http, ours
            return bool(answer.status == 200)  # noqa: PLR2004
    except OSError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """With all processes of the group that it leads. It keeps nothing, so there is nothing to ask it for."""
    with _undisturbed():
        _end_group(process.pid)
        process.wait()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C, or the hang-up that follows a terminal's closing, does not leave half of it running."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if _in_main_thread() else ()
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_group(leader: int) -> None:
    """The functions' processes, too. Where nobody reaps orphans their entries stay, dead; nobody waits for them."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _in_main_thread() -> bool:
    """Python sets signal handlers there only."""
    return threading.current_thread() is threading.main_thread()


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-_LOG_TAIL:]
