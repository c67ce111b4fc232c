"""The company as a drawing: what the manifests say, placed. Lengths are the SVG's own units.

Services are cards; a row in a card is a function with what feeds it. They stand at one bus, which is all that they know
of each other. A way is what one event type takes from who sends it, along the bus, to one consumer.
"""

from __future__ import annotations

from ops.console.topology.drawing import Card, Drawing, Lane, Row, Way
from ops.console.topology.narrow import narrow
from ops.console.topology.wide import wide

__all__ = ["Card", "Drawing", "Lane", "Row", "Way", "narrow", "wide"]
