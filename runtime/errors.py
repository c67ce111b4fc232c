"""What can go wrong, and with it a message's fate.

    BreakwaterError
    ├── ConfigurationError        the environment lacks or garbles settings; all of them are named
    ├── PermanentError            no retry can help: dead letter at once, with the reason
    │   ├── UnreadableMessage     the message is not a CloudEvent, or its data does not fit the catalog
    │   ├── BusinessRuleViolated  the event is well formed, and what it asks for must not happen
    │   └── Unpublishable         EventBridge would refuse the event, or accept and silently drop it
    └── TransientError            try again, later
        ├── Conflict              another writer was faster
        ├── DependencyUnavailable something that we call is down or refuses for now
        │   └── Throttled         it asks us to slow down
        ├── InFlightElsewhere     another invocation is at work on this very event
        └── OutOfTime             the invocation ends before the message could be begun

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


class BusinessRuleViolated(PermanentError):
    """The event is well formed, and what it asks for must not happen."""

    code = "business_rule"


class Unpublishable(PermanentError):
    """EventBridge would refuse the event, or accept and silently drop it."""

    code = "unpublishable"


class TransientError(BreakwaterError):
    """Try again, later."""

    code = "transient"


class Conflict(TransientError):
    """Another writer was faster."""

    code = "conflict"


class DependencyUnavailable(TransientError):
    """Something that we call is down or refuses for now."""

    code = "dependency_unavailable"


class Throttled(DependencyUnavailable):
    """A dependency asks us to slow down."""

    code = "throttled"


class InFlightElsewhere(TransientError):
    """Another invocation is at work on this very event."""

    code = "in_flight"


class OutOfTime(TransientError):
    """The invocation ends before the message could be begun."""

    code = "out_of_time"
