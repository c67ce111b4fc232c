"""The drawing of who sends what to whom: a lane for each service, an arrow for each event type.

Geometry only; `flow.svg.j2` draws it. Lengths are the SVG's own units: pixels, when it is not scaled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.company import SERVICES
from contracts.page.view import TypeView

#: The lane of systems that are not ours.
OTHERS = "other systems"
_HEAD = 32
_FIRST_ROW = 44
_ROW = 33
_LETTER = 6.7  # of the labels' font, roughly: it keeps labels inside the drawing


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    name: str
    x: float
    width: float
    outside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """One event type: a line from `start` to `end`, dots where it is sent, heads (x, direction) where it arrives."""

    type: str
    y: float
    start: float
    end: float
    label_x: float
    dots: tuple[float, ...]
    heads: tuple[tuple[float, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    key: str
    width: float
    height: float
    head: float
    lanes: tuple[Lane, ...]
    arrows: tuple[Arrow, ...]


def flow(types: Sequence[TypeView], *, key: str, width: float) -> Flow:
    """A drawing at least `width` wide, wider where its lanes would touch. What nobody sends yet has no arrow."""
    sent = [view for view in types if view.producers or view.produced_elsewhere]
    names = (OTHERS, *(service.name for service in SERVICES))
    width = max(width, 84.0 * len(names))
    margin = width / (2 * len(names))
    lanes = tuple(
        Lane(name=name, x=margin + 2 * margin * index, width=min(2 * margin - 6, 132), outside=name == OTHERS)
        for index, name in enumerate(names)
    )
    place = {lane.name: lane.x for lane in lanes}
    arrows = tuple(_arrow(view, place, y=_HEAD + _FIRST_ROW + _ROW * row, width=width) for row, view in enumerate(sent))
    return Flow(
        key=key,
        width=width,
        height=_HEAD + _FIRST_ROW + _ROW * (len(sent) - 1) + 18,
        head=_HEAD,
        lanes=lanes,
        arrows=arrows,
    )


def _arrow(view: TypeView, place: dict[str, float], *, y: float, width: float) -> Arrow:
    senders = [place[name] for name in ((OTHERS,) if view.produced_elsewhere else ()) + view.producers]
    receivers = [place[name] for name in {c.service: None for c in view.consumers}]
    receivers += [place[OTHERS]] if view.consumed_elsewhere else []
    points = sorted([*senders, *receivers])
    half = len(view.name) * _LETTER / 2
    middle = (points[0] + points[-1]) / 2
    return Arrow(
        type=view.name,
        y=y,
        start=points[0],
        end=points[-1],
        label_x=min(max(middle, half + 2), width - half - 2),
        dots=tuple(senders),
        heads=tuple((x, 1 if x >= min(senders, key=lambda sender: abs(sender - x)) else -1) for x in receivers),
    )
