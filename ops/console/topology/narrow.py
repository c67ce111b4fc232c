"""For a phone: cards one below the other, beside the bus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from contracts.company import SERVICES
from ops.console.topology.drawing import OTHERS, Card, Drawing, Lane, Outside, Row, Way, is_on_the_bus, parts, trips
from runtime.manifest import Service

_WIDTH: Final = 340.0
_BUS_X: Final = 1.0
_BUS_WIDTH: Final = 26.0
_CARD_X: Final = 62.0
_OTHERS: Final = 34.0
_FIRST: Final = 56.0
_HEAD: Final = 40.0
_ROW: Final = 46.0
_OUT: Final = 26.0  # the strip at a card's bottom that its events leave by
_GAP: Final = 18.0
_MIDDLE: Final = _BUS_X + _BUS_WIDTH / 2


def narrow(services: Sequence[Service] = SERVICES) -> Drawing:
    cards = _cards(services)
    end = cards[-1].y + cards[-1].height
    entries = {row.part.function: row.y for card in cards for row in card.rows if _is_fed_by_the_bus(row)}
    exits = {card.service.name: card.y + card.height - _OUT / 2 for card in cards}
    return Drawing(
        key="narrow",
        width=_WIDTH,
        height=end + _GAP + _OTHERS + 2,
        bus=(_BUS_X, _FIRST - 8, _BUS_WIDTH, end - _FIRST + 16),
        others=(
            Outside(x=1, y=1, width=112, height=_OTHERS, path=f"M{_MIDDLE} {_OTHERS + 1}V{_FIRST - 9}"),
            Outside(x=1, y=end + _GAP, width=112, height=_OTHERS, path=f"M{_MIDDLE} {end + 8}V{end + _GAP - 1}"),
        ),
        cards=cards,
        lanes=(
            *(_lane(name, y, into=True) for name, y in entries.items()),
            *(_lane(name, y, into=False) for name, y in exits.items()),
        ),
        ways=tuple(_ways(services, entries, exits)),
    )


def _is_fed_by_the_bus(row: Row) -> bool:
    return row.part.consumer is not None and is_on_the_bus(row.part.consumer)


def _cards(services: Sequence[Service]) -> tuple[Card, ...]:
    cards, top = [], _FIRST
    for service in services:
        inside = parts(service)
        height = _HEAD + _ROW * len(inside) + _OUT
        rows = tuple(
            Row(part=part, x=_CARD_X, y=top + _HEAD + _ROW * (index + 0.5), width=_WIDTH - _CARD_X - 1)
            for index, part in enumerate(inside)
        )
        cards.append(Card(service=service, x=_CARD_X, y=top, width=_WIDTH - _CARD_X - 1, height=height, rows=rows))
        top += height + _GAP
    return tuple(cards)


def _lane(name: str, y: float, *, into: bool) -> Lane:
    left, right = _BUS_X + _BUS_WIDTH, _CARD_X + (12 if into else 0)
    path = f"M{left} {y}H{right}" if into else f"M{right} {y}H{left}"
    return Lane(name=name, direction="in" if into else "out", path=path, label_x=(left + _CARD_X) / 2, label_y=y - 6)


def _ways(services: Sequence[Service], entries: Mapping[str, float], exits: Mapping[str, float]) -> list[Way]:
    ways = []
    for type_, sender, consumer in trips(services):
        start = f"M{_MIDDLE} {_OTHERS}" if sender == OTHERS else f"M{_CARD_X} {exits[sender]}H{_MIDDLE}"
        path = f"{start}V{entries[consumer]}H{_CARD_X + 12}"
        ways.append(Way(type=type_, sender=sender, consumer=consumer, path=path))
    return ways
