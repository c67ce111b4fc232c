"""What a function runs, as one zip: our code and the pinned wheels for the place where it runs. No Docker.

The same sources give the same bytes and the same hash on every machine (for `this-machine`: on every
machine of one kind). All modules have their bytecode with them (see infra.bytecode). Wheels are resolved once for a set
of pins and kept in `.cache/packages`; after that no network is needed. `python -m infra.packaging` resolves them ahead
of time.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from sysconfig import get_platform
from typing import Final, Literal
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from infra.aws_models import OPERATIONS, cut_down
from infra.bytecode import CompilationFailed, bytecode_of, compile_tree, fetched
from infra.config import PackageTarget

ROOT: Final = Path(__file__).resolve().parent.parent
CACHE: Final = ROOT / ".cache" / "packages"
REQUIREMENTS: Final = ROOT / "requirements.txt"
#: What a package has beside them, where its stage has tracing on.
TRACING_REQUIREMENTS: Final = ROOT / "requirements-tracing.txt"

#: Part of the cache's key: raise it when pruning or zipping changes.
_RECIPE: Final = "3"
_TRACING_CODE: Final = ROOT / "runtime" / "otel"
_KEPT_ZIPS: Final = 4
_JUNK_FOLDERS: Final = frozenset(("__pycache__", "tests", "test", "examples"))
_JUNK_SUFFIXES: Final = frozenset((".pyc", ".pyi", ".so.dSYM"))
#: Parts of wheels that no function can come to: pages for browsers, another version's API, a plugin for checkers.
_UNUSED: Final = (
    "aws_lambda_powertools/event_handler/openapi/swagger_ui/*.js",
    "aws_lambda_powertools/event_handler/openapi/swagger_ui/*.css",
    "boto3/data/*",
    "pydantic/mypy.py",
    "pydantic/v1",
)
_MODE: Final = 0o100644 << 16

_PLATFORMS: Final = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014")  # Amazon Linux 2023


class PackagingFailed(RuntimeError):
    """There is no package. The message is pip's own, or says what bytecode could not be made with."""


def host_architecture() -> Literal["arm64", "x86_64"]:
    """This machine's, in Lambda's words."""
    return "arm64" if platform.machine().lower() in {"aarch64", "arm64"} else "x86_64"


@dataclass(frozen=True, slots=True)
class Package:
    """A deployment package; `sha256` is that of its sources' names and contents, not of the zip's bytes."""

    path: Path
    sha256: str


def package(services: Sequence[str], target: PackageTarget, *, tracing: bool = False, cache: Path = CACHE) -> Package:
    """The package that all functions of these services share. Raises PackagingFailed."""
    wheels = _wheels(target, cache, tracing=tracing)
    name = "-".join(services)
    files = (path for path in _own_files(services) if tracing or _TRACING_CODE not in path.parents)
    own = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in files}
    sha256 = _digest({".wheels": wheels.sha256.encode(), ".recipe": _RECIPE.encode(), **own})
    path = cache / f"{name}-{target}-{sha256}.zip"
    if not path.exists():
        _publish(path, lambda_zip(wheels.path, {**own, **_bytecode_of(own, target, cache)}))
        _forget_old(cache, f"{name}-{target}-*.zip")
    return Package(path, sha256)


def _bytecode_of(own: Mapping[str, bytes], target: PackageTarget, cache: Path) -> Mapping[str, bytes]:
    try:
        return bytecode_of(own, target, cache=cache)
    except CompilationFailed as error:
        raise PackagingFailed(str(error)) from error


def lambda_zip(wheels: Path, own: Mapping[str, bytes]) -> Path:
    """A temporary zip: a copy of the wheels' zip with our own files added. The caller moves it."""
    draft = _draft(wheels.parent)
    shutil.copyfile(wheels, draft)
    with ZipFile(draft, "a", ZIP_DEFLATED) as archive:
        _add(archive, own)
    return draft


