"""What an invariant says when it does not hold."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """What was seen, and what was expected instead."""

    seen: str
    expected: str


class Violated(BaseException):
    """An invariant does not hold. Not an Exception: the code under test must not catch it."""

    def __init__(self, invariant: str, finding: Finding) -> None:
        self.invariant = invariant
        self.finding = finding
        super().__init__(f"{invariant}: seen {finding.seen}; expected {finding.expected}")
