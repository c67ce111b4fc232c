"""Periods are UTC months; a close sees the ended ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.billing.periods import OPEN_MONTHS, accepting_period, closable, months_before, period_of, start_of
from runtime.errors import BusinessRuleViolated

NOW = datetime(2026, 5, 20, 14, 30, tzinfo=UTC)

moments = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the time zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def test_the_month_is_utc_s_when_a_time_zone_is_ahead_of_it():
    moment = datetime(2026, 6, 1, 1, tzinfo=timezone(timedelta(hours=2)))

    assert period_of(moment) == "2026-05"


@given(moments)
def test_a_moment_lies_in_its_period(moment):
    period = period_of(moment)

    following = months_before(period, -1)
    assert start_of(period) <= moment < start_of(following)
    assert months_before(following, 1) == period


@pytest.mark.parametrize(
    ("now", "newest"),
    [
        (datetime(2026, 6, 1, 5, 59, tzinfo=UTC), "2026-04"),
        (datetime(2026, 6, 1, 6, tzinfo=UTC), "2026-05"),
        (datetime(2026, 6, 30, 23, tzinfo=UTC), "2026-05"),
        (datetime(2027, 1, 1, 7, tzinfo=UTC), "2026-12"),
    ],
)
def test_a_month_becomes_closable_when_its_grace_is_over(now, newest):
    periods = closable(now)

    assert periods[-1] == newest
    assert len(periods) == OPEN_MONTHS
    assert list(periods) == sorted(periods)


@pytest.mark.parametrize("used_at", [NOW + timedelta(days=1), NOW, start_of(closable(NOW)[0])])
def test_usage_counts_when_a_close_will_see_its_period(used_at):
    assert accepting_period(used_at, NOW) == period_of(used_at)


@pytest.mark.parametrize(
    ("used_at", "reason"),
    [
        (NOW + timedelta(days=1, seconds=1), "is in the future"),
        (start_of(closable(NOW)[0]) - timedelta(seconds=1), "is in a period that is no longer billed"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), "is in a period that is no longer billed"),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12))), "is in the future"),
    ],
)
def test_usage_is_refused_when_no_close_would_see_it(used_at, reason):
    with pytest.raises(BusinessRuleViolated, match=reason):
        accepting_period(used_at, NOW)
