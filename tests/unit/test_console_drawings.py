"""Stories and metrics as drawings: axes, bars and curves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops.console.plots.board import boards
from ops.console.plots.plot import HEIGHT, WIDTH, Curve, Plot
from ops.console.plots.scale import Logarithmic, Straight
from ops.console.story.axis import WIDTH as LENGTH
from ops.console.story.axis import Axis
from ops.console.story.waterfall import waterfall
from ops.metrics import Point, Query, Series, Window
from ops.story.story import Arrival, EventStory, Step, Story, Verdict, Visit
from runtime.manifest import Consumer, Function, Service, Slo, Subscription, event_types
from runtime.metrics import CRITICAL_TIME

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def after(milliseconds: float) -> datetime:
    return NOON + timedelta(milliseconds=milliseconds)


def axis(*intervals: tuple[float, float]) -> Axis:
    return Axis.over((after(start), after(end)) for start, end in intervals)


def test_time_is_drawn_to_scale_where_no_long_silence_is() -> None:
    drawn = axis((0, 100), (50, 400))

    assert [drawn.x(after(at)) for at in (0, 100, 200, 400)] == [0, LENGTH / 4, LENGTH / 2, LENGTH]
    assert drawn.silences == ()


def test_a_long_silence_is_drawn_short_and_said() -> None:
    drawn = axis((0, 500), (259_200_500, 259_201_000))
    (silence,) = drawn.silences

    assert silence.label == "3 d"
    assert silence.width < LENGTH / 10
    assert drawn.x(after(500)) < drawn.x(after(259_200_500)) < LENGTH


def test_moments_stay_in_their_order_and_inside_whatever_the_silences() -> None:
    moments = [0, 10, 5_000, 5_020, 90_000_000, 90_000_001, 500_000_000]
    drawn = axis(*((at, at) for at in moments))
    places = [drawn.x(after(at)) for at in [-100, *moments, 600_000_000]]

    assert places == sorted(places)
    assert (places[0], places[-1]) == (0, LENGTH)


def test_one_moment_alone_can_be_drawn() -> None:
    assert axis((0, 0)).x(after(0)) == 0


def step(start: float, end: float, **changes: Any) -> Step:
    base = {"started_at": after(start), "at": after(end), "outcome": "handled", "number": 1, "duration_ms": end - start}
    return Step(**base | changes)


def event(id_: str, *visits: Visit, caused: tuple[EventStory, ...] = (), at: float | None = None) -> EventStory:
    arrival = Arrival(via="bus", at=None if at is None else after(at))
    return EventStory(id=id_, source="s", type="t", arrival=arrival, visits=visits, caused=caused)


def visit(name: str, *steps: Step) -> Visit:
    return Visit(name=name, service=name, role="consumer", state="handled", standing="done", steps=steps)


def story(*events: EventStory) -> Story:
    verdict = Verdict(standing="done", sentence="It is done.")
    return Story(question="q", verdict=verdict, read_from=NOON, read_to=NOON, events=events)


def test_a_story_s_rows_are_its_tree_causes_before_effects() -> None:
    told = story(event("a", visit("one", step(0, 10)), caused=(event("b", visit("two", step(20, 30))), event("c"))))

    rows = [(row.kind, row.depth, row.visit.name if row.visit else row.event.id) for row in waterfall(told).rows]

    assert rows == [("event", 0, "a"), ("visit", 0, "one"), ("event", 1, "b"), ("visit", 1, "two"), ("event", 1, "c")]


def test_waiting_and_each_try_are_bars_with_their_words() -> None:
    failed = step(100, 110, outcome="retry", waited_ms=100.0)
    (row,) = [
        r for r in waterfall(story(event("a", visit("one", failed, step(900, 1000, number=2)), at=0))).rows if r.visit
    ]

    assert [(bar.look, bar.title) for bar in row.bars] == [
        ("wait", "waited 100 ms"),
        ("warn", "try 1, retry, 10 ms"),
        ("ok", "try 2, handled, 100 ms"),
    ]
    assert [round(bar.x) for bar in row.bars] == [0, 100, 900]


def test_a_story_without_any_time_has_rows_and_no_axis() -> None:
    drawn = waterfall(story(event("a", visit("one"))))

    assert drawn.axis is None
    assert len(drawn.rows) == 2


@pytest.mark.parametrize(
    ("highest", "labels"),
    [(0, "0 1"), (1, "0 1"), (3, "0 1 2 3"), (37, "0 10 20 30 40"), (812, "0 500 1,000"), (40, "0 10 20 30 40")],
)
def test_a_straight_axis_ends_at_a_round_number(highest: float, labels: str) -> None:
    scale = Straight.over([highest / 2, highest])

    assert " ".join(line.label for line in scale.lines) == labels
    assert scale.share(highest) <= 1


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([], "10 ms|100 ms|1 s"),
        ([0.2], "1 ms|10 ms|100 ms"),
        ([41, 280], "10 ms|100 ms|1 s"),
        ([41, 61_000], "10 ms|100 ms|1 s|10 s|100 s"),
        ([100, 1000], "100 ms|1 s|10 s"),
    ],
)
def test_times_stand_between_powers_of_ten(values: list[float], labels: str) -> None:
    scale = Logarithmic.over(values)

    assert "|".join(line.label for line in scale.lines) == labels
    assert all(0 <= scale.share(value) <= 1 for value in values)


WINDOW = Window(start=NOON, end=NOON + timedelta(minutes=6), period=60)


def minute(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


def plot(unit: Any, *points: tuple[int, float], promise: tuple[float, str] | None = None) -> Plot:
    curve = Curve(name="c", look="one", points=tuple(Point(minute(n), value) for n, value in points))
    return Plot(title="T", unit=unit, window=WINDOW, curves=(curve,), promise=promise)


def test_a_minute_without_a_count_is_zero_and_without_a_time_a_gap() -> None:
    counts, times = plot("count", (0, 2), (3, 2)), plot("ms", (0, 2), (1, 2), (3, 2))

    assert counts.path(counts.curves[0]).count("L") == 5
    assert times.path(times.curves[0]).count("M") == 1
    assert len(times.dots(times.curves[0])) == 1


def test_a_promise_is_in_the_picture_though_all_values_are_far_below() -> None:
    drawn = plot("ms", (0, 10), promise=(280, "promised"))

    assert drawn.promise_y is not None
    assert 0 < drawn.promise_y < HEIGHT


def test_what_is_pointed_at_is_said_in_words() -> None:
    drawn = plot("ms", (0, 1500), (1, 80))

    assert [value["values"] for value in drawn.values[:3]] == [["1.5 s"], ["80 ms"], [None]]
    assert all(0 < float(str(value["x"])) < WIDTH for value in drawn.values)
    assert drawn.summary == "T: c lately 80 ms, at most 1.5 s"


class Canned:
    """Answers each query with one point, and remembers what it was asked."""

    def __init__(self) -> None:
        self.queries: list[Query] = []

    def series(self, queries: Any, window: Window) -> list[Series]:
        self.queries += queries
        return [Series(query=query, points=(Point(window.start, float(n)),)) for n, query in enumerate(queries)]


def test_each_consumer_s_plots_are_asked_for_at_once_and_get_their_own_answers() -> None:
    source = Canned()
    consumer = Consumer(
        function=Function(name="billing", handler="h", timeout=3),
        subscriptions=(Subscription(name="s", pattern=event_types("t")),),
        dedup="state",
        slo=Slo(critical_p95_ms=560),
    )

    (board,) = boards(source, [Service(name="billing", emits=(), consumers=(consumer,))], WINDOW)

    critical = next(p for p in board.plots if p.title == "Critical time")
    asked = [n for n, query in enumerate(source.queries) if query.metric == CRITICAL_TIME]
    assert [curve.points[0].value for curve in critical.curves] == asked
    assert critical.promise == (560, "promised: 95 in 100 within 560 ms")
