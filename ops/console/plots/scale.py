"""Round numbers for an axis."""

from __future__ import annotations

from math import floor, log10
from typing import Final

_ROUND: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_LINES: Final = 4


def ceiling(highest: float, *, lines: int = _LINES) -> tuple[float, float]:
    """The axis's end, at or above `highest`, and the step between its lines: both round."""
    if highest <= 0:
        return 1.0, 1.0
    rough = highest / lines
    magnitude = 10.0 ** floor(log10(rough))
    step = next(magnitude * factor for factor in _ROUND if magnitude * factor >= rough * (1 - 1e-9))
    count = -(-highest // step)
    return step * max(1.0, count), step
