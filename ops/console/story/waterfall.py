"""The rows of a story: each event, below it who acted on it, below that what came of it, with bars on one axis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from ops.console.story.axis import Axis, Interval
from ops.story.story import EventStory, Step, Story, Visit
from ops.story.words import span

_NARROWEST: Final = 4.0
_LOOKS: Final = {
    "handled": "ok",
    "relayed": "ok",
    "duplicate": "idle",
    "suppressed": "idle",
    "retry": "warn",
    "deferred": "warn",
    "dead_letter": "bad",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """`title` says it in words."""

    x: float
    width: float
    look: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An event (`visit` is None), or what somebody made of it. `depth` counts the causes above."""

    kind: Literal["event", "visit"]
    depth: int
    event: EventStory
    visit: Visit | None = None
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """`axis` is None for a story in which nothing has a time."""

    axis: Axis | None
    rows: tuple[Row, ...]
    took: str = ""


def waterfall(story: Story) -> Waterfall:
    intervals = [interval for event in story.walk() for interval in _intervals(event)]
    axis = Axis.over(intervals) if intervals else None
    rows = tuple(row for event in story.events for row in _rows(event, axis, 0))
    took = span((axis.end - axis.start) / timedelta(milliseconds=1)) if axis else ""
    return Waterfall(axis=axis, rows=rows, took=took)


def _intervals(event: EventStory) -> Iterator[Interval]:
    if event.arrival.at is not None:
        yield event.arrival.at, event.arrival.at
    for visit in event.visits:
        for step in visit.steps:
            yield step.started_at - _waited(step), step.at


def _rows(event: EventStory, axis: Axis | None, depth: int) -> Iterator[Row]:
    yield Row(kind="event", depth=depth, event=event, bars=tuple(_arrival(event, axis)))
    for visit in event.visits:
        bars = tuple(bar for step in visit.steps for bar in _bars(step, axis)) if axis else ()
        yield Row(kind="visit", depth=depth, event=event, visit=visit, bars=bars)
    for caused in event.caused:
        yield from _rows(caused, axis, depth + 1)


def _arrival(event: EventStory, axis: Axis | None) -> Iterator[Bar]:
    if axis is not None and event.arrival.at is not None:
        yield Bar(x=axis.x(event.arrival.at), width=0.0, look="arrival", title="the first that is known of it")


def _bars(step: Step, axis: Axis) -> Iterator[Bar]:
    if step.waited_ms:
        yield _bar(axis, (step.started_at - _waited(step), step.started_at), "wait", f"waited {span(step.waited_ms)}")
    number = f"try {step.number}, " if step.number else ""
    title = f"{number}{step.outcome.replace('_', ' ')}, {span(step.duration_ms)}"
    yield _bar(axis, (step.started_at, step.at), _LOOKS.get(step.outcome, "idle"), title)


def _bar(axis: Axis, interval: Interval, look: str, title: str) -> Bar:
    x, end = axis.x(interval[0]), axis.x(interval[1])
    return Bar(x=x, width=max(end - x, _NARROWEST), look=look, title=title)


def _waited(step: Step) -> timedelta:
    return timedelta(milliseconds=step.waited_ms or 0.0)
