"""Questions about metrics and their answers: time series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Protocol, Self

#: As CloudWatch names them. Of a count, `Sum` is how many there were, and `SampleCount` in how many batches.
Statistic = Literal["Sum", "Average", "Minimum", "Maximum", "SampleCount", "p50", "p90", "p95", "p99"]

#: Seconds that CloudWatch keeps whole minutes for; coarser points are kept longer.
_MINUTE: Final = 60
#: More points than a plot has room for: a period is chosen so that a window has fewer.
_POINTS: Final = 180
#: Periods that CloudWatch has at any age of the data.
_PERIODS: Final = (60, 300, 900, 3600, 21_600, 86_400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From `start` to before `end`, in periods of whole seconds, the first from `start` on. Both are aware."""

    start: datetime
    end: datetime
    period: int = _MINUTE

    @classmethod
    def last(cls, span: timedelta, *, until: datetime, period: int | None = None) -> Self:
        """The window of length `span` whose last period `until` falls in; without a period, one that can be plotted."""
        chosen = period or next((p for p in _PERIODS if span.total_seconds() / p <= _POINTS), _PERIODS[-1])
        end = _floor(until, chosen) + timedelta(seconds=chosen)
        return cls(start=_floor(end - span, chosen), end=end, period=chosen)

    @classmethod
    def whole(cls, span: timedelta, *, until: datetime) -> Self:
        """The window of length `span` that ends with the minute that `until` falls in, in a single period."""
        end = _floor(until, _MINUTE) + timedelta(seconds=_MINUTE)
        return cls(start=end - span, end=end, period=int(span.total_seconds()))

    def times(self) -> Iterator[datetime]:
        """The beginning of each period."""
        at = self.start
        while at < self.end:
            yield at
            at += timedelta(seconds=self.period)

    def slot(self, at: datetime) -> datetime | None:
        """The beginning of the period that `at` falls in; None outside of the window."""
        if not self.start <= at < self.end:
            return None
        period = timedelta(seconds=self.period)
        return self.start + (at - self.start) // period * period


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One metric (see runtime.metrics) of one function, by its name in the manifest, or of one of its event types."""

    metric: str
    function: str
    event_type: str | None = None
    statistic: Statistic = "Sum"


@dataclass(frozen=True, slots=True)
class Point:
    """The statistic's value in the period that begins at `at`."""

    at: datetime
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The answer to one query, oldest point first. A period in which nothing was measured has no point."""

    query: Query
    points: tuple[Point, ...]

    @property
    def total(self) -> float:
        """The sum of all points: of a `Sum` or a `SampleCount`, the window's own."""
        return sum(point.value for point in self.points)

    @property
    def latest(self) -> float | None:
        return self.points[-1].value if self.points else None

    @property
    def highest(self) -> float | None:
        return max((point.value for point in self.points), default=None)


class MetricSource(Protocol):
    """Where metrics are read from."""

    def series(self, queries: Sequence[Query], window: Window) -> list[Series]:
        """One series for each query, in their order. Raises CannotAsk."""


def _floor(at: datetime, period: int) -> datetime:
    seconds = int(at.timestamp())
    return datetime.fromtimestamp(seconds - seconds % period, UTC)
