"""Who sends and who takes what: the services' manifests, read as one picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from functions.billing.manifest import SERVICE as BILLING
from functions.ingestion.manifest import SERVICE as INGESTION
from functions.notification.manifest import SERVICE as NOTIFICATION
from runtime.manifest import Consumer, Service, Subscription

SERVICES: Final[tuple[Service, ...]] = (INGESTION, BILLING, NOTIFICATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One rule's way for one event type: `type` reaches `consumer` of `service` by `subscription`."""

    type: str
    service: Service
    consumer: Consumer
    subscription: Subscription


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
