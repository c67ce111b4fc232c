"""How long an event took, in whole milliseconds: clocks of different machines do not agree to less.

*Critical time* is what whoever sent an event waits: from the event's own time until its effect is done. It is told of
an event that came here on its way from its sender, and of no other:

- An event without a time has none, and neither has one that a replay brought back.
- One that was older than FRESH when it came to the consumer's queue was late before: it is from a file, was reported
  afterwards, or redriven. (Or it waited in an outbox: that has a metric of its own.) What waits on our queue counts in
  full.
- Nothing is sent before it happened: to a clock that is ahead of ours, the arrival is the event's time.
- A time in whole seconds names a second and no moment: then the arrival counts if it is in that second, else its end.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from events.binding import REPLAY
from events.envelope import CloudEvent

#: Between an event's time and its arrival.
FRESH: Final = timedelta(minutes=1)
_SECOND: Final = timedelta(seconds=1)
_MILLISECOND: Final = timedelta(milliseconds=1)


def millis(span: timedelta) -> int:
    """Never negative."""
    return max(0, round(span / _MILLISECOND))


def critical_ms(event: CloudEvent, *, arrived: datetime, done: datetime) -> int | None:
    """The event's critical time; None where it has none. `arrived` is when the consumer's queue first had it."""
    occurred = event.occurred_at
    if occurred is None or REPLAY in event.extensions or arrived - occurred > FRESH:
        return None
    known_to = _SECOND if occurred.microsecond == 0 else timedelta()
    return millis(done - min(occurred + known_to, arrived))


def lag_ms(event: CloudEvent, *, done: datetime) -> int | None:
    """How long an event of our own waited in an outbox: its time is the moment of the decision that wrote it."""
    return None if event.occurred_at is None else millis(done - event.occurred_at)
