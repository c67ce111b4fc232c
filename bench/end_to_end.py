"""`embedded`: the same events through a plain consumer and through our stacks, in turns, on one emulator.

An event is on the way from its PutEvents call until its effect is in a table: bus, rule, queue, mapping, function, one
entry. Ours is billing's ledger of usage, the peer bench/plain_ledger.py. As fast as they are taken, and paced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any, Final

from bench.effects import Load, Run, Seen, Way, in_table
from bench.plain_stack import BUS as PLAIN_BUS
from bench.plain_stack import USAGE_TABLE
from events.binding import to_entry
from events.catalog import IngestionUsageRecorded, initial
from events.envelope import CloudEvent
from functions.billing.adapters.items import usage_pk, usage_sk
from functions.billing.periods import period_of
from functions.ingestion.manifest import SOURCE
from local.embedded.cloud import Cloud
from local.embedded.stack import Stack

#: So that no function starts while the clock runs.
WARM_UP: Final = Load(count=300)
_CUSTOMERS: Final = 20
_MS: Final = 1_000

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndToEnd:
    """One side; its rounds in the order in which they were taken."""

    side: str
    events_per_second: Sequence[float]
    p50_ms: Sequence[float]
    p95_ms: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """What to take in turns: how many are put as fast as possible, and how many at a rate."""

    burst: Load
    paced: Load
    count: int


@dataclass(frozen=True, kw_only=True)
class Peers:
    """The two ways on one cloud."""

    cloud: Cloud
    ours: Way
    plain: Way

    def compared(self, rounds: Rounds, say: Say) -> list[EndToEnd]:
        """Raises DeadlinePassed, NotTaken."""
        first, seen = 0, {way.name: list[tuple[Seen, Seen]]() for way in self._ways}
        for way in self._ways:
            say(f"{way.name}: {WARM_UP.count} events that do not count")
            self._run(way, WARM_UP, first)
            first += WARM_UP.count
        for n in range(rounds.count):
            for way in self._ways:
                burst = self._run(way, rounds.burst, first)
                paced = self._run(way, rounds.paced, first + rounds.burst.count)
                first += rounds.burst.count + rounds.paced.count
                seen[way.name].append((burst, paced))
                say(f"round {n + 1}, {way.name}: {_told(burst, paced)}")
        return [side_of(name, found) for name, found in seen.items()]

    @property
    def _ways(self) -> Iterator[Way]:
        yield self.plain
        yield self.ours

    def _run(self, way: Way, load: Load, first: int) -> Seen:
        return Run(cloud=self.cloud, way=way, load=load, first=first).perform()


def peers(stack: Stack, moment: datetime) -> Peers:
    table = stack.variable("billing", "billing-usage", "BILLING_TABLE")
    ours = Way(
        name="ours",
        entry=lambda n: _entry(n, moment, stack.bus_name),
        there=in_table(stack.cloud, table, lambda n: _ledger_key(n, moment)),
    )
    plain = Way(
        name="plain",
        entry=lambda n: _entry(n, moment, PLAIN_BUS),
        there=in_table(stack.cloud, USAGE_TABLE, lambda n: {"id": {"S": _id(n)}}),
    )
    return Peers(cloud=stack.cloud, ours=ours, plain=plain)


def _event(n: int, moment: datetime) -> CloudEvent:
    usage = IngestionUsageRecorded(customer_id=_customer(n), meter="api_calls", quantity=1 + n % 7, used_at=moment)
    return initial(usage, id=_id(n), source=SOURCE, time=moment)


def _entry(n: int, moment: datetime, bus: str) -> Mapping[str, Any]:
    return {**to_entry(_event(n, moment), bus)}


def _ledger_key(n: int, moment: datetime) -> Mapping[str, Any]:
    pk, sk = usage_pk(_customer(n), period_of(moment)), usage_sk(SOURCE, _id(n))
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _id(n: int) -> str:
    return f"end-to-end-{n}"


def _customer(n: int) -> str:
    return f"cus_{n % _CUSTOMERS}"


def side_of(name: str, found: Sequence[tuple[Seen, Seen]]) -> EndToEnd:
    return EndToEnd(
        side=name,
        events_per_second=[round(burst.rate, 1) for burst, _ in found],
        p50_ms=[round(_MS * paced.percentile(50), 1) for _, paced in found],
        p95_ms=[round(_MS * paced.percentile(95), 1) for _, paced in found],
    )


def _told(burst: Seen, paced: Seen) -> str:
    p50, p95 = (_MS * paced.percentile(percent) for percent in (50, 95))
    return f"{burst.rate:.0f} events/s, paced p50 {p50:.0f} ms, p95 {p95:.0f} ms"


def ratio(ours: Sequence[float], plain: Sequence[float]) -> float:
    """The median of the rounds' own ratios: what else the machine did in a round, it did to both."""
    return median(mine / other for mine, other in zip(ours, plain, strict=True))


def end_to_end_table(sides: Sequence[EndToEnd]) -> str:
    head = f"{'side':20}{'events/s':>12}{'p50 ms':>10}{'p95 ms':>10}"
    return "\n".join([head, *map(_line, sides[:2]), _ratios(sides), *map(_line, sides[2:]), _LEGEND])


def _line(side: EndToEnd) -> str:
    figures = f"{median(side.events_per_second):>12.0f}{median(side.p50_ms):>10.0f}{median(side.p95_ms):>10.0f}"
    return f"{side.side:20}{figures}"


def _ratios(sides: Sequence[EndToEnd]) -> str:
    plain, ours, *_ = sides
    rate = ratio(ours.events_per_second, plain.events_per_second)
    p50, p95 = ratio(ours.p50_ms, plain.p50_ms), ratio(ours.p95_ms, plain.p95_ms)
    return f"{'ours / plain':20}{rate:>10.2f} x{p50:>8.2f} x{p95:>8.2f} x"


_LEGEND: Final = """
From PutEvents to the entry in the table, on one emulator, in turns; medians of the rounds, and of their ratios.
events/s: as fast as the bus takes them, until the last entry is there. p50 and p95: at an even pace.
plain is a Powertools consumer with the idempotency of its documentation (bench/plain_ledger.py). Payments are on the
way through ingestion, billing, the outbox and notification until their receipts are sent, and have no peer."""
