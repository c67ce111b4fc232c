"""Where we draw lines. Nobody has measured these: each is a judgement, is told as one, and can be argued with here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Beyond `value`, something speaks for a move. `why` it is drawn there."""

    value: float
    why: str


#: Fewer talk to each other anyhow, and release together.
ONE_TEAM: Final = Line(value=8, why="up to so many engineers are one team, and nobody waits for another")
#: A service each, and somebody to run it.
A_TEAM_EACH: Final = Line(value=24, why="three services want three teams of eight")
HELD_UP: Final = Line(value=0.2, why="when one release in five waits for another's, it is no exception")
DEPLOYING: Final = Line(value=5, why="that is an hour of every working day spent on waiting for deploys")
EACH: Final = (ONE_TEAM, A_TEAM_EACH, HELD_UP, DEPLOYING)
