"""The bill that is committed, and what a change of the templates does to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ops.cost.answer import Answer
from ops.cost.figures import HERE

BASELINE: Final = HERE / "baseline.json"
_TOTALS: Final = {"dollars": "a month", "monolith": "a month as a monolith"}
RENEW: Final = "python -m ops cost write"


def document(answer: Answer, *, monolith: float) -> dict[str, Any]:
    """Dollars of each line, in cents, and what they are the dollars of; beside them, the whole as a monolith."""
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
        "monolith": round(monolith, 2),
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
    totals = [_change(name, before, after) for name in _TOTALS if before.get(name) != after.get(name)]
    return [*rows, *totals]


def _change(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    old, new = (side.get(name, 0.0) for side in (before, after))
    return f"{new - old:>+12,.2f}  {_TOTALS[name]}: {old:,.2f} -> {new:,.2f}"
