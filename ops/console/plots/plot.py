"""One plot, placed in a box of WIDTH by HEIGHT."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from ops.console.plots.scale import Logarithmic, Straight
from ops.metrics import Point, Window

WIDTH: Final = 600.0
HEIGHT: Final = 150.0

Unit = Literal["count", "ms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """`look` is its class: `one`, `two` and `three` for lines, `ok`, `warn` and `bad` for outcomes."""

    name: str
    look: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across, or a time below: where, and what it says."""

    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What is plotted of `curves` over `window`. `promise` is the value that a manifest promises, with its words."""

    title: str
    unit: Unit
    window: Window
    curves: tuple[Curve, ...]
    promise: tuple[float, str] | None = None

    @property
    def is_empty(self) -> bool:
        return not any(point.value for curve in self.curves for point in curve.points)

    @property
    def total(self) -> str:
        """Of counts, all together."""
        return f"{self.said(sum(point.value for curve in self.curves for point in curve.points))} in all"

    @property
    def summary(self) -> str:
        """The plot in words: its title, and each curve's latest and highest value."""
        return f"{self.title}: {'; '.join(map(self._summed_up, self.curves))}"

    def path(self, curve: Curve) -> str:
        """A line through the points; of counts, a period without any is zero, of times it is a gap."""
        runs = list(self._runs(curve))
        return "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in run) for run in runs if len(run) > 1)

    def dots(self, curve: Curve) -> list[tuple[float, float]]:
        """Points that no line goes through."""
        return [run[0] for run in self._runs(curve) if len(run) == 1]

    def area(self, curve: Curve) -> str:
        """The same as a surface, down to zero."""
        runs = [run for run in self._runs(curve) if len(run) > 1]
        return "".join(
            f"M{run[0][0]:.1f} {HEIGHT}L"
            + "L".join(f"{x:.1f} {y:.1f}" for x, y in run)
            + f"L{run[-1][0]:.1f} {HEIGHT}z"
            for run in runs
        )

    @property
    def lines(self) -> list[Mark]:
        return [Mark(HEIGHT * (1 - line.share), line.label) for line in self._scale.lines]

    @property
    def times(self) -> list[Mark]:
        """Four times, evenly."""
        span = self.window.end - self.window.start
        days = span > timedelta(days=1)
        for_people = "%d %b" if days else "%H:%M"
        moments = [self.window.start + span * n / 3 for n in range(4)]
        return [Mark(WIDTH * n / 3, moment.strftime(for_people)) for n, moment in enumerate(moments)]

    @property
    def promise_y(self) -> float | None:
        return None if self.promise is None else self._y(self.promise[0])

    @property
    def values(self) -> list[dict[str, object]]:
        """By period, for whoever points at one: where, when, and each curve's value in words."""
        known = [{point.at: point.value for point in curve.points} for curve in self.curves]
        return [
            {
                "x": round(self._x(at), 1),
                "at": at.strftime("%d %b %H:%M"),
                "values": [self.said(v) if (v := values.get(at)) is not None else None for values in known],
            }
            for at in self.window.times()
        ]

    def said(self, value: float) -> str:
        if self.unit == "count":
            return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
        if value == 0:
            return "0"
        if value < 1000:  # noqa: PLR2004 - a second
            return f"{value:.0f} ms"
        return f"{value / 1000:.3g} s" if value < 60_000 else f"{value / 60_000:.3g} min"  # noqa: PLR2004 - a minute

    def _summed_up(self, curve: Curve) -> str:
        if not curve.points:
            return f"{curve.name} none"
        highest = max(point.value for point in curve.points)
        return f"{curve.name} lately {self.said(curve.points[-1].value)}, at most {self.said(highest)}"

    @property
    def _scale(self) -> Straight | Logarithmic:
        values = [point.value for curve in self.curves for point in curve.points]
        if self.unit == "count":
            return Straight.over(values)
        return Logarithmic.over([*values, *([self.promise[0]] if self.promise else [])])

    def _runs(self, curve: Curve) -> Iterator[list[tuple[float, float]]]:
        known = {point.at: point.value for point in curve.points}
        run: list[tuple[float, float]] = []
        for at in self.window.times():
            value = known.get(at, 0.0 if self.unit == "count" else None)
            if value is not None:
                run.append((self._x(at), self._y(value)))
            elif run:
                yield run
                run = []
        if run:
            yield run

    def _x(self, at: datetime) -> float:
        """Of a period, its middle."""
        middle = at + timedelta(seconds=self.window.period / 2)
        return WIDTH * ((middle - self.window.start) / (self.window.end - self.window.start))

    def _y(self, value: float) -> float:
        return HEIGHT * (1 - self._scale.share(value))
