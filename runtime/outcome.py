"""What handling one event came to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from events.envelope import CloudEvent


class Outcome(NamedTuple):
    """Events to publish, and whether the event had been applied before.

    Publishing is the consumer's: a handler returns its events and never sends them.
    """

    events: tuple[CloudEvent, ...] = ()
    duplicate: bool = False

    @classmethod
    def of(cls, events: Iterable[CloudEvent] = ()) -> Outcome:
        return cls(tuple(events))


#: Handles one event. Raises PermanentError for a dead letter now; anything else is tried again.
Handle = Callable[[CloudEvent], Outcome]
