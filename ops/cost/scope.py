"""The question: which templates, which mix, how much of it, for how long already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from contracts.company import BATCHED, SERVICES
from functions.ingestion.manifest import CONSUMER as INTAKE
from ops.cost.figures import Assumptions, Measured, Mix, Side, measured
from ops.cost.flows import FOLLOWS, Flows, Work, flows_of
from ops.cost.invocations import Run, Share, Timing
from ops.cost.topology import Function, Table, Topology

#: Whatever belongs to no service: the bus.
SHARED: Final = "bus"

_SERVICE_OF: Final[Mapping[str, str]] = {
    function.name: service.name for service in SERVICES for function in service.functions
}
#: Until the records in an entry settle.
_PASSES: Final = 4
_SECONDS_PER_HOUR: Final = 3600


@dataclass(frozen=True, kw_only=True)
class Scope:
    """`rate` is requests a second. `months` is how long the system has run at the end of the month that is billed.

    If it is not `batched`, every event has an entry and a message of its own.
    """

    topology: Topology
    mix: Mix
    rate: float
    assumptions: Assumptions
    months: float = 1.0
    side: Side = "ours"
    batched: bool = True

    @cached_property
    def flows(self) -> Flows:
        return self._flows(self.entry)

    @cached_property
    def entry(self) -> float:
        """Records of a batched type that share an entry: what one invocation of ingestion publishes together.

        In a topology that has one queue for all, how much that is depends on it in turn.
        """
        entry = 1.0
        for _ in range(_PASSES if self.batched and self.side == "ours" else 0):
            runs = self.timing.runs(self._flows(entry))
            shares = (s for run in runs for work, s in run.shares.items() if work.function == INTAKE.name)
            entry = max([1.0, *(share.point.records / share.point.units["bus_events"] for share in shares)])
        return entry

    def _flows(self, entry: float) -> Flows:
        batched = self.batched and self.side == "ours"
        return flows_of(self.mix, self.topology, rate=self.rate, side=self.side, batched=batched, entry=entry)

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

    def entries(self, work: Work, made: Share) -> float:
        """What an invocation puts on the bus. Ingestion is measured with usage alone; all else has its own entry."""
        measured_entries, records = made.point.units.get("bus_events", 0.0), made.point.records
        if work.function != INTAKE.name or self.side == "plain":
            return measured_entries
        if not self.batched:
            return records
        handled = {type_: count for (part, type_), count in self.flows.handled.items() if part == INTAKE.name}
        alone = sum(count for type_, count in handled.items() if not self._is_batched(type_)) / sum(handled.values())
        return min(1.0, (1 - alone) * records) * measured_entries + alone * records

    @staticmethod
    def _is_batched(handled: str) -> bool:
        followed = FOLLOWS.get((INTAKE.name, handled))
        return followed is not None and followed.type in BATCHED

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
