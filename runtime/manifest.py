"""The words in which a service says what it is: data for `infra/` (to deploy) and `local/` (to simulate).

Durations are whole seconds, sizes MiB where the name says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

#: AWS's advice for a queue that feeds a function: visibility timeout >= 6 x the function's timeout.
VISIBILITY_FACTOR: Final = 6

#: The queue's own redrive policy, for a function that cannot even start and for a DLQ that cannot be reached: it
#: knows no reasons, so it comes late. With the visibility timeout of a 30 second function, after five hours.
BACKSTOP_RECEIVES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One Lambda function. `handler` is its dotted name, such as `functions.billing.handler.consume`."""

    name: str
    handler: str
    timeout: int
    memory_mib: int = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One EventBridge rule: events that match `pattern` go to the consumer's queue.

    `bus` is where the rule is: on the company's own, or on the account's default, where AWS services tell their news.
    """

    name: str
    pattern: Mapping[str, Any]
    bus: Literal["own", "default"] = "own"


def event_types(*types: str) -> Mapping[str, Any]:
    """The pattern that picks events by their type."""
    return {"detail-type": list(types)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Seconds before try n + 1: uniform in [1, min(cap, base * 2**n)]: exponential with full jitter."""

    base: int = 2
    cap: int = 900

    def ceiling(self, tries: int) -> int:
        return min(self.cap, self.base << min(tries, 16))


@dataclass(frozen=True, slots=True, kw_only=True)
class Slo:
    """What a consumer promises, over 30 days. Alarms follow from it (infra.components.objectives).

    Of the records that are handled, 95 in 100 have a critical time (runtime.timing) of at most `critical_p95_ms`; None
    promises nothing. Of all records that do not come again, the share `without_dead_letter` is none.
    """

    critical_p95_ms: int | None = None
    without_dead_letter: float = 0.999


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """Rules -> queue (with its DLQ) -> function.

    `function.name` is also the consumer's name in idempotency records and dead letters: to change it is
    to forget what was done. `dedup` says where the memory of applied events is: `record` keeps a
    Powertools idempotency record around an outside effect, `state` means that the write itself (or the
    derived id of what is sent on) makes a second run change nothing. Outside effects are not repeated for a
    replayed event (see runtime.consumer).

    A failure costs one of `tries`; one that says nothing about the message costs none for `patience` seconds
    from the first. `sent_directly` are event types that come to its queue past every rule: by the service's own API,
    or by another function of its own. `backlog` is for how many seconds a message may wait where all is well.
    """

    function: Function
    subscriptions: tuple[Subscription, ...]
    dedup: Literal["record", "state"]
    sent_directly: tuple[str, ...] = ()
    slo: Slo | None = None
    batch_size: int = 10
    batching_window: int = 0
    tries: int = 3
    patience: int = 86_400
    backlog: int = 0
    max_concurrency: int = 10
    backoff: Backoff = field(default_factory=Backoff)

    @property
    def name(self) -> str:
        return self.function.name

    @property
    def event_types(self) -> tuple[str, ...]:
        """All that its queue is for."""
        picked = [type_ for s in self.subscriptions for type_ in s.pattern.get("detail-type", ())]
        return tuple(dict.fromkeys((*picked, *self.sent_directly)))

    @property
    def max_receive_count(self) -> int:
        return BACKSTOP_RECEIVES

    @property
    def visibility_timeout(self) -> int:
        return VISIBILITY_FACTOR * self.function.timeout + self.batching_window


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpApi:
    """An HTTP API, all of whose routes (`POST /events`) end in one function."""

    function: Function
    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A function that a clock calls. `expression` is EventBridge Scheduler's: `rate(...)` or `cron(...)`, in UTC."""

    function: Function
    expression: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """The outbox relay: the stream of the service's own table -> function -> bus.

    A batch is tried until it succeeds or the stream forgets it, after a day. `event_types` are what its service emits.
    """

    function: Function
    event_types: tuple[str, ...]
    batch_size: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """All of one service. `emits` are the event types that it puts on the bus.

    Of those that are `batched`, several may share an entry, and so a message of every queue that they go to: for what
    comes in masses. A rule cannot look into such an entry for one event's data.
    """

    name: str
    emits: tuple[str, ...]
    consumers: tuple[Consumer, ...]
    batched: tuple[str, ...] = ()
    apis: tuple[HttpApi, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    relays: tuple[Relay, ...] = ()

    @property
    def functions(self) -> tuple[Function, ...]:
        users: tuple[Consumer | HttpApi | Schedule | Relay, ...] = (
            *self.consumers,
            *self.apis,
            *self.schedules,
            *self.relays,
        )
        return tuple(user.function for user in users)
