"""From a plan that fails to a small one that fails in the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from local.simulate.plan import Plan
from local.simulate.run import Verdict, run

#: Runs that a shrinking may take.
BUDGET: Final = 400
_PARTS: Final = ("steps", "faults", "outages", "late")


def shrunk(verdict: Verdict, *, play: Callable[[Plan], Verdict] = run, budget: int = BUDGET) -> Verdict:
    """The verdict on the smallest plan that was found within `budget` runs, and that violates the same invariant."""
    if verdict.violated is None:
        raise ValueError("there is nothing wrong with this plan")
    return _Shrinking(verdict, play, budget).smallest()


class _Shrinking:
    def __init__(self, verdict: Verdict, play: Callable[[Plan], Verdict], budget: int) -> None:
        self._best = verdict
        self._invariant = verdict.violated and verdict.violated.invariant
        self._play = play
        self._budget = budget

    def smallest(self) -> Verdict:
        """Again and again, as what one part no longer needs may have been what another needed."""
        while self._improves():
            pass
        return self._best

    def _improves(self) -> bool:
        before = self._best
        self._try(replace(before.plan, slowness=0.0))
        for part in _PARTS:
            self._drop(part)
        return self._best is not before

    def _drop(self, part: str) -> None:
        """Ever smaller pieces of one part, down to single ones."""
        size = len(self._of(part))
        while size:
            start = 0
            while start < len(self._of(part)):
                # What follows a piece that could be left out has moved to its place.
                if not self._try(_without(self._best.plan, part, start, size)):
                    start += size
            size //= 2

    def _of(self, part: str) -> Sequence[Any]:
        members: Sequence[Any] = getattr(self._best.plan, part)
        return members

    def _try(self, plan: Plan) -> bool:
        """Whether it fails in the same way, and is the best from now on."""
        if not self._budget or plan == self._best.plan:
            return False
        self._budget -= 1
        verdict = self._play(plan)
        if verdict.violated is None or verdict.violated.invariant != self._invariant:
            return False
        self._best = verdict
        return True


def _without(plan: Plan, part: str, start: int, size: int) -> Plan:
    members = getattr(plan, part)
    return replace(plan, **{part: members[:start] + members[start + size :]})