def _own_files(services: Sequence[str]) -> Iterator[Path]:
    """Our sources and their data files, sorted; what is derived from the models stays out, since they carry it."""
    yield ROOT / "functions" / "__init__.py"
    for folder in ("events", *(f"functions/{service}" for service in services), "runtime"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and not _is_junk(path.relative_to(ROOT)):
                yield path


def _is_junk(path: Path) -> bool:
    derived = path.parts[0] == "events" and path.suffix != ".py"
    return derived or bool(_JUNK_FOLDERS.intersection(path.parts)) or path.suffix in _JUNK_SUFFIXES


def _wheels(target: PackageTarget, cache: Path, *, tracing: bool) -> Package:
    requirements = (REQUIREMENTS, TRACING_REQUIREMENTS) if tracing else (REQUIREMENTS,)
    key = _wheels_key(target, requirements)
    path, digest = cache / f"wheels-{target}-{key}.zip", cache / f"wheels-{target}-{key}.sha256"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            tree = Path(folder)
            _install(tree, target, requirements)
            _prune(tree)
            digest.write_text(_digest(_contents(tree)))
            _compile(tree, target, cache)
            _publish(path, _zipped(_contents(tree), cache))
    return Package(path, digest.read_text())


def _wheels_key(target: PackageTarget, requirements: Iterable[Path]) -> str:
    """Differs when other wheels would come out: other pins, another target, another Python for this machine."""
    lines = (line for path in requirements for line in path.read_text().splitlines())
    pins = "\n".join(sorted(line.split("#")[0].strip() for line in lines))
    here = {
        "lambda-arm64": "",
        "lambda-this-cpu": host_architecture(),
        "this-machine": f"{sys.implementation.cache_tag} {get_platform()}",
    }[target]
    asked = {service: sorted(operations) for service, operations in OPERATIONS.items()}
    return hashlib.sha256("\0".join((_RECIPE, target, here, pins, json.dumps(asked))).encode()).hexdigest()[:16]


def _install(tree: Path, target: PackageTarget, requirements: Iterable[Path]) -> None:
    print(f"packaging: pip resolves the wheels for {target} (once for these pins)", file=sys.stderr)  # noqa: T201
    options = ("--quiet", "--no-input", "--disable-pip-version-check", "--root-user-action=ignore")
    wanted = ("--no-deps", "--no-compile", "--only-binary=:all:", *_platform(target))
    command = (
        sys.executable,
        "-m",
        "pip",
        "install",
        *options,
        *wanted,
        "--target",
        str(tree),
        *(f"--requirement={path}" for path in requirements),
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackagingFailed(f"pip could not provide the wheels for {target}:\n{done.stderr.strip()}")


def _platform(target: PackageTarget) -> Iterable[str]:
    if target == "this-machine":
        return ()
    arm = target == "lambda-arm64" or host_architecture() == "arm64"
    platforms = (f"--platform={name}_{'aarch64' if arm else 'x86_64'}" for name in _PLATFORMS)
    return ("--implementation=cp", "--python-version=3.13", *platforms)


def _prune(tree: Path) -> None:
    """Leave out what no function uses, and what differs from one installation to the next."""
    shutil.rmtree(tree / "bin", ignore_errors=True)
    cut_down(tree / "botocore" / "data")
    for path in [path for pattern in _UNUSED for path in tree.glob(pattern)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in sorted(tree.rglob("*"), reverse=True):
        if path.is_file() and (_is_junk_of_wheel(path.relative_to(tree))):
            path.unlink()


def _is_junk_of_wheel(path: Path) -> bool:
    # Scanners learn from METADATA what is deployed; nothing at run time reads the rest of a dist-info folder.
    about = path.parts[0].endswith(".dist-info") and path.name != "METADATA"
    return about or bool(_JUNK_FOLDERS.intersection(path.parts)) or path.suffix in _JUNK_SUFFIXES


def _compile(tree: Path, target: PackageTarget, cache: Path) -> None:
    try:
        compile_tree(tree, target, cache=cache)
    except CompilationFailed as error:
        raise PackagingFailed(str(error)) from error


def _contents(tree: Path) -> dict[str, bytes]:
    return {path.relative_to(tree).as_posix(): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def _digest(files: Mapping[str, bytes]) -> str:
    total = hashlib.sha256()
    for name, content in sorted(files.items()):
        total.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return total.hexdigest()


def _zipped(files: Mapping[str, bytes], cache: Path) -> Path:
    draft = _draft(cache)
    with ZipFile(draft, "w", ZIP_DEFLATED) as archive:
        _add(archive, files)
    return draft


def _add(archive: ZipFile, files: Mapping[str, bytes]) -> None:
    for name, content in sorted(files.items()):
        entry = ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
        entry.external_attr, entry.compress_type, entry.create_system = _MODE, ZIP_DEFLATED, 3
        archive.writestr(entry, content)


def _draft(folder: Path) -> Path:
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".draft", delete=False) as file:
        return Path(file.name)


def _publish(path: Path, draft: Path) -> None:
    """In one step, so that a second process never reads half a zip."""
    draft.chmod(0o644)
    draft.replace(path)


def _forget_old(cache: Path, pattern: str) -> None:
    zips = sorted(cache.glob(pattern), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in zips[_KEPT_ZIPS:]:
        path.unlink(missing_ok=True)


def fetch_wheels(say: Callable[[str], None]) -> None:
    """Resolve the wheels for the embedded stack and for AWS now, so that synthesis needs no network later.

    With and without tracing, and with what compiles for Lambda. Where that cannot be had, the embedded stack has what
    it needs all the same, and AWS's stages say so when they are synthesised: `say` hears why. Raises PackagingFailed
    for what this machine needs.
    """
    _fetch("this-machine")
    try:
        fetched(CACHE)
        _fetch("lambda-arm64")
    except (CompilationFailed, PackagingFailed) as error:
        say(f"not prepared, and not needed here: functions' packages for Lambda ({error})")


def _fetch(target: PackageTarget) -> None:
    for tracing in (False, True):
        _wheels(target, CACHE, tracing=tracing)


if __name__ == "__main__":
    fetch_wheels(lambda text: print(text, file=sys.stderr))  # noqa: T201 - a command
