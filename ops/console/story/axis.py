"""Time as a length. Between what happened there may be days: a long silence is drawn short, and marked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from ops.story.words import span

WIDTH: Final = 1000.0
_SILENCE: Final = 70.0
#: A silence is long when it is longer than all that happened, this often.
_FACTOR: Final = 4.0
_LEAST: Final = timedelta(milliseconds=400)
_TICKS: Final = 5
_STEPS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000)

Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """A time in which things happened, and where it is drawn."""

    start: datetime
    end: datetime
    x: float = 0.0
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Silence:
    """A time that is not drawn to scale."""

    x: float
    width: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """From the first moment, at 0, to the last, at WIDTH."""

    bursts: tuple[Burst, ...]

    @classmethod
    def over(cls, intervals: Iterable[Interval]) -> Axis:
        """Over at least one interval."""
        merged = _merged(sorted(intervals))
        active = sum((end - start for start, end in merged), timedelta())
        bursts = _joined(merged, max(active * _FACTOR, _LEAST))
        return cls(bursts=tuple(_placed(bursts)))

    @property
    def start(self) -> datetime:
        return self.bursts[0].start

    @property
    def end(self) -> datetime:
        return self.bursts[-1].end

    def x(self, at: datetime) -> float:
        for burst in self.bursts:
            if at <= burst.end:
                share = max(timedelta(), at - burst.start) / max(burst.end - burst.start, timedelta(microseconds=1))
                return burst.x + burst.width * min(1.0, share)
        return WIDTH

    @property
    def silences(self) -> tuple[Silence, ...]:
        return tuple(
            Silence(
                one.x + one.width,
                other.x - one.x - one.width,
                span((other.start - one.end) / timedelta(milliseconds=1)),
            )
            for one, other in pairwise(self.bursts)
        )

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Of the longest burst; the others are too narrow for more than what the silences say."""
        longest = max(self.bursts, key=lambda burst: burst.width)
        return tuple(self._ticks(longest))

    def _ticks(self, burst: Burst) -> Iterator[Tick]:
        length = (burst.end - burst.start) / timedelta(milliseconds=1)
        step = next((step for step in _STEPS if length / step <= _TICKS), _STEPS[-1])
        for number in range(int(length // step) + 1):
            at = burst.start + timedelta(milliseconds=number * step)
            since = (at - self.start) / timedelta(milliseconds=1)
            yield Tick(self.x(at), f"+{span(since)}" if since else "0")


def _merged(intervals: Sequence[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for start, end in intervals:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, max(start, end)))
    return merged


def _joined(intervals: Sequence[Interval], long: timedelta) -> list[Interval]:
    """Those that no long silence parts."""
    joined: list[Interval] = []
    for start, end in intervals:
        if joined and start - joined[-1][1] <= long:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _placed(bursts: Sequence[Interval]) -> Iterator[Burst]:
    room = WIDTH - min(_SILENCE * (len(bursts) - 1), WIDTH / 2)
    gap = (WIDTH - room) / max(1, len(bursts) - 1)
    lengths = [max(end - start, timedelta(milliseconds=1)) for start, end in bursts]
    x = 0.0
    for (start, end), length in zip(bursts, lengths, strict=True):
        width = room * (length / sum(lengths, timedelta()))
        yield Burst(start=start, end=max(end, start + timedelta(milliseconds=1)), x=x, width=width)
        x += width + gap
