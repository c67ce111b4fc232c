"""Speeds for people: one table for each scenario. Each says what its figures are of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.cpu import CpuResult
from bench.growth import GrowthPoint
from bench.memory import MemoryResult

_CPU_LEGEND = """
Microseconds of processor for one record, ours and plain (bench/plain.py) in turns; AWS answers at once, from this
process (bench/canned.py). The ratio is the median of the rounds' own ratios."""

_MEMORY_LEGEND = """
Flows and records that a second of one processor does, in turns, log lines off. A record is one message or stream
record that one function has handled. Speed is in flows, beside the first line's, in the same rounds. All flows of
payments end in the same e-mail; only the memory cloud's have idempotency, an outbox, batches, retries and a clock."""

_GROWTH_LEGEND = """
Nine reports of usage for each payment, in one company that keeps everything. Speed is since the line before, memory
is of all until here: what it keeps (ledger, invoices, idempotency records, e-mails) and nothing else may grow."""


def cpu_table(results: Sequence[CpuResult]) -> str:
    head = f"{'function':24}{'work':32}{'batch':>6}{'ours µs':>10}{'plain µs':>10}{'ratio':>8}"
    lines = (
        f"{r.function:24}{r.work:32}{r.batch:>6}{r.ours_us:>10.1f}{r.plain_us:>10.1f}{r.ratio:>8.2f}" for r in results
    )
    return _table(head, lines, _CPU_LEGEND)


def memory_table(results: Sequence[MemoryResult]) -> str:
    head = f"{'peer':38}{'records/flow':>14}{'flows/s':>12}{'records/s':>12}{'speed':>8}"
    lines = (
        f"{r.peer:38}{r.records_per_flow:>14}{r.flows_per_second:>12,.0f}{r.records_per_second:>12,.0f}{r.speed:>8.2f}"
        for r in results
    )
    return _table(head, lines, _MEMORY_LEGEND)


def growth_table(points: Sequence[GrowthPoint]) -> str:
    head = f"{'records':>12}{'records/s':>12}{'bytes/record':>14}{'memory MiB':>12}"
    lines = (
        f"{p.records:>12,}{p.records_per_second:>12,.0f}{p.bytes_per_record:>14,.0f}{p.rss_mib:>12,.0f}" for p in points
    )
    return _table(head, lines, _GROWTH_LEGEND)


def _table(head: str, lines: Iterable[str], legend: str) -> str:
    return "\n".join([head, *lines, legend])
