"""What functions measure, by name: the one source for what is written, what alarms watch and what is plotted.

Every metric is measured by function and event type, and by function alone. Both sets of values are known from the
manifests, so that nobody who sends events can add to them: an event of another type, and a message that is no event,
are `unknown`.

    Handled, Duplicate, Suppressed, Retry, Deferred, DeadLetter    records of a consumer, by their fate; of a relay,
                                   Handled are the events that it has published
    Settled                        those of them that do not come again: all but Retry and Deferred
    Throttled                      those of them that a dependency asked us to slow down for
    Slow                           handled records over the critical time that the manifest promises
    HandlerTime                    of one record in the service's own code; of records that are handled together,
                                   their share
    AgeAtPickUp                    how long a message had waited on the queue when it was received for the first time
    CriticalTime                   from the event's own time until its effect was done (see runtime.timing)
    OutboxLag                      how old an event of our own was when the relay had published it, or had tried to
    BatchSize                      records or events of one invocation: by function alone

A count that is zero is not written. Times are milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

FUNCTION: Final = "Function"
EVENT_TYPE: Final = "EventType"
#: The event type of what is none of a function's own.
UNKNOWN: Final = "unknown"

HANDLED: Final = "Handled"
DUPLICATE: Final = "Duplicate"
SUPPRESSED: Final = "Suppressed"
RETRY: Final = "Retry"
DEFERRED: Final = "Deferred"
DEAD_LETTER: Final = "DeadLetter"
SETTLED: Final = "Settled"
THROTTLED: Final = "Throttled"
SLOW: Final = "Slow"
HANDLER_TIME: Final = "HandlerTime"
AGE_AT_PICK_UP: Final = "AgeAtPickUp"
CRITICAL_TIME: Final = "CriticalTime"
OUTBOX_LAG: Final = "OutboxLag"
BATCH_SIZE: Final = "BatchSize"

#: A record's fate (runtime.consumer), and an event's at the relay (runtime.outbox) -> the metric that counts it.
BY_FATE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "handled": HANDLED,
        "relayed": HANDLED,
        "duplicate": DUPLICATE,
        "suppressed": SUPPRESSED,
        "retry": RETRY,
        "deferred": DEFERRED,
        "dead_letter": DEAD_LETTER,
    }
)
#: Fates after which a record comes again.
COMES_AGAIN: Final = frozenset(("retry", "deferred"))

COUNT: Final = "Count"
MILLISECONDS: Final = "Milliseconds"
UNITS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys((*BY_FATE.values(), SETTLED, THROTTLED, SLOW, BATCH_SIZE), COUNT),
        **dict.fromkeys((HANDLER_TIME, AGE_AT_PICK_UP, CRITICAL_TIME, OUTBOX_LAG), MILLISECONDS),
    }
)


def namespace(stage: str) -> str:
    """The CloudWatch namespace of a stage's metrics."""
    return f"Breakwater/{stage}"


def dimensions(function: str, event_type: str | None = None) -> dict[str, str]:
    """Of a metric by function, and by event type where there is one."""
    return {FUNCTION: function} | ({} if event_type is None else {EVENT_TYPE: event_type})
