"""The whole answer to what a stage costs: its bill, what it is to be held against, and what would change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from ops.cost.bill import Bill, Line
from ops.cost.figures import HERE, Prices, measured_on, mix_named
from ops.cost.scope import Scope
from ops.cost.topology import Topology
from ops.cost.whatif import Change, bill_of, changes, plain_topology

#: Dollars a month at 50,000 requests a minute. The first two are what the company tells of its migration.
MONOLITH: Final = 12_000
FIRST_SERVICES: Final = 15_000
TARGET: Final = 6_000
#: The rate that those are told for.
TOLD_RATE: Final = 50_000 / 60

_AGES: Final = (1, 12, 24)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Dollars are of one month, the last of the scope's. `apart` is the stage with no service in a group."""

    stage: str
    scope: Scope
    prices: Prices
    apart: Topology

    @cached_property
    def bill(self) -> Bill:
        return bill_of(self.scope, self.prices)

    @cached_property
    def plain(self) -> float:
        topology = plain_topology(self.apart)
        return bill_of(replace(self.scope, topology=topology, side="plain"), self.prices).dollars

    @cached_property
    def changes(self) -> Sequence[Change]:
        return changes(self.scope, self.prices, self.bill)

    @property
    def ages(self) -> Mapping[int, float]:
        """Month -> dollars: what is never forgotten is paid for again each month."""
        return {month: self._dollars(months=month) for month in _AGES}

    @property
    def mixes(self) -> Mapping[str, float]:
        """Mix -> dollars, for each that is committed."""
        names = sorted(path.stem for path in (HERE / "mixes").glob("*.json"))
        return {name: self._dollars(mix=mix_named(name)) for name in names}

    @property
    def beside(self) -> Mapping[str, float]:
        """What the bill is held against; what is told of one rate only, only at that rate."""
        told = {"the monolith": MONOLITH, "its first services": FIRST_SERVICES, "the target": TARGET}
        apart = {"with every service apart": self._dollars(topology=self.apart)} if self.scope.topology.groups else {}
        at_that_rate = abs(self.scope.rate - TOLD_RATE) < 1
        return {**apart, "a plain Powertools design": self.plain, **(told if at_that_rate else {})}

    @property
    def requests(self) -> float:
        """A month's."""
        return self.scope.rate * self.scope.seconds

    def _dollars(self, **other: Any) -> float:
        return bill_of(replace(self.scope, **other), self.prices).dollars

    def document(self) -> dict[str, Any]:
        return {
            "stage": self.stage,
            "topology": self.scope.topology.text,
            "region": self.prices.region,
            "prices": self.prices.date,
            "measured": measured_on(),
            "mix": self.scope.mix.model_dump(),
            "requests_per_second": self.scope.rate,
            "months": self.scope.months,
            "dollars": _cents(self.bill.dollars),
            "dollars_per_million_requests": _cents(self.bill.dollars / self.requests * 1e6),
            "dominating": self.bill.dominating.name,
            "lines": [_line(line) for line in self.bill.lines],
            "beside": {name: _cents(dollars) for name, dollars in self.beside.items()},
            "by_month": {str(month): _cents(dollars) for month, dollars in self.ages.items()},
            "by_mix": {name: _cents(dollars) for name, dollars in self.mixes.items()},
            "changes": [{"what": c.what, "where": c.where, "dollars": _cents(c.dollars)} for c in self.changes],
        }


def _line(line: Line) -> dict[str, Any]:
    use = line.use
    return {
        "service": use.service,
        "component": line.component,
        "resource": use.resource,
        "price": use.price,
        "quantity": round(use.quantity, 6),
        "unit": line.unit,
        "each": round(line.each, 10),
        "dollars": _cents(line.dollars),
        "why": use.why,
    }


def _cents(dollars: float) -> float:
    return round(dollars, 2)
