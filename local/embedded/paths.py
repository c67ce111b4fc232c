"""Where the embedded stack keeps what it makes. All of it may be deleted at any time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[2]
CACHE: Final = PROJECT / ".cache"
EXAMPLES: Final = PROJECT / "examples"


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """One process at a time makes what is to stand at `home`; others wait, and find it made."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
