"""The drawing of the company: all of the manifests is in it, and all of it is in the drawing."""

from __future__ import annotations

import re

import pytest

from contracts.company import SERVICES, producers_of, routes
from events.catalog import CATALOG
from ops.console import topology
from ops.console.topology.drawing import OTHERS, Drawing

EACH = pytest.mark.parametrize("drawing", [topology.wide(), topology.narrow()], ids=lambda drawing: drawing.key)


@EACH
def test_every_function_of_the_manifests_has_its_row(drawing: Drawing) -> None:
    drawn = {card.service.name: [row.part.function for row in card.rows] for card in drawing.cards}

    assert {name: sorted(rows) for name, rows in drawn.items()} == {
        service.name: sorted(function.name for function in service.functions) for service in SERVICES
    }


@EACH
def test_there_is_a_way_for_each_route_of_the_manifests_from_each_who_sends_it(drawing: Drawing) -> None:
    from_manifests = {
        (route.type, producer.name, route.consumer.name) for route in routes() for producer in producers_of(route.type)
    }
    elsewhere = {name for (name, _), model in CATALOG.items() if model.produced_elsewhere}
    from_manifests |= {(route.type, OTHERS, route.consumer.name) for route in routes() if route.type in elsewhere}

    assert {(way.type, way.sender, way.consumer) for way in drawing.ways} == from_manifests


@EACH
def test_lanes_lead_to_who_reads_the_bus_and_from_who_sends(drawing: Drawing) -> None:
    into = {lane.name for lane in drawing.lanes if lane.direction == "in"}
    out = {lane.name for lane in drawing.lanes if lane.direction == "out"}

    assert into == {route.consumer.name for route in routes()}
    assert out == {service.name for service in SERVICES}


@EACH
def test_nothing_is_drawn_outside_of_the_drawing(drawing: Drawing) -> None:
    for card in drawing.cards:
        assert card.x >= 0
        assert card.x + card.width <= drawing.width
        assert card.y + card.height <= drawing.height
        assert all(card.y <= row.y <= card.y + card.height for row in card.rows)
    for path in [*(lane.path for lane in drawing.lanes), *(way.path for way in drawing.ways)]:
        assert all(float(number) <= drawing.width for number in re.findall(r"H([\d.]+)", path))
        assert all(float(number) <= drawing.height for number in re.findall(r"V([\d.]+)", path))


@EACH
def test_cards_and_the_bus_do_not_overlap(drawing: Drawing) -> None:
    x, y, width, height = drawing.bus
    boxes = [(card.x, card.y, card.width, card.height) for card in drawing.cards] + [(x, y, width, height)]

    for index, (ax, ay, aw, ah) in enumerate(boxes):
        for bx, by, bw, bh in boxes[index + 1 :]:
            assert ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay


def test_every_lane_begins_or_ends_at_the_bus() -> None:
    drawing = topology.wide()
    left, _, width, _ = drawing.bus

    for lane in drawing.lanes:
        start = float(re.match(r"M([\d.]+)", lane.path).group(1))  # type: ignore[union-attr]
        assert left <= start <= left + width


def test_no_lane_of_a_card_crosses_another() -> None:
    """The lane of an upper row stands further out: its turn is above the others' ends."""
    for card in topology.wide().cards:
        rows = [row.part.function for row in card.rows]
        lanes = {lane.name: lane for lane in topology.wide().lanes if lane.direction == "in" and lane.name in rows}
        outermost_first = sorted(lanes.values(), key=lambda lane: lane.label_x)

        assert [lane.name for lane in outermost_first] == [name for name in rows if name in lanes]
