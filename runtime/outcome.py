"""What handling one event came to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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


class Together(NamedTuple):
    """Handles all events of a batch at once: one outcome, or what `Handle` would have raised, for each in its place.

    An event may be in the batch twice. Only for consumers whose state makes a second run harmless.
    """

    handle: Callable[[Sequence[CloudEvent]], Sequence[Outcome | Exception]]
