"""Where values stand on an axis, and what is written beside it.

Counts stand on a straight scale from zero. Times stand on a logarithmic one: what is usual and what is terrible are in
one picture, and each can be read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Final

_ROUND: Final = (1.0, 2.0, 5.0, 10.0)
_LINES: Final = 4
_SECOND: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Line:
    """Across a plot: at a share of its height, from below, with what it says."""

    share: float
    label: str


@dataclass(frozen=True, slots=True)
class Straight:
    """From 0 to `top`, with a line at each `step`: both round, and a step at least 1."""

    top: float
    step: float

    @classmethod
    def over(cls, values: Iterable[float]) -> Straight:
        highest = max(values, default=0.0)
        step = _round(max(highest / _LINES, 1.0))
        return cls(top=step * max(1.0, ceil(highest / step - 1e-9)), step=step)

    def share(self, value: float) -> float:
        return value / self.top

    @property
    def lines(self) -> list[Line]:
        count = round(self.top / self.step)
        return [Line(n / count, f"{self.step * n:,.0f}") for n in range(count + 1)]


@dataclass(frozen=True, slots=True)
class Logarithmic:
    """Milliseconds, from one power of ten to another, at least two powers further up."""

    low: int
    high: int

    @classmethod
    def over(cls, values: Iterable[float]) -> Logarithmic:
        """What is under a millisecond counts as one."""
        known = [max(value, 1.0) for value in values] or [10.0]
        low = floor(log10(min(known)) + 1e-9)
        return cls(low=low, high=max(ceil(log10(max(known)) - 1e-9), low + 2))

    def share(self, value: float) -> float:
        return max(0.0, (log10(max(value, 1.0)) - self.low) / (self.high - self.low))

    @property
    def lines(self) -> list[Line]:
        count = self.high - self.low
        return [Line(n / count, _time(10.0 ** (self.low + n))) for n in range(count + 1)]


def _time(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds < _SECOND else f"{milliseconds / _SECOND:,.0f} s"


def _round(rough: float) -> float:
    magnitude = 10.0 ** floor(log10(rough))
    return next(magnitude * factor for factor in _ROUND if magnitude * factor >= rough * (1 - 1e-9))
