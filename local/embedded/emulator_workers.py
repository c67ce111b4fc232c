"""Runs inside the emulator: how functions' processes come to be.

Their code is unpacked once, for all processes and for later runs, and they start when they are deployed, not when
somebody waits for them: as AWS does both. The emulator unpacks it for each process, which starts at a function's first
call.

Stands alone: it is loaded by path, into an environment that has none of our packages.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import threading
import zipfile
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

#: Unpacked codes that are kept though nothing runs them: three services, before and after a change, and two more.
_KEPT = 8
_GONE = ".gone-"
_MAKING = ".making-"


class Unpacked:
    """Packages by their content, in one directory that emulators share.

    What one has used is removed by no other, until it is closed or its process has ended.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._used: dict[Path, IO[str]] = {}
        self._lock = threading.Lock()
        home.mkdir(parents=True, exist_ok=True)

    def directory(self, package: Path) -> Path:
        """Where the package's content is; unpacked now if nobody has done it before."""
        code = self._home / hashlib.sha256(package.read_bytes()).hexdigest()[:32]
        with self._lock:
            if code not in self._used:
                self._use(code, package)
        return code

    def _use(self, code: Path, package: Path) -> None:
        lock = _held(code, fcntl.LOCK_SH)
        try:
            _unpack(package, code)
            os.utime(code)
        except BaseException:
            lock.close()
            raise
        self._used[code] = lock

    def close(self) -> None:
        for lock in self._used.values():
            lock.close()

    def forget(self) -> None:
        """Remove what has not been used for longest, and what others have left half done."""
        found = [path for path in self._home.iterdir() if path.is_dir()]
        whole = [path for path in found if not path.name.startswith(".")]
        old = sorted(whole, key=lambda path: path.stat().st_mtime)[:-_KEPT]
        for path in [*old, *(path for path in found if path.name.startswith("."))]:
            with suppress(OSError):  # another emulator uses it, makes it, or removes it
                _remove(path)


def _held(code: Path, how: int) -> IO[str]:
    """Locked as long as the file is open. Raises OSError when it cannot be, and `how` says not to wait."""
    lock = code.with_name(f"{code.name}.lock").open("w")
    try:
        fcntl.flock(lock, how)
    except OSError:
        lock.close()
        raise
    return lock


def _unpack(package: Path, code: Path) -> None:
    """Made aside by one process, and moved into place when it is whole."""
    making = code.with_name(f"{_MAKING}{code.name}")
    with _held(making, fcntl.LOCK_EX):
        if not code.exists():
            shutil.rmtree(making, ignore_errors=True)
            with zipfile.ZipFile(package) as archive:
                archive.extractall(making)
            making.rename(code)


def _remove(path: Path) -> None:
    """Out of the way first, so that whatever stops this leaves nothing that looks whole."""
    if not path.name.startswith(_GONE):
        with _held(path, fcntl.LOCK_EX | fcntl.LOCK_NB):
            path = path.rename(path.with_name(f"{_GONE}{path.name}-{os.getpid()}"))
    shutil.rmtree(path, ignore_errors=True)


def share_code(unpacked: Unpacked) -> None:
    """A process gets a link to its code, where the emulator would unpack all of it and remove it at the end."""
    from ministack.core import lambda_runtime  # type: ignore[import-not-found]  # noqa: PLC0415 - its environment

    class Linked(zipfile.ZipFile):
        def extractall(self, path: Any = None, *_: Any) -> None:
            package = Path(str(self.filename))
            code = unpacked.directory(package)
            Path(path).rmdir()  # as the emulator has just made it
            Path(path).symlink_to(code, target_is_directory=True)
            package.unlink()

    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": Linked})


def start_ahead(at_once: int) -> None:
    """One process of each function starts when it has been deployed or changed; a few of them at a time."""
    from ministack.services import lambda_svc  # type: ignore[import-not-found]  # noqa: PLC0415 - as above

    places = threading.Semaphore(at_once)
    invalidate = lambda_svc.invalidate_worker

    def invalidate_and_start(name: str, *scope: Any, **named: Any) -> None:
        """The emulator calls it after each change, so that no process goes on with what was before."""
        invalidate(name, *scope, **named)
        run = copy_context().run  # account and region are in it
        threading.Thread(target=run, args=(_start, name, places), name=f"start-{name}", daemon=True).start()

    lambda_svc.invalidate_worker = invalidate_and_start


def _start(name: str, places: threading.Semaphore) -> None:
    """Whoever calls the function meanwhile waits for this process, and starts no other."""
    from ministack.core import lambda_runtime  # noqa: PLC0415 - as above
    from ministack.services import lambda_svc  # noqa: PLC0415 - as above

    with places, suppress(RuntimeError, OSError):  # its first call will tell why it does not start
        function = lambda_svc._functions.get(name) or {}  # noqa: SLF001 - it offers no other way
        if function.get("code_zip") and not _has_processes(lambda_runtime, name, function["config"]):
            worker = lambda_runtime.get_or_create_worker(name, function["config"], function["code_zip"])
            lambda_runtime.ensure_spawned(worker)


def _has_processes(lambda_runtime: Any, name: str, config: Any) -> bool:
    return bool(lambda_runtime._workers.get(lambda_runtime._worker_key(name, config, "$LATEST")))  # noqa: SLF001


def install(home: str) -> None:
    """Before the emulator serves its first request. `home` is where unpacked code is kept."""
    unpacked = Unpacked(Path(home))
    share_code(unpacked)
    start_ahead(os.cpu_count() or 1)
    threading.Thread(target=unpacked.forget, name="forget", daemon=True).start()
