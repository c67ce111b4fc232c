"""Results that are committed: `bench/results/<scenario>.json`, what `--json` has printed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final

from ops.derived import ROOT

HOME: Final = ROOT / "bench" / "results"
#: Whether this process's results are kept: what `python -m bench --keep` says to whatever command comes after it.
KEEPING: Final = ContextVar("KEEPING", default=False)


def documents(home: Path = HOME) -> dict[str, Mapping[str, Any]]:
    """By scenario. Raises ValueError for a file that is not named for its scenario."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(home.glob("*.json"))}
    for name, document in found.items():
        if document["scenario"] != name:
            raise ValueError(f"{name}.json holds results of {document['scenario']!r}")
    return found


def keep(document: Mapping[str, Any], home: Path = HOME) -> Path:
    """Committed from the next commit on; the file."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / f"{document['scenario']}.json"
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
