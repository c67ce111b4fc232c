"""Results for people and for machines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from bench.calls import Cost, Result
from bench.machine import machine
from ops.cost.figures import Measured, Point

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

#: Heading -> a cost's figure for one event.
_COLUMNS: Final = {
    "round trips": "round_trips",
    "writes": "table_writes",
    "index writes": "index_writes",
    "reads": "reads",
    "SQS": "queue_requests",
    "bus": "bus_events",
    "e-mails": "e_mails",
}
_FIGURE: Final = 14

_LEGEND: Final = """
Each pair is ours / plain, for one event on average. plain is a Powertools consumer that does the same work
(bench/plain.py). Writes and reads are DynamoDB's request units, SQS its requests, bus EventBridge's events, all as
AWS bills them (bench/units.py). Lambda's polling is not counted. Billing's own events leave by billing-relay: its
row comes on top of those of billing and billing-api, whose peers publish for themselves."""


def as_document(results: Sequence[DataclassInstance], *, scenario: str, date: str) -> dict[str, Any]:
    """What tables and plots are made of, as JSON."""
    return {"scenario": scenario, "machine": machine(date), "results": [asdict(result) for result in results]}


def as_table(results: Sequence[Result]) -> str:
    head = [f"{'function':22}{'work':32}{'batch':>6}", *_COLUMNS, "fewer trips"]
    return "\n".join([_line(head), *(_line(_cells(result)) for result in results), _LEGEND, "", *_calls(results)])


def measurements(results: Sequence[Measured], *, date: str) -> dict[str, Any]:
    return {"scenario": "measure", "machine": machine(date), "results": [result.model_dump() for result in results]}


def measurements_table(results: Sequence[Measured]) -> str:
    head = f"{'function':22}{'work':32}{'side':6}{'records':>8}{'cpu ms':>9}{'waits':>7}{'log bytes':>11}"
    return "\n".join([head, *(_measured(result, point) for result in results for point in result.points)])


def _measured(result: Measured, point: Point) -> str:
    who = f"{result.function:22}{result.work:32}{result.side:6}"
    return f"{who}{point.records:>8}{point.cpu_ms:>9.2f}{sum(point.waits.values()):>7.1f}{point.log_bytes:>11.0f}"


def _line(cells: Iterable[str]) -> str:
    return "".join(f"{cell:>{_FIGURE}}" for cell in cells).rstrip()


def _cells(result: Result) -> list[str]:
    pairs = [(_figure(result.ours, name), _figure(result.plain, name)) for name in _COLUMNS.values()]
    ratio = result.plain.round_trips / result.ours.round_trips
    name = f"{result.function:22}{result.work:32}{result.batch:>6}"
    return [name, *(f"{ours:g} / {plain:g}" if ours or plain else "-" for ours, plain in pairs), f"{ratio:.1f} x"]


def _figure(cost: Cost, name: str) -> float:
    return round(cost.round_trips if name == "round_trips" else cost.units[name], 3)


def _calls(results: Sequence[Result]) -> list[str]:
    lines = ["Calls for one event:"]
    for result in results:
        lines.append(f"  {result.function}, {result.work}")
        lines.extend(f"    {side:6}{_listed(cost)}" for side, cost in (("ours", result.ours), ("plain", result.plain)))
    return lines


def _listed(cost: Cost) -> str:
    return ", ".join(f"{round(count, 3):g} {name}" for name, count in cost.calls.items())
