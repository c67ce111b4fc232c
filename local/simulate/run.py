"""Plays a plan, and says whether everything held."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from local.memory.clock import StillBusy
from local.memory.faults import Effect, Made
from local.simulate.book import Said
from local.simulate.invariants.at_each_effect import AT_EACH
from local.simulate.invariants.finding import Finding, Violated
from local.simulate.invariants.in_the_end import IN_THE_END
from local.simulate.plan import Plan
from local.simulate.world import World
from runtime.telemetry import logger


class Hop(NamedTuple):
    micros: int
    who: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`violated` is None when everything held. `made` are all calls, `said` is what others did; `copies` counts the
    messages that were delivered once more; since `calm_since` nothing went wrong any more."""

    plan: Plan
    violated: Violated | None
    made: Sequence[Made]
    said: Sequence[Said]
    copies: int
    calm_since: int

    @property
    def faults(self) -> Counter[str]:
        """How often each was thrown."""
        return Counter(str(made.fault) for made in self.made if made.fault)

    @property
    def hops(self) -> list[Hop]:
        """Everything that happened, in order."""
        made = (Hop(m.micros, m.call.function, _told(m)) for m in self.made)
        return sorted((*made, *(Hop(*said) for said in self.said)), key=lambda hop: hop.micros)


def run(plan: Plan) -> Verdict:
    """The same plan gives the same verdict, to the microsecond."""
    world = World(plan, _at_each)
    violated = _play(world)
    return Verdict(
        plan=plan,
        violated=violated,
        made=world.network.made,
        said=world.said,
        copies=world.disorder.copies,
        calm_since=world.calm_since,
    )


def silence() -> None:
    """The functions' own log lines are of no use here, and cost more than the functions."""
    logging.getLogger(logger().name).disabled = True


def _play(world: World) -> Violated | None:
    try:
        world.play()
        for invariant in IN_THE_END:
            _hold(invariant.__name__, partial(invariant, world))
    except Violated as violated:
        return violated
    except StillBusy as error:
        return Violated("everything_comes_to_rest", Finding(str(error), "an end"))
    except Exception as error:  # noqa: BLE001 - nobody there has an error for the simulation itself
        return Violated("the_simulation_itself_works", Finding(repr(error), "no error"))
    return None


def _at_each(world: World, effect: Effect) -> None:
    for invariant in AT_EACH.get(effect.call.name, ()):
        _hold(invariant.__name__, partial(invariant, world, effect))


def _hold(name: str, invariant: Callable[[], Iterator[Finding]]) -> None:
    """Raises Violated for the first finding. Nobody may take an error of the invariant's own for one of the world's."""
    try:
        finding = next(invariant(), None)
    except Exception as error:
        raise Violated(name, Finding(repr(error), "no error in the invariant itself")) from error
    if finding is not None:
        raise Violated(name, finding)


def _told(made: Made) -> str:
    return f"{made.call.name} #{made.call.nth}" + (f"  <-- {made.fault}" if made.fault else "")
