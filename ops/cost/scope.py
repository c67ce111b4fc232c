"""The question: which templates, which mix, how much of it, for how long already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from contracts.company import SERVICES
from functions.billing.manifest import USAGE
from functions.ingestion.manifest import CONSUMER as INTAKE
from ops.cost.figures import Assumptions, Measured, Mix, Side, measured
from ops.cost.flows import PACKED, Flows, Work, flows_of, records_per_event
from ops.cost.invocations import Run, Share, Timing
from ops.cost.topology import Function, Table, Topology

#: Whatever belongs to no service: the bus.
SHARED: Final = "bus"

_SERVICE_OF: Final[Mapping[str, str]] = {
    function.name: service.name for service in SERVICES for function in service.functions
}
#: What usage goes through, on the bus and behind it.
USAGE_PATH: Final = (INTAKE.name, USAGE.name)
_SECONDS_PER_HOUR: Final = 3600


@dataclass(frozen=True, kw_only=True)
class Scope:
    """`rate` is requests a second. `months` is how long the system has run at the end of the month that is billed.

    What nobody has built yet can be asked about: `batch_lines` has usage logged by one line a batch, and `packed`
    has so many usage records travel in one event.
    """

    topology: Topology
    mix: Mix
    rate: float
    assumptions: Assumptions
    months: float = 1.0
    side: Side = "ours"
    batch_lines: bool = False
    packed: int = 1

    @cached_property
    def flows(self) -> Flows:
        return flows_of(self.mix, self.topology, rate=self.rate, side=self.side, packed=self.packed)

    @property
    def timing(self) -> Timing:
        return Timing(
            topology=self.topology, assumptions=self.assumptions, customers=self.mix.customers, side=self.side
        )

    @cached_property
    def runs(self) -> Sequence[Run]:
        return self.timing.runs(self.flows)

    @cached_property
    def shares(self) -> Mapping[Work, Share]:
        """What each work has of its function's invocations."""
        return {work: share for run in self.runs for work, share in run.shares.items()}

    @property
    def seconds(self) -> float:
        """Of a month."""
        return self.assumptions["hours_per_month"] * _SECONDS_PER_HOUR

    def function(self, work: Work) -> Function:
        return self.topology.function_of(work.function)

    def measured(self, work: Work) -> Measured:
        return measured()[work.function, work.work, self.side]

    def records_per_event(self, work: Work) -> float:
        """In what the work publishes."""
        return records_per_event(PACKED, self.packed) if work.function == INTAKE.name else 1.0

    def owner(self, run: Run) -> str:
        """On whose row of the bill an invocation is: the service's whose work it is, or the group's."""
        group = next((group for group in self.topology.groups if group.name == run.function), None)
        return group.name if group else service_of(run.function)

    def table(self, service: str) -> Table:
        """The service's own, of which most of its writes are."""
        tables = [table for table in self.topology.tables if table.stack.lower() == service]
        return next((table for table in tables if not table.expires), tables[0])

    def kept(self, months: float | None) -> float:
        """Of what is kept for so long (None: for ever), how many months' worth lie there, on average of this month."""
        return min(months if months is not None else float("inf"), self.months - 0.5)


def service_of(function: str) -> str:
    return _SERVICE_OF[function]
