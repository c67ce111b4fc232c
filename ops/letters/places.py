"""The dead-letter queues of a stage: what the manifests say that there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ops.target import Target
from runtime.manifest import Service
from runtime.topology import Group

Kind = Literal["consumer", "relay", "schedule"]


class WrongUse(ValueError):
    """What was asked for makes no sense; the message says what would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One dead-letter queue.

    `name` is what people call it (`billing-dlq`), `owner` the consumer, relay or schedule whose failures end there.
    `queue`, `source` and `function` are AWS's names of the queue itself, of the queue that its letters came from (a
    consumer's; None otherwise), and of the owner's function. A queue that services share has `members`: a place for
    each owner, by which a letter in it is known.
    """

    name: str
    kind: Kind
    owner: str
    service: str
    queue: str
    source: str | None
    function: str
    members: tuple[Place, ...] = ()

    def goes_by(self, name: str) -> bool:
        return name in (self.name, self.queue) or self.is_for(name)

    def is_for(self, owner: str) -> bool:
        return owner == self.owner or any(member.owner == owner for member in self.members)

    def member(self, *, owner: str, kind: Kind) -> Place:
        """Whose letter it is, by its owner's name or else by its kind; the shared queue's own when nobody fits."""
        by_name = (member for member in self.members if member.owner == owner)
        by_kind = (member for member in self.members if member.kind == kind != "consumer")
        return next(by_name, None) or next(by_kind, None) or self


def places(target: Target) -> tuple[Place, ...]:
    """All of the stage's, in the manifests' order; those that services share come first."""
    grouped = target.stage.grouped
    shared = (_shared(group, target) for group in grouped.groups)
    alone = (service for service in target.services if grouped.group_of(service.name) is None)
    return (*shared, *(place for service in alone for place in _of(service, target)))


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
        yield _place(kind, owner, service.name, target)


def _shared(group: Group, target: Target) -> Place:
    place = _place("consumer", group.name, group.name, target)
    return replace(place, members=tuple(member for service in group.services for member in _of(service, target)))


def _place(kind: Kind, owner: str, service: str, target: Target) -> Place:
    deployed = target.stage.grouped.deployed_as(owner)
    name = f"{deployed}-dlq"
    return Place(
        name=name,
        kind=kind,
        owner=owner,
        service=service,
        queue=target.stage.resource_name(name),
        source=target.stage.resource_name(deployed) if kind == "consumer" else None,
        function=target.stage.resource_name(deployed),
    )
