"""For a desk: cards in a row, standing on the bus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.company import SERVICES
from ops.console.topology.drawing import OTHERS, Card, Drawing, Lane, Outside, Row, Way, is_on_the_bus, parts, trips
from runtime.manifest import Service

_WIDTH: Final = 1160.0
_TOP: Final = 1.0
_HEAD: Final = 44.0
_ROW: Final = 46.0
_PAD: Final = 8.0
_LANE: Final = 40.0  # between two lanes beside each other: their rates stand there
_GAP: Final = 26.0  # between cards, besides their lanes
_DROP: Final = 62.0  # from the cards to the bus
_BUS: Final = 40.0
_BELOW: Final = 30.0  # from the bus to the systems around us
_OTHERS: Final = 122.0
_OTHERS_HEIGHT: Final = 32.0
_OTHERS_MARGIN: Final = 30.0
_TURN: Final = 8.0


def wide(services: Sequence[Service] = SERVICES) -> Drawing:
    floor = _TOP + _HEAD + _PAD + _ROW * max(len(parts(service)) for service in services)
    cards = _cards(services, floor)
    bus = (0.0, floor + _DROP, _WIDTH, _BUS)
    ground = _Ground(bus_top=bus[1], floor=floor)
    entries = {name: entry for card in cards for name, entry in _entries(card).items()}
    exits = {card.service.name: card.x + card.width - 34 for card in cards}
    return Drawing(
        key="wide",
        width=_WIDTH,
        height=ground.others_top + _OTHERS_HEIGHT + 2,
        bus=bus,
        others=_others(ground),
        cards=cards,
        lanes=tuple(_lanes(ground, entries, exits)),
        ways=tuple(_ways(services, ground, entries, exits)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    bus_top: float
    floor: float

    @property
    def middle(self) -> float:
        return self.bus_top + _BUS / 2

    @property
    def bus_bottom(self) -> float:
        return self.bus_top + _BUS

    @property
    def others_top(self) -> float:
        return self.bus_bottom + _BELOW


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A consumer's lane: up at `lane`, then to the right, into the row at (`x`, `y`)."""

    lane: float
    x: float
    y: float

    @property
    def into_row(self) -> str:
        return f"V{self.y + _TURN}q0 {-_TURN} {_TURN} {-_TURN}H{self.x}"


def _others(ground: _Ground) -> tuple[Outside, Outside]:
    """They stand below the bus: where events come from them, and where events go to them."""
    left, right = _OTHERS_MARGIN, _WIDTH - _OTHERS_MARGIN - _OTHERS
    up = f"M{left + _OTHERS / 2} {ground.others_top}V{ground.bus_bottom + 1}"
    down = f"M{right + _OTHERS / 2} {ground.bus_bottom}V{ground.others_top - 1}"
    return (
        Outside(x=left, y=ground.others_top, width=_OTHERS, height=_OTHERS_HEIGHT, path=up),
        Outside(x=right, y=ground.others_top, width=_OTHERS, height=_OTHERS_HEIGHT, path=down),
    )


def _cards(services: Sequence[Service], floor: float) -> tuple[Card, ...]:
    gutters = [_gutter(service) for service in services]
    width = (_WIDTH - sum(gutters) - _GAP * (len(services) - 1)) / len(services)
    cards, x = [], 0.0
    for service, gutter in zip(services, gutters, strict=True):
        x += gutter
        cards.append(_card(service, x=x, width=width, floor=floor))
        x += width + _GAP
    return tuple(cards)


def _gutter(service: Service) -> float:
    """The room that a card's lanes need at its left."""
    return _LANE * sum(1 for consumer in service.consumers if is_on_the_bus(consumer)) + 6


def _card(service: Service, *, x: float, width: float, floor: float) -> Card:
    """Cards stand on one floor, each as tall as what is in it."""
    inside = parts(service)
    height = _HEAD + _PAD + _ROW * len(inside)
    top = floor - height
    rows = tuple(
        Row(part=part, x=x, y=top + _HEAD + _ROW * (index + 0.5), width=width) for index, part in enumerate(inside)
    )
    return Card(service=service, x=x, y=top, width=width, height=height, rows=rows)


def _entries(card: Card) -> Mapping[str, _Entry]:
    """The lane of the topmost row is the outermost, so that none crosses another."""
    rows = [row for row in card.rows if row.part.consumer is not None and is_on_the_bus(row.part.consumer)]
    first = card.x - _LANE * len(rows)
    return {
        row.part.function: _Entry(lane=first + _LANE * index, x=card.x + 12, y=row.y) for index, row in enumerate(rows)
    }


def _lanes(ground: _Ground, entries: Mapping[str, _Entry], exits: Mapping[str, float]) -> list[Lane]:
    into = [
        Lane(
            name=name,
            direction="in",
            path=f"M{entry.lane} {ground.bus_top}{entry.into_row}",
            label_x=entry.lane + 6,
            label_y=ground.bus_top - 9,
        )
        for name, entry in entries.items()
    ]
    out = [
        Lane(
            name=name,
            direction="out",
            path=f"M{x} {ground.floor}V{ground.bus_top}",
            label_x=x + 6,
            label_y=ground.bus_top - 9,
        )
        for name, x in exits.items()
    ]
    return [*into, *out]


def _ways(
    services: Sequence[Service], ground: _Ground, entries: Mapping[str, _Entry], exits: Mapping[str, float]
) -> list[Way]:
    ways = []
    for type_, sender, consumer in trips(services):
        entry = entries[consumer]
        start = (
            f"M{_OTHERS_MARGIN + _OTHERS / 2} {ground.others_top}V{ground.middle}"
            if sender == OTHERS
            else f"M{exits[sender]} {ground.floor}V{ground.middle}"
        )
        ways.append(Way(type=type_, sender=sender, consumer=consumer, path=f"{start}H{entry.lane}{entry.into_row}"))
    return ways
