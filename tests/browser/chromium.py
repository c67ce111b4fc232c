"""A headless Chromium: the one that CHROME_PATH names, or one from a package, or one that the machine has.

The package holds a browser for Linux on x86-64 with the libraries and the font that it needs, so that nothing has to be
installed beside it.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from local.embedded.paths import CACHE, alone
from tests.node.packages import fingerprint, installed, run_node

FOLDER: Final = Path(__file__).parent
_FLAGS: Final = (
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Without a graphics card a page is drawn by the package's own software, or else not at every try.
_SOFTWARE_DRAWING: Final = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
#: The package's own list of folders is that of another place.
_FONTS: Final = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{home}/fonts</dir><dir>/usr/share/fonts</dir><cachedir>{home}/font-cache</cachedir></fontconfig>
"""


class NoBrowser(Exception):
    """There is none for this machine; the message says what to install."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chromium:
    executable: Path
    flags: tuple[str, ...] = (*_FLAGS, "--disable-gpu")
    environment: Mapping[str, str] = field(default_factory=dict)


def chromium() -> Chromium:
    """Raises NoBrowser, or InstallationFailed when the package cannot be had."""
    chosen = os.environ.get("CHROME_PATH")
    if chosen:
        return Chromium(executable=Path(chosen))
    if sys.platform == "linux" and platform.machine() == "x86_64":
        return _packaged()
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return Chromium(executable=Path(found))
    raise NoBrowser("no Chromium here: install chromium, or name one in CHROME_PATH")


def _packaged() -> Chromium:
    home = CACHE / "node" / f"chromium-{fingerprint(FOLDER)}"
    with alone(home):
        if not home.exists():
            _unpack(home)
    environment = {
        "LD_LIBRARY_PATH": str(home / "al2023" / "lib"),
        "FONTCONFIG_FILE": str(home / "fonts.conf"),
        "HOME": str(home),
    }
    return Chromium(executable=home / "chromium", flags=(*_FLAGS, *_SOFTWARE_DRAWING), environment=environment)


def _unpack(home: Path) -> None:
    """Made aside and moved into place when it is whole."""
    package = installed(FOLDER)
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=home.parent))
    try:
        result = run_node(FOLDER / "unpack.mjs", package, env={**os.environ, "TMPDIR": str(making)})
        if result.returncode != 0:
            raise NoBrowser(f"the package's browser cannot be unpacked\n{result.stderr}")
        (making / "fonts.conf").write_text(_FONTS.format(home=home))
        making.rename(home)
    finally:
        shutil.rmtree(making, ignore_errors=True)
