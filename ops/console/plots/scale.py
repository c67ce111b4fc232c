"""Round numbers for an axis."""

from __future__ import annotations

from math import floor, log10
from typing import Final

_ROUND: Final = (1.0, 2.0, 5.0, 10.0)
_LINES: Final = 4
#: Steps of times, in milliseconds: round in the unit that they are said in.
_TIMES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000)


def ceiling(highest: float, *, is_time: bool = False, lines: int = _LINES) -> tuple[float, float]:
    """The axis's end, at or above `highest`, and the step between its lines: both round, and a step at least 1."""
    rough = max(highest / lines, 1.0)
    step = next((float(time) for time in _TIMES if is_time and time >= rough), 0.0) or _round_step(rough)
    return step * max(1.0, -(-highest // step)), step


def _round_step(rough: float) -> float:
    magnitude = 10.0 ** floor(log10(rough))
    return next(magnitude * factor for factor in _ROUND if magnitude * factor >= rough * (1 - 1e-9))
