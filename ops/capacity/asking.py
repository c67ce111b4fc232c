"""The one entry for who wants the figures and not their table: what a stage carries, in a topology."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from ops.capacity.result import Result, played
from ops.capacity.scenario import SCENARIOS
from ops.cost.asking import Question, Say, nothing, scope_of
from ops.cost.scope import Scope


class UnknownScenario(ValueError):
    """The message lists those that there are."""


def capacity(question: Question, scenario: str, *, seed: int = 1, say: Say = nothing) -> Result:
    """What came of one scenario; the same seed plays the same. Seconds to a minute of a processor's time.

    Raises what is ops.cost.asking.UNANSWERABLE.
    """
    return capacities(question, (scenario,), seed=seed, say=say)[0]


def capacities(question: Question, scenarios: Sequence[str], *, seed: int = 1, say: Say = nothing) -> list[Result]:
    """Side by side, each in a process of its own. Raises what is ops.cost.asking.UNANSWERABLE."""
    check_known(scenarios)
    return play_all(scope_of(question, say), scenarios, seed)


def check_known(scenarios: Sequence[str]) -> None:
    """Raises UnknownScenario."""
    for name in scenarios:
        if name not in SCENARIOS:
            raise UnknownScenario(f"there is no scenario {name!r}; known: {', '.join(SCENARIOS)}")


def play_all(scope: Scope, names: Sequence[str], seed: int) -> list[Result]:
    if len(names) == 1:
        return [played(scope, SCENARIOS[names[0]], seed)]
    with ProcessPoolExecutor() as pool:
        return list(pool.map(played, [scope] * len(names), [SCENARIOS[n] for n in names], [seed] * len(names)))
