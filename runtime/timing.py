"""How long an event took, in whole milliseconds: clocks of different machines do not agree to less.

Moments are milliseconds since 1970 (see epoch_ms).

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

from datetime import datetime
from typing import Final

from events.binding import REPLAY
from events.envelope import CloudEvent

#: Milliseconds between an event's time and its arrival.
FRESH: Final = 60_000
_SECOND: Final = 1_000


def epoch_ms(moment: datetime) -> float:
    """Milliseconds since 1970, as SQS counts time: what lies between two of them costs no object."""
    return moment.timestamp() * 1_000


def critical_ms(event: CloudEvent, *, arrived: float, done: float) -> int | None:
    """The event's critical time; None where it has none. `arrived` is when the consumer's queue first had it."""
    occurred = event.occurred_at
    if occurred is None or REPLAY in event.extensions:
        return None
    began = epoch_ms(occurred)
    if arrived - began > FRESH:
        return None
    known_to = 0 if occurred.microsecond else _SECOND
    return whole_ms(done - min(began + known_to, arrived))


def lag_ms(event: CloudEvent, *, done: float) -> int | None:
    """How long an event of our own waited in an outbox: its time is the moment of the decision that wrote it."""
    return None if event.occurred_at is None else whole_ms(done - epoch_ms(event.occurred_at))


def whole_ms(span: float) -> int:
    """Never negative: no clock of ours is so wrong that time ran backwards."""
    return max(0, round(span))
