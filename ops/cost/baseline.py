"""The bill that is committed, and what a change of the templates does to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ops.cost.answer import Answer
from ops.cost.figures import HERE

BASELINE: Final = HERE / "baseline.json"
RENEW: Final = "python -m ops cost write"


def document(answer: Answer) -> dict[str, Any]:
    """Dollars of each line, in cents, and what they are the dollars of."""
    lines: dict[str, float] = {}
    for line in answer.bill.lines:
        lines[line.name] = round(lines.get(line.name, 0.0) + line.dollars, 2)
    return {
        "stage": answer.stage,
        "region": answer.prices.region,
        "prices": answer.prices.date,
        "mix": answer.scope.mix.name,
        "requests_per_minute": round(answer.scope.rate * 60),
        "month": answer.scope.months,
        "dollars": round(answer.bill.dollars, 2),
        "lines": dict(sorted(lines.items())),
    }


def committed(path: Path = BASELINE) -> Mapping[str, Any]:
    """Empty when there is none yet."""
    return json.loads(path.read_text()) if path.exists() else {"dollars": 0.0, "lines": {}}


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """A line for each that costs something else than before, the largest difference first; none if none does."""
    names = before["lines"].keys() | after["lines"].keys()
    old, new = ({name: side["lines"].get(name, 0.0) for name in names} for side in (before, after))
    changed = sorted((n for n in names if old[n] != new[n]), key=lambda name: -abs(new[name] - old[name]))
    rows = [f"{new[name] - old[name]:>+12,.2f}  {name}: {old[name]:,.2f} -> {new[name]:,.2f}" for name in changed]
    total = (
        f"{after['dollars'] - before['dollars']:>+12,.2f}  a month: {before['dollars']:,.2f} -> {after['dollars']:,.2f}"
    )
    return [*rows, total] if rows else []
