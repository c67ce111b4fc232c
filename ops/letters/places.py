"""The dead-letter queues of a stage: what the manifests say that there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ops.target import Target
from ops.wrong_use import WrongUse
from runtime.manifest import Service
from runtime.topology import Group

Kind = Literal["consumer", "relay", "schedule", "group"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One dead-letter queue.

    `name` is what people call it (`billing-dlq`), `owner` the consumer, relay or schedule whose failures end there.
    `queue`, `source` and `function` are AWS's names of the queue itself, of the queue that its letters came from (a
    consumer's or a group's; None otherwise), and of the owner's function. Where services share a function
    (runtime.topology), one queue is for all of the group's: `members` are its consumers, relays and schedules, and
    `relays` and `schedules` say which of them are such.
    """

    name: str
    kind: Kind
    owner: str
    queue: str
    source: str | None
    function: str
    members: tuple[str, ...] = ()
    relays: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()

    def goes_by(self, name: str) -> bool:
        return name in (self.name, self.owner, self.queue, *self.members)


def places(target: Target) -> tuple[Place, ...]:
    """All of the stage's, in the manifests' order; services that share a function share one."""
    topology = target.stage.grouped
    found: dict[str, Place] = {}
    for service in target.services:
        group = topology.group_of(service.name)
        found |= {place.name: place for place in ([_shared(group, target)] if group else _of(service, target))}
    return tuple(found.values())


def _shared(group: Group, target: Target) -> Place:
    relays = tuple(relay.function.name for relay in group.relays)
    schedules = tuple(schedule.function.name for schedule in group.schedules)
    return Place(
        name=f"{group.name}-dlq",
        kind="group",
        owner=group.name,
        queue=target.stage.resource_name(f"{group.name}-dlq"),
        source=target.stage.resource_name(group.name),
        function=target.stage.resource_name(group.name),
        members=(*(consumer.name for consumer in group.consumers), *relays, *schedules),
        relays=relays,
        schedules=schedules,
    )


def places_named(target: Target, names: Sequence[str]) -> tuple[Place, ...]:
    """Those that go by any of these names: the owner's, or the queue's. None named: all.

    Raises WrongUse, which lists the known ones.
    """
    known = places(target)
    unknown = [name for name in names if not any(place.goes_by(name) for place in known)]
    if unknown:
        raise WrongUse(
            f"there is no dead-letter queue {', '.join(unknown)}; known: {', '.join(place.name for place in known)}"
        )
    return tuple(place for place in known if not names or any(map(place.goes_by, names)))


def _of(service: Service, target: Target) -> Iterator[Place]:
    owners: list[tuple[Kind, str]] = [
        *(("consumer", consumer.name) for consumer in service.consumers),
        *(("relay", relay.function.name) for relay in service.relays),
        *(("schedule", schedule.function.name) for schedule in service.schedules),
    ]
    for kind, owner in owners:
        name = f"{owner}-dlq"
        yield Place(
            name=name,
            kind=kind,
            owner=owner,
            queue=target.stage.resource_name(name),
            source=target.stage.resource_name(owner) if kind == "consumer" else None,
            function=target.stage.resource_name(owner),
        )
