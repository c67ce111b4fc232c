"""Where the embedded stack keeps what it makes. All of it may be deleted at any time."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[2]
CACHE: Final = PROJECT / ".cache"
EXAMPLES: Final = PROJECT / "examples"
