"""A stage's CloudFormation templates, synthesised anew only when something that goes into them has changed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from os import environ  # noqa: TID251 - the composition root: what synthesises inherits it
from pathlib import Path
from typing import Any, Final

from local.embedded.assembly import TOPOLOGY, fingerprint
from local.embedded.paths import CACHE, PROJECT, alone

#: Stack (`Billing`) -> its template.
Templates = Mapping[str, Mapping[str, Any]]

#: What another knob of the environment would make of the stage is not what is asked about.
_KNOBS: Final = "BREAKWATER_"
_SUFFIX: Final = ".template.json"
_MAKING: Final = ".making-"
_KEPT: Final = 3


class CannotSynthesise(Exception):
    """The CDK app failed; the message is its output."""


def templates_of(stage: str, topology: str, say: Callable[[str], None]) -> Templates:
    """Raises CannotSynthesise."""
    variables = {name: value for name, value in environ.items() if not name.startswith(_KNOBS)}
    variables |= {TOPOLOGY: topology, "BREAKWATER_STAGE": stage}
    home = CACHE / "templates" / _named(stage, topology) / fingerprint(PROJECT, variables)
    with alone(home):
        if not home.exists():
            say(f"synthesising the templates of {stage}, topology {topology}")
            _synthesise(home, variables)
        return read(home)


def read(directory: Path) -> Templates:
    """The templates of a cloud assembly. Raises CannotSynthesise when there is none."""
    found = {path.name.removesuffix(_SUFFIX): json.loads(path.read_text()) for path in directory.glob(f"*{_SUFFIX}")}
    if not found:
        raise CannotSynthesise(f"there are no templates in {directory}: run `cdk synth` into it")
    return found


def _prune(parent: Path) -> None:
    """Of what was made before, the newest stays: somebody may be reading it."""
    made = (path for path in parent.glob("*/") if not path.name.startswith(_MAKING))
    for old in sorted(made, key=lambda path: path.stat().st_mtime)[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _named(stage: str, topology: str) -> str:
    """A directory's name."""
    return f"{stage}-{re.sub('[^a-z]+', '-', topology)}"


def _synthesise(home: Path, variables: Mapping[str, str]) -> None:
    """Made aside and moved into place when it is whole; of what is made, the templates alone are kept."""
    _prune(home.parent)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=_MAKING) as making:
        result = subprocess.run(
            [sys.executable, "-m", "infra.cdk_app"],
            cwd=PROJECT,
            env={**variables, "CDK_OUTDIR": making},
            check=False,
            capture_output=True,
            text=True,
        )
        if result.returncode:
            raise CannotSynthesise(f"python -m infra.cdk_app failed\n{result.stdout}{result.stderr}")
        kept = Path(making) / "templates"
        kept.mkdir()
        for template in Path(making).glob(f"*{_SUFFIX}"):
            shutil.copy(template, kept)
        kept.rename(home)
