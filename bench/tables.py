"""Speeds for people: one table for each scenario. Each says what its figures are of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.cpu import CpuResult
from bench.growth import GrowthPoint
from bench.memory import MemoryResult
from bench.starts import DEPLOYED, PLAIN, Start

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


_STARTS_LEGEND = """
Milliseconds of processor from the start of a process until its handler is ready, its clients made, and until the first
record is handled; wall is the clock's, until it is ready. Ratios are medians of the rounds' own. The plain consumer
(bench/plain_consumer.py) has bytecode as in a virtual environment, and none as `sam build` deploys it. AWS answers on
a loopback port, without TLS for anybody."""


def starts_table(results: Sequence[Start]) -> str:
    heads = f"{'function':24}{'modules':>8}{'ready':>8}{'first':>8}{'wall':>8}"
    head = heads + f"{'ready x plain':>15}{'first x plain':>15}{'ready x deployed':>18}{'first x deployed':>18}"
    return _table(head, map(_start, results), _STARTS_LEGEND)


def _start(s: Start) -> str:
    figures = f"{s.function:24}{s.modules:>8}{s.ready_ms:>8.1f}{s.first_ms:>8.1f}{s.wall_ms:>8.1f}"
    beside_plain = f"{s.ready_ratios[PLAIN]:>15.2f}{s.first_ratios[PLAIN]:>15.2f}"
    return figures + beside_plain + f"{s.ready_ratios[DEPLOYED]:>18.2f}{s.first_ratios[DEPLOYED]:>18.2f}"


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
