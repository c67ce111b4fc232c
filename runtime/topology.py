"""Which services run in one function: the manifests, regrouped. Nothing in a service knows of it.

    services                         every service as its manifest says: a function and a queue for each consumer
    monolith                         all services in one function, fed by one queue
    ingestion+billing,notification   any grouping; a service that stands alone is as its manifest says

What is a service's own (tables, buckets, APIs, its contract, the names under which its consumers remember what they
did) is the same in every topology: to split a service out, or to take it in again, moves no data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from runtime.manifest import Consumer, Function, Relay, Schedule, Service, Subscription

SERVICES: Final = "services"
MONOLITH: Final = "monolith"
HANDLER: Final = "runtime.group.handle"
#: Of messages that come in without a window to wait in, SQS gives ten at a time.
_BATCH: Final = 10
_MOST_CONCURRENT: Final = 1000


class InvalidTopology(ValueError):
    """The text groups no services, or not these. The message lists all that is wrong."""


@dataclass(frozen=True)
class Group:
    """Services that share one function and one queue, with its DLQ."""

    name: str
    services: tuple[Service, ...]

    @property
    def stack(self) -> str:
        """The id of the stack that has its function and its queue."""
        return "".join(part.capitalize() for part in self.name.split("-"))

    @cached_property
    def consumers(self) -> tuple[Consumer, ...]:
        """Those that have little to do first: none waits in a batch for one that takes minutes."""
        found = [consumer for service in self.services for consumer in service.consumers]
        return tuple(sorted(found, key=lambda consumer: consumer.function.timeout))

    @property
    def functions(self) -> tuple[Function, ...]:
        """The members' own, as their manifests have them."""
        return tuple(function for service in self.services for function in service.functions)

    @property
    def relays(self) -> tuple[Relay, ...]:
        return tuple(relay for service in self.services for relay in service.relays)

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        return tuple(schedule for service in self.services for schedule in service.schedules)

    @cached_property
    def function(self) -> Function:
        """As much time and memory as its hungriest part needs."""
        return Function(
            name=self.name,
            handler=HANDLER,
            timeout=max(function.timeout for function in self.functions),
            memory_mib=max(function.memory_mib for function in self.functions),
        )

    @cached_property
    def consumer(self) -> Consumer:
        """The queue and its rules. What a failure costs stays each consumer's own (see runtime.group)."""
        return Consumer(
            function=self.function,
            subscriptions=tuple(self._subscriptions()),
            dedup="state",
            sent_directly=tuple(type_ for consumer in self.consumers for type_ in consumer.sent_directly),
            batch_size=_BATCH,
            tries=max(consumer.tries for consumer in self.consumers),
            patience=max(consumer.patience for consumer in self.consumers),
            backlog=max(consumer.backlog for consumer in self.consumers),
            max_concurrency=min(_MOST_CONCURRENT, sum(consumer.max_concurrency for consumer in self.consumers)),
        )

    def _subscriptions(self) -> Iterator[Subscription]:
        """One for each bus, so that an event with several consumers here is one message."""
        buses: tuple[Literal["own", "default"], ...] = ("own", "default")
        for bus in buses:
            patterns = [s.pattern for c in self.consumers for s in c.subscriptions if s.bus == bus]
            if patterns:
                yield Subscription(name=bus, pattern=_any_of(patterns), bus=bus)


@dataclass(frozen=True)
class Topology:
    """`groups` are those of more than one service."""

    groups: tuple[Group, ...] = ()

    def group_of(self, service: str) -> Group | None:
        """None for a service that is as its manifest says."""
        names = {member.name: group for group in self.groups for member in group.services}
        return names.get(service)

    def deployed_as(self, function: str) -> str:
        """What a manifest's function is deployed as, and its queue and DLQ are named for: itself, or its group."""
        owners = (group.name for group in self.groups if function in {member.name for member in group.functions})
        return next(owners, function)


def topology(text: str, services: Sequence[Service]) -> Topology:
    """Raises InvalidTopology."""
    if text == SERVICES:
        return Topology(())
    if text == MONOLITH:
        return Topology((Group(MONOLITH, tuple(services)),))
    parts = [[name.strip() for name in part.split("+")] for part in text.split(",")]
    _check(parts, [service.name for service in services])
    merged = [[service for service in services if service.name in part] for part in parts if len(part) > 1]
    return Topology(tuple(Group("-".join(s.name for s in members), tuple(members)) for members in merged))


def _check(parts: Sequence[Sequence[str]], known: Sequence[str]) -> None:
    counts = Counter(name for part in parts for name in part)
    problems = [
        *(f"there is no service {name!r}" for name in counts if name not in known),
        *(f"{name} stands in it {count} times" for name, count in counts.items() if count > 1),
        *(f"{name} is missing" for name in known if name not in counts),
    ]
    if problems:
        example = "+".join(known[:2]) + "," + ",".join(known[2:])
        raise InvalidTopology(f"{'; '.join(problems)}. Write {SERVICES}, {MONOLITH}, or such as {example.rstrip(',')}")


def _any_of(patterns: Sequence[Any]) -> Any:
    return patterns[0] if len(patterns) == 1 else {"$or": [dict(pattern) for pattern in patterns]}
