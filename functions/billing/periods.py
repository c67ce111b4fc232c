"""Billing periods: UTC calendar months, written `2026-05`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from runtime.errors import BusinessRuleViolated

#: Usage of a month may still come in this long after its end before the month is closed for the first time.
GRACE: Final = timedelta(hours=6)
#: Usage older than this many ended months is refused; younger usage is billed by a supplementary invoice.
OPEN_MONTHS: Final = 24
#: How far the clocks of those who report usage may be ahead of ours.
SKEW: Final = timedelta(days=1)


def period_of(moment: datetime) -> str:
    """The period that an aware datetime falls into."""
    return f"{moment.astimezone(UTC):%Y-%m}"


def start_of(period: str) -> datetime:
    """The first moment of a period."""
    year, month = map(int, period.split("-"))
    return datetime(year, month, 1, tzinfo=UTC)


def months_before(period: str, months: int) -> str:
    """The period that many months earlier."""
    year, month = map(int, period.split("-"))
    year, month = divmod(year * 12 + month - 1 - months, 12)
    return f"{year:04d}-{month + 1:02d}"


def closable(now: datetime) -> tuple[str, ...]:
    """The periods that a close looks at, oldest first: ended, with their grace over, and not too old."""
    running = period_of(now - GRACE)
    return tuple(months_before(running, months) for months in range(OPEN_MONTHS, 0, -1))


def has_ended(period: str, now: datetime) -> bool:
    """Whether its grace is over, too."""
    return period < period_of(now - GRACE)


def accepting_period(used_at: datetime, now: datetime) -> str:
    """The period that usage counts for.

    Raises BusinessRuleViolated for usage that no close would bill any more, and for usage of the future.
    """
    if used_at > now + SKEW:
        raise BusinessRuleViolated(f"used_at {used_at.isoformat()} is in the future")
    if used_at < start_of(months_before(period_of(now - GRACE), OPEN_MONTHS)):
        raise BusinessRuleViolated(f"used_at {used_at.isoformat()} is in a period that is no longer billed")
    return period_of(used_at)
