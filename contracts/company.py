"""Who sends and who takes what: the services' manifests, read as one picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from events.catalog import Payload
from functions.billing import manifest as billing
from functions.ingestion import manifest as ingestion
from functions.notification import manifest as notification
from runtime.manifest import Consumer, Service, Subscription

_MANIFESTS: Final = (ingestion, billing, notification)
SERVICES: Final[tuple[Service, ...]] = tuple(manifest.SERVICE for manifest in _MANIFESTS)
#: Event types of which several may share an entry. A type has one producer.
BATCHED: Final = frozenset(type_ for service in SERVICES for type_ in service.batched)
#: Service name -> the `source` of the events that it sends.
SOURCES: Final[Mapping[str, str]] = {manifest.SERVICE.name: manifest.SOURCE for manifest in _MANIFESTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One rule's way for one event type: `type` reaches `consumer` of `service` by `subscription`."""

    type: str
    service: Service
    consumer: Consumer
    subscription: Subscription

    @property
    def rule(self) -> str:
        """The rule's name, without the stage's prefix."""
        return f"{self.consumer.name}-{self.subscription.name}"


def routes(services: Sequence[Service] = SERVICES) -> Iterator[Route]:
    """Every event type that a rule on the company's own bus picks by name (its `detail-type`)."""
    for service in services:
        for consumer in service.consumers:
            for subscription in consumer.subscriptions:
                if subscription.bus == "own":
                    for type_ in subscription.pattern["detail-type"]:
                        yield Route(type=type_, service=service, consumer=consumer, subscription=subscription)


def producers_of(type_: str, services: Sequence[Service] = SERVICES) -> tuple[Service, ...]:
    return tuple(service for service in services if type_ in service.emits)


def consumers_of(type_: str, services: Sequence[Service] = SERVICES) -> tuple[Route, ...]:
    return tuple(route for route in routes(services) if route.type == type_)


def source_of(model: type[Payload]) -> str:
    """The `source` of the service that sends it; of a system that is not ours, a name such as `partner-system`."""
    own = producers_of(model.type)
    if model.produced_elsewhere or not own:
        return f"{model.type.partition('.')[0]}-system"
    return SOURCES[own[0].name]


def lifecycle_of(model: type[Payload]) -> str:
    """In one word what its version is: `active`, `deprecated` or `retired`."""
    return type(getattr(model, "lifecycle", None)).__name__.lower().replace("nonetype", "active")
