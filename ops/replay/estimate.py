"""What a replay will be about: events, time and dollars, each with where it comes from.

EventBridge counts what an archive holds, and nothing in it by type, customer or minute. So a part of it is taken by
time, and what a filter leaves of that is at most all of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from events.batches import CHUNK
from ops.cost.figures import prices_in
from ops.replay.eventbridge import Archive
from ops.replay.plan import Plan

#: Whose list prices: of each the first tier.
_REGION: Final = "us-east-1"
_MILLION: Final = 1e6
#: What a delivery is taken to need: one write, a tenth of a batch of ten, and 20 ms of half a GB.
_SECONDS_PER_DELIVERY: Final = 0.020
_GB: Final = 0.5
_BATCH: Final = 10
_REQUESTS_PER_BATCH: Final = 2  # received and deleted; EventBridge's own sending comes on top, one for each
#: EventBridge publishes no figure: the smallest quota of invocations that any region has.
_EVENTS_PER_SECOND: Final = 750
_CONCURRENCY: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """`deliveries` are messages to queues, at most. `basis` says what the figures were made from."""

    events: int
    deliveries: int
    duration: timedelta
    dollars: float
    basis: str


def estimate(plan: Plan, archive: Archive, *, now: datetime) -> Estimate:
    events = _events(plan, archive, now)
    deliveries = events * len(plan.rules)
    return Estimate(
        events=events,
        deliveries=deliveries,
        duration=_duration(events, deliveries),
        dollars=_dollars(events, deliveries, _chunks(archive)),
        basis=_basis(archive, now),
    )


def _kept(archive: Archive, now: datetime) -> timedelta:
    """The time that the archive's count is of."""
    age = max(now - archive.created, timedelta(minutes=1))
    return min(age, timedelta(days=archive.days)) if archive.days else age


def _events(plan: Plan, archive: Archive, now: datetime) -> int:
    part = plan.choice.window.length / _kept(archive, now)
    return math.ceil(archive.events * min(1.0, part))


def _chunks(archive: Archive) -> int:
    """Billed units of the archive's average event."""
    return max(1, math.ceil(archive.bytes / archive.events / CHUNK)) if archive.events else 1


def _duration(events: int, deliveries: int) -> timedelta:
    consuming = deliveries * _SECONDS_PER_DELIVERY / _CONCURRENCY
    return timedelta(seconds=math.ceil(max(events / _EVENTS_PER_SECOND, consuming)))


def _dollars(events: int, deliveries: int, chunks: int) -> float:
    """A replayed event is a custom event, each begun 64 KB of it; a delivery looks for, or writes, what was done."""
    queue = _price("sqs.requests") * (chunks + _REQUESTS_PER_BATCH / _BATCH) / _MILLION
    calls, seconds = _price("lambda.requests") / _MILLION, _price("lambda.duration.arm64")
    function = calls / _BATCH + seconds * _GB * _SECONDS_PER_DELIVERY
    published, written = _price("eventbridge.events") / _MILLION, _price("dynamodb.writes") / _MILLION
    return events * chunks * published + deliveries * (queue + function + written)


def _price(name: str) -> float:
    return prices_in(_REGION).prices[name].dollars(1)


def _basis(archive: Archive, now: datetime) -> str:
    hours = _kept(archive, now) / timedelta(hours=1)
    return (
        f"the archive's count ({archive.events:,} in {hours:,.0f} h; up to a day behind), by time; "
        f"filters can only make it less; prices of {prices_in(_REGION).date}, {_REGION}"
    )
