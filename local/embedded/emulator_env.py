"""The emulator's own virtual environment: made once from a pinned list, found again after that."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from local.embedded.paths import CACHE, alone

REQUIREMENTS: Final = Path(__file__).with_name("requirements-ministack.txt")

Say = Callable[[str], None]
Run = Callable[[list[str]], None]


class SetupFailed(Exception):
    """The emulator's environment could not be made; the message says what to do."""


def emulator_python(
    say: Say, *, cache: Path = CACHE, requirements: Path = REQUIREMENTS, run: Run | None = None
) -> Path:
    """The interpreter that has the emulator, its environment made first when there is none.

    An interrupted attempt leaves nothing that a later one would take for complete. Raises SetupFailed.
    """
    home = cache / "ministack" / _name(requirements.read_text())
    python = home / "bin" / "python"
    with alone(home):
        if not python.exists():
            say(f"making the emulator's environment, once: {home.name}")
            _make(home, requirements, run or _checked)
    return python


def _name(pins: str) -> str:
    """Version, Python and pins: a change of any of them is another environment."""
    version = re.search(r"^ministack==(\S+)", pins, re.MULTILINE)
    if version is None:
        raise SetupFailed(f"{REQUIREMENTS.name} pins no ministack")
    digest = hashlib.sha256(pins.encode()).hexdigest()[:8]
    return f"{version[1]}-py{sys.version_info.major}.{sys.version_info.minor}-{digest}"


def _make(home: Path, requirements: Path, run: Run) -> None:
    """Built aside and moved into place when it is whole, so that what stands at `home` is complete."""
    home.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=".building-", dir=home.parent))
    try:
        run([sys.executable, "-m", "venv", str(building)])
        pip = [str(building / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
        run([*pip, "install", "--requirement", str(requirements)])
        shutil.rmtree(home, ignore_errors=True)
        building.rename(home)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _checked(command: list[str]) -> None:
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode != 0:
        raise SetupFailed(f"{' '.join(command)}\n{result.stdout}{result.stderr}")
