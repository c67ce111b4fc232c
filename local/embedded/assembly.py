"""The cloud assembly: what the CDK app synthesised, made anew only when something that goes into it has changed."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.embedded.paths import CACHE, PROJECT, alone

#: What the embedded stage is made from.
SOURCES: Final = (
    "events",
    "runtime",
    "functions",
    "contracts",
    "infra",
    "requirements.txt",
    "requirements-tracing.txt",
    "requirements-dev.txt",  # the CDK's own version
    "cdk.json",
)
STAGE: Final = "embedded"
#: The variable that says which services share a function: the CDK app's own.
TOPOLOGY: Final = "BREAKWATER_TOPOLOGY"
_LEFT_OUT: Final = frozenset(("__pycache__", ".mypy_cache", ".ruff_cache"))
_KEPT: Final = 4  # such as with and without tracing, in one topology and another

Say = Callable[[str], None]


class SynthesisFailed(Exception):
    """The CDK app failed; the message is its output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAsset:
    """A file or directory that a template refers to. `bucket` and `key` may hold CDK's account placeholders."""

    path: Path
    bucket: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One template, the names of the stacks that must stand before it, and the assets that it refers to."""

    name: str
    template: Path
    depends_on: tuple[str, ...]
    assets: tuple[FileAsset, ...]
    parameters: Mapping[str, str]


def assembly(say: Say, environ: Mapping[str, str], *, project: Path = PROJECT, cache: Path = CACHE) -> Path:
    """The directory of the embedded stage's cloud assembly. Raises SynthesisFailed."""
    home = cache / "assembly" / fingerprint(project, environ)
    with alone(home):
        if home.exists():
            say(f"templates: nothing has changed, using {home.relative_to(project)}")
            home.touch()
            return home
        say("templates: synthesising (the first time packages every function)")
        _synthesise(home, environ, project)
        _prune(home.parent)
        return home


def fingerprint(project: Path, environ: Mapping[str, str]) -> str:
    """Names all that goes into the assembly: sources by content, the Python that packages them, and the knobs."""
    asked = sorted(pair for pair in environ.items() if pair[0].startswith("BREAKWATER_"))
    digest = hashlib.sha256(f"{sys.version_info[:2]} {sys.platform} {asked}".encode())
    for path in _files(project / name for name in SOURCES):
        digest.update(f"\0{path.relative_to(project)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _files(roots: Iterable[Path]) -> Iterator[Path]:
    for root in roots:
        if root.is_file():
            yield root
        elif root.is_dir():
            found = (path for path in root.rglob("*") if path.is_file() and not _LEFT_OUT & set(path.parts))
            yield from sorted(found)


def _synthesise(home: Path, environ: Mapping[str, str], project: Path) -> None:
    """Made aside and moved into place when it is whole."""
    home.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=home.parent))
    try:
        result = subprocess.run(
            [sys.executable, "-m", "infra.cdk_app"],
            cwd=project,
            env={**environ, "CDK_OUTDIR": str(making), "BREAKWATER_STAGE": STAGE},
            check=False,
            capture_output=True,
            text=True,
        )
        if result.returncode != 0 or not (making / "manifest.json").exists():
            raise SynthesisFailed(f"python -m infra.cdk_app failed\n{result.stdout}{result.stderr}")
        making.rename(home)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _prune(parent: Path) -> None:
    made = sorted((path for path in parent.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for old in made[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def stacks_in(home: Path) -> list[Stack]:
    """The assembly's stacks, each after those that it depends on."""
    artifacts = json.loads((home / "manifest.json").read_text())["artifacts"]
    found = [_stack(home, name, found, artifacts) for name, found in artifacts.items() if _is_stack(found)]
    return [stack for wave in waves(found) for stack in wave]


def waves(stacks: Sequence[Stack]) -> Iterator[list[Stack]]:
    """Stacks that may be deployed at the same time: all that they depend on is in waves before. Raises SynthesisFailed.

    What is not among the stacks stands already.
    """
    waiting = list(stacks)
    while waiting:
        missing = {stack.name for stack in waiting}
        ready = [stack for stack in waiting if missing.isdisjoint(stack.depends_on)]
        if not ready:
            raise SynthesisFailed(f"stacks depend on each other in a circle: {', '.join(sorted(missing))}")
        yield ready
        waiting = [stack for stack in waiting if stack not in ready]


def _stack(home: Path, name: str, artifact: Mapping[str, Any], artifacts: Mapping[str, Any]) -> Stack:
    dependencies = artifact.get("dependencies", ())
    properties = artifact["properties"]
    manifests = [home / artifacts[d]["properties"]["file"] for d in dependencies if _is_asset_manifest(artifacts[d])]
    return Stack(
        name=_stack_name(name, artifact),
        template=home / properties["templateFile"],
        depends_on=tuple(_stack_name(d, artifacts[d]) for d in dependencies if _is_stack(artifacts[d])),
        assets=tuple(asset for manifest in manifests for asset in _file_assets(manifest, properties["templateFile"])),
        parameters=properties.get("parameters", {}),
    )


def _stack_name(name: str, artifact: Mapping[str, Any]) -> str:
    return str(artifact["properties"].get("stackName", name))


def _is_stack(artifact: Mapping[str, Any]) -> bool:
    return bool(artifact["type"] == "aws:cloudformation:stack")


def _is_asset_manifest(artifact: Mapping[str, Any]) -> bool:
    return bool(artifact["type"] == "cdk:asset-manifest")


def _file_assets(manifest: Path, template: str) -> Iterator[FileAsset]:
    """All but the template itself, which goes to CloudFormation as it is."""
    for asset in json.loads(manifest.read_text()).get("files", {}).values():
        source = asset["source"]
        if source["path"] == template:
            continue
        for destination in asset["destinations"].values():
            yield FileAsset(
                path=manifest.parent / source["path"],
                bucket=destination["bucketName"],
                key=destination["objectKey"],
            )
