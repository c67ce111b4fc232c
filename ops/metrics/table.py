"""A report for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ops.metrics.report import Row
from runtime.metrics import (
    AGE_AT_PICK_UP,
    CRITICAL_TIME,
    DEAD_LETTER,
    DEFERRED,
    DUPLICATE,
    HANDLED,
    HANDLER_TIME,
    OUTBOX_LAG,
    RETRY,
    SUPPRESSED,
)

_COUNTS: Final = {
    HANDLED: "handled",
    DUPLICATE: "duplicate",
    SUPPRESSED: "suppressed",
    RETRY: "retry",
    DEFERRED: "deferred",
    DEAD_LETTER: "dead",
}
_TIMES: Final = {AGE_AT_PICK_UP: "age", HANDLER_TIME: "handler", CRITICAL_TIME: "critical", OUTBOX_LAG: "lag"}
_NOTHING: Final = "·"


def table(rows: Sequence[Row], since: str) -> str:
    """One line for each row, times as p95 in milliseconds; below, each promise that is not kept."""
    head = ["", *_COUNTS.values(), *(f"{name} p95" for name in _TIMES.values()), "promised"]
    lines = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    drawn = [_aligned(line, widths) for line in lines]
    return "\n".join([f"The last {since}; times in ms", "", *drawn, "", *_verdict(rows)])


def _cells(row: Row) -> list[str]:
    subject, slo = row.subject, row.subject.slo
    name = subject.function if subject.event_type is None else f"  {subject.event_type}"
    counts = [str(row.counts[metric]) if row.counts[metric] else _NOTHING for metric in _COUNTS]
    times = [f"{row.times[metric]['p95']:.0f}" if metric in row.times else _NOTHING for metric in _TIMES]
    promised = _NOTHING if slo is None or slo.critical_p95_ms is None else str(slo.critical_p95_ms)
    return [name, *counts, *times, promised]


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, *figures = cells
    first, *others = widths
    return "  ".join([name.ljust(first), *(c.rjust(w) for c, w in zip(figures, others, strict=True))]).rstrip()


def _verdict(rows: Sequence[Row]) -> Iterator[str]:
    broken = [f"{row.subject.function}: {words}" for row in rows for words in row.broken]
    if broken:
        yield from broken
    elif any(sum(row.counts.values()) for row in rows):
        yield "All promises are kept."
    else:
        yield "Nothing was measured: no event came in this time, or the functions are not deployed."
