"""What the benchmarks take for time: waits side by side, the metrics of a line, and the model beside a stack."""

from __future__ import annotations

import pytest

from bench.carried import HOPS, Load, Stage, batches_of, predicted, seen
from bench.measure import series_in
from bench.stopwatch import Interval, covered, waits_of
from contracts.lines import Line


@pytest.mark.parametrize(
    ("intervals", "waits"),
    [
        pytest.param([(0, 2)], 1, id="one call"),
        pytest.param([(0, 2), (2, 4), (5, 7)], 3, id="one after the other"),
        pytest.param([(0, 2), (0, 2), (0, 2)], 1, id="side by side"),
        pytest.param([(0, 2), (0, 2), (2, 4), (2, 4)], 2, id="two rounds of two"),
    ],
)
def test_calls_side_by_side_are_waited_for_once(intervals, waits):
    assert waits_of([Interval(*interval) for interval in intervals]) == waits


def test_what_overlaps_is_covered_once():
    assert covered([Interval(0, 3), Interval(1, 2), Interval(2, 5), Interval(7, 8)]) == 6


def test_each_metric_with_each_set_of_dimensions_is_a_series():
    directive = {"Dimensions": [["consumer"], ["consumer", "type"]], "Metrics": [{"Name": "handled"}, {"Name": "age"}]}
    line = {"_aws": {"CloudWatchMetrics": [directive]}, "consumer": "billing", "type": "t"}

    assert set(series_in(line)) == {
        "handled consumer=billing",
        "age consumer=billing",
        "handled consumer=billing type=t",
        "age consumer=billing type=t",
    }


def hop(at: int, event_id: str, ms: float) -> Line:
    return Line(
        at=at, function="f", outcome="handled", event_id=event_id, event_source="s", event_type="t", duration_ms=ms
    )


def test_lines_of_one_moment_are_of_one_batch_that_took_as_long_as_its_last():
    hops = [hop(1_000, "a", 10), hop(1_000, "b", 30), hop(2_000, "c", 5)]

    assert batches_of(hops, "f") == [(1, 2, 0.03), (2, 1, 0.005)]


def test_percentiles_are_of_each_event_s_own_time():
    found = seen([0.0] * 100, [n / 100 for n in range(1, 101)])

    assert (found.p50, found.p95, found.done) == pytest.approx((0.505, 0.96, 1.0), abs=0.01)


def test_a_burst_that_two_invocations_share_takes_half_of_its_batches_times():
    stage = Stage(ways=[0.0], first=0.9, each=0.01, between=0.0)

    found = predicted(Load(name="burst", count=100, rate=0), dict.fromkeys(HOPS, stage), 2)

    assert found.done == pytest.approx(5 * 1.0 + 1.0, rel=0.35)


def test_events_that_come_slowly_take_what_one_takes():
    stage = Stage(ways=[0.1], first=0.2, each=0.0, between=0.05)

    found = predicted(Load(name="slow", count=20, rate=1), dict.fromkeys(HOPS, stage), 2)

    assert found.p50 == pytest.approx(2 * (0.1 + 0.2))
    assert found.p95 == pytest.approx(found.p50)
