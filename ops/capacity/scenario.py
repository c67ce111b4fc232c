"""What the system is put through: a load over time, and what breaks meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Dependency = Literal["DynamoDB", "SES"]

#: Botocore's operations by what they are of.
OPERATIONS: Final[Mapping[Dependency, tuple[str, ...]]] = {
    "DynamoDB": ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems", "Query"),
    "SES": ("SendEmail",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surge:
    """`times` the load, from a second to another."""

    times: float
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Every call to a dependency hangs, from a second to another."""

    dependency: Dependency
    start: float
    end: float

    def hits(self, operations: Mapping[str, float], now: float) -> bool:
        return self.start <= now < self.end and any(operations.get(name) for name in OPERATIONS[self.dependency])


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Load comes in for so many `seconds`; then all that is under way may come to its end.

    `cold`: nothing is warm, and no process knows a customer.
    """

    name: str
    seconds: float
    times: float = 1.0
    surge: Surge | None = None
    outage: Outage | None = None
    cold: bool = False

    def load(self, now: float) -> float:
        """In multiples of the steady rate."""
        surging = self.surge is not None and self.surge.start <= now < self.surge.end
        return self.surge.times if self.surge is not None and surging else self.times


_TEN_MINUTES: Final = 600

SCENARIOS: Final[Mapping[str, Scenario]] = {
    scenario.name: scenario
    for scenario in (
        Scenario(name="steady", seconds=300),
        Scenario(name="ten-times", seconds=60, times=10),
        Scenario(name="spike", seconds=120, surge=Surge(times=20, start=20, end=80)),
        Scenario(
            name="dynamodb-down",
            seconds=690,
            outage=Outage(dependency="DynamoDB", start=30, end=30 + _TEN_MINUTES),
        ),
        Scenario(name="ses-down", seconds=690, outage=Outage(dependency="SES", start=30, end=30 + _TEN_MINUTES)),
        Scenario(name="cold-morning", seconds=60, cold=True),
    )
}
