"""What a drawing is made of, and what it takes from the manifests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from contracts.company import producers_of, routes
from events.catalog import CATALOG
from runtime.manifest import Consumer, Service

Kind = Literal["api", "consumer", "schedule", "relay"]
#: Whoever is not ours: as a sender, and as a taker, of events.
OTHERS: Final = "other systems"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One function of a service. `note` says what feeds it, where that is no queue of its own."""

    kind: Kind
    function: str
    note: str = ""
    consumer: Consumer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A part in its place: `x`, `y` is the left end of its middle line."""

    part: Part
    x: float
    y: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    service: Service
    x: float
    y: float
    width: float
    height: float
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Where events go between the bus and a card. `name` is a consumer's for a lane in, a service's for one out."""

    name: str
    direction: Literal["in", "out"]
    path: str
    label_x: float
    label_y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """`sender` is a service, or OTHERS."""

    type: str
    sender: str
    consumer: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Systems that are not ours, where their events come to the bus, or ours leave it. `path` is the arrow's."""

    x: float
    y: float
    width: float
    height: float
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    key: str
    width: float
    height: float
    bus: tuple[float, float, float, float]  # x, y, width, height
    others: tuple[Outside, ...]
    cards: tuple[Card, ...]
    lanes: tuple[Lane, ...]
    ways: tuple[Way, ...]


def parts(service: Service) -> tuple[Part, ...]:
    """In the order in which a card shows them: what comes from outside first, what goes out last."""
    return (
        *(Part(kind="api", function=api.function.name, note=_note(api.routes)) for api in service.apis),
        *(Part(kind="consumer", function=c.name, note=_uploads(c), consumer=c) for c in service.consumers),
        *(Part(kind="schedule", function=s.function.name, note=s.expression) for s in service.schedules),
        *(Part(kind="relay", function=relay.function.name, note="outbox") for relay in service.relays),
    )


def is_on_the_bus(consumer: Consumer) -> bool:
    """Whether anything reaches it by the company's own bus."""
    return any(subscription.bus == "own" for subscription in consumer.subscriptions)


def senders(type_: str, services: Sequence[Service]) -> Iterator[str]:
    yield from (service.name for service in producers_of(type_, services))
    if any(model.produced_elsewhere for (name, _), model in CATALOG.items() if name == type_):
        yield OTHERS


def trips(services: Sequence[Service]) -> Iterator[tuple[str, str, str]]:
    """Every way that an event can take: its type, who sends it, which consumer takes it."""
    for route in routes(services):
        for sender in senders(route.type, services):
            yield route.type, sender, route.consumer.name


def _note(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def _uploads(consumer: Consumer) -> str:
    return "" if is_on_the_bus(consumer) else "files"
