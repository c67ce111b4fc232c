from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from events.binding import REPLAY
from runtime.timing import FRESH, critical_ms, epoch_ms, lag_ms
from tests.unit.event_builders import usage

ARRIVED = datetime(2026, 6, 1, 12, 0, 0, 700_000, tzinfo=UTC)
DONE = ARRIVED + timedelta(milliseconds=150)


def critical(time: str | None, *, arrived: datetime = ARRIVED, done: datetime = DONE, **changes) -> int | None:
    return critical_ms(usage(time=time, **changes), arrived=epoch_ms(arrived), done=epoch_ms(done))


def test_critical_time_runs_from_the_event_s_time_to_the_effect() -> None:
    assert critical("2026-06-01T12:00:00.600Z") == 250


def test_a_wait_on_the_queue_counts_however_long_it_was() -> None:
    assert critical("2026-06-01T12:00:00.600Z", done=ARRIVED + timedelta(hours=3)) == 3 * 3_600_000 + 100


def test_an_event_without_a_time_has_none() -> None:
    assert critical(None) is None


def test_what_a_replay_brought_back_has_none() -> None:
    assert critical("2026-06-01T12:00:00.600Z", **{REPLAY: "june"}) is None


@pytest.mark.parametrize("time", ["2026-06-01T11:59:00.699Z", "2026-05-20T14:30:01Z", "0001-01-01T00:00:00Z"])
def test_what_was_old_when_it_came_has_none(time: str) -> None:
    assert critical(time) is None


def test_what_came_just_in_time_has_one() -> None:
    just = ARRIVED - timedelta(milliseconds=FRESH)

    assert critical(just.isoformat()) == FRESH + 150


@pytest.mark.parametrize("time", ["2026-06-01T12:00:00.701Z", "2026-06-01T12:00:09.5Z", "9999-12-31T23:59:59.999Z"])
def test_a_clock_ahead_of_ours_is_set_right_by_the_arrival(time: str) -> None:
    assert critical(time) == 150


def test_a_whole_second_that_the_event_came_in_is_taken_for_its_arrival() -> None:
    assert critical("2026-06-01T12:00:00Z") == 150


def test_a_whole_second_that_was_over_is_taken_for_its_end() -> None:
    assert critical("2026-06-01T11:59:57Z") == 2_700 + 150


def test_an_effect_before_the_arrival_took_no_time() -> None:
    assert critical("2026-06-01T12:00:00.600Z", done=ARRIVED - timedelta(seconds=1)) == 0


def test_a_lag_is_told_of_however_long_it_is() -> None:
    event = usage(time="2026-06-01T11:00:00Z")

    assert lag_ms(event, done=epoch_ms(ARRIVED)) == 3_600_700
    assert lag_ms(usage(time=None), done=epoch_ms(ARRIVED)) is None
