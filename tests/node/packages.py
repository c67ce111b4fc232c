"""Node packages that tests judge with, installed by the npm that pip brought along: a machine needs no Node of its own.

A folder with a `package.json` and its lock is installed once, into `.cache/node/<fingerprint of both>`. That needs the
network the first time, as pip did. `python -m tests.node` does it ahead of time.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from local.embedded.paths import CACHE, alone

#: AsyncAPI's parser and TypeScript's compiler.
JUDGES: Final = Path(__file__).parent
_BIN: Final = Path(sys.executable).parent
_MANIFESTS: Final = ("package.json", "package-lock.json")


class InstallationFailed(Exception):
    """npm could not install; the message is its output."""


def installed(folder: Path, *, cache: Path = CACHE) -> Path:
    """Where the `node_modules` of `folder`'s lock file are. Raises InstallationFailed."""
    home = cache / "node" / fingerprint(folder)
    with alone(home):
        if not home.exists():
            _install(folder, home)
    return home


def fingerprint(folder: Path) -> str:
    digest = hashlib.sha256(sys.platform.encode())
    for name in _MANIFESTS:
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:16]


def run_tool(
    script: str, *args: str | Path, folder: Path = JUDGES, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one script of an installed package, such as `typescript/bin/tsc`. Its exit code is the caller's to judge."""
    path = installed(folder) / "node_modules" / script
    return run_node(path, *args, cwd=cwd)


def run_node(
    *args: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command = [str(_BIN / "node"), *map(str, args)]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def _install(folder: Path, home: Path) -> None:
    """Made aside and moved into place when it is whole."""
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=home.parent))
    try:
        for name in _MANIFESTS:
            shutil.copy(folder / name, making)
        command = [str(_BIN / "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        result = subprocess.run(command, cwd=making, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise InstallationFailed(
                f"npm ci failed for {folder / 'package.json'}: is the network there?\n{result.stdout}{result.stderr}"
            )
        making.rename(home)
    finally:
        shutil.rmtree(making, ignore_errors=True)
