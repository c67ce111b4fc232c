"""What can go wrong, and with it a message's fate.

    BreakwaterError
    ├── ConfigurationError        the environment lacks or garbles settings; all of them are named
    ├── PermanentError            no retry can help: dead letter at once, with the reason
    │   ├── UnreadableMessage     the message is not a CloudEvent, or its data does not fit the catalog
    │   ├── PayloadGone           the event's data lies elsewhere, and is not there any more
    │   ├── BusinessRuleViolated  the event is well formed, and what it asks for must not happen
    │   ├── Unpublishable         EventBridge would refuse the event, or accept and silently drop it
    │   └── Crashed               the function ended on each of the message's tries before it was settled
    └── TransientError            try again, later: it costs a try
        ├── Conflict              another writer was faster
        ├── DependencyUnavailable something that all messages need is down or refuses for now
        └── Deferred              it says nothing about the message: later, and it costs no try
            ├── Throttled         a dependency asks us to slow down
            ├── CircuitOpen       a dependency has been down, and is left alone for a moment
            ├── InFlightElsewhere another invocation is at work on this very event
            ├── OutOfTime         the invocation ends before the message could be begun
            ├── OutOfRoom         the batch's other messages hold as much data as one invocation takes in
            └── Unfinished        the work goes on in another invocation, from a checkpoint

Any other exception out of a handler counts as transient: it costs a try, and the last try is a dead letter.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from events.envelope import InvalidEvent, Problem


class BreakwaterError(Exception):
    """`code` is stable and fit for grouping; the message is for people."""

    code: ClassVar[str] = "error"


class ConfigurationError(BreakwaterError):
    """The environment lacks or garbles settings. `problems` has one entry for each."""

    code = "configuration"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "configuration is incomplete:\n" + "\n".join(f"  {p.field}: {p.message}" for p in self.problems)
        )


class PermanentError(BreakwaterError):
    """No retry can help: dead letter at once, with the reason."""

    code = "permanent"


class UnreadableMessage(PermanentError):
    """The message is not a CloudEvent, or its data does not fit the catalog."""

    code = "unreadable"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))

    @classmethod
    def of(cls, error: InvalidEvent) -> UnreadableMessage:
        return cls(error.problems)


class PayloadGone(PermanentError):
    """The event's data lies elsewhere, and is not there any more."""

    code = "payload_gone"


class BusinessRuleViolated(PermanentError):
    """The event is well formed, and what it asks for must not happen."""

    code = "business_rule"


class Unpublishable(PermanentError):
    """EventBridge would refuse the event, or accept and silently drop it."""

    code = "unpublishable"


class Crashed(PermanentError):
    """The function ended on each of the message's tries before it was settled: killed, out of memory or of time."""

    code = "crashed"


class TransientError(BreakwaterError):
    """Try again, later: it costs a try."""

    code = "transient"


class Conflict(TransientError):
    """Another writer was faster."""

    code = "conflict"


class DependencyUnavailable(TransientError):
    """Something that all messages need is down or refuses for now."""

    code = "dependency_unavailable"


class Deferred(TransientError):
    """It says nothing about the message: later, and it costs no try."""

    code = "deferred"


class Throttled(Deferred):
    """A dependency asks us to slow down."""

    code = "throttled"


class CircuitOpen(Deferred):
    """A dependency has been down, and is left alone for a moment."""

    code = "circuit_open"


class InFlightElsewhere(Deferred):
    """Another invocation is at work on this very event."""

    code = "in_flight"


class OutOfTime(Deferred):
    """The invocation ends before the message could be begun."""

    code = "out_of_time"


class OutOfRoom(Deferred):
    """The batch's other messages hold as much data as one invocation takes in."""

    code = "out_of_room"


class Unfinished(Deferred):
    """The work goes on in another invocation, from a checkpoint."""

    code = "unfinished"
