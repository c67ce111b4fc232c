"""Plots of results, as SVG, from the JSON that a benchmark has printed: nothing in them is typed by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from statistics import median
from typing import Any, Final

from ops.cost.answer import FIRST_SERVICES, MONOLITH

_WIDTH, _LABELS, _ROW, _HEAD, _FOOT = 760, 300, 24, 48, 30
_BARS: Final = _WIDTH - _LABELS - 90
#: Ours, and others.
_OURS, _OTHERS = "#1f6f8b", "#b9b4a7"
_INK: Final = "#6b6b66"  # legible on white and on black


@dataclass(frozen=True, slots=True)
class Bar:
    """`value` decides the length, `told` stands behind it."""

    label: str
    value: float
    told: str
    ours: bool


class Unplottable(Exception):
    """The document is no result that there is a plot of."""


def svg_of(document: Mapping[str, Any]) -> str:
    """The plot of one result. Raises Unplottable."""
    scenario = str(document.get("scenario"))
    if scenario not in _PLOTS:
        raise Unplottable(f"there is no plot of {scenario!r}, only of {', '.join(_PLOTS)}")
    title, bars = _PLOTS[scenario]
    machine = document["machine"]
    note = f"{machine['date']}, {machine['cpu']}, Python {machine['python']}"
    return "\n".join(_svg(title, list(bars(document["results"])), note)) + "\n"


def _cpu(results: Sequence[Mapping[str, Any]]) -> Iterator[Bar]:
    for result in results:
        name = f"{result['function']}: {result['work']}"
        yield Bar(name, result["ours_us"], f"{result['ours_us']:.0f} ({result['ratio']:.2f} x)", ours=True)
        yield Bar("", result["plain_us"], f"{result['plain_us']:.0f}", ours=False)


def _memory(results: Sequence[Mapping[str, Any]]) -> Iterator[Bar]:
    for result in results:
        value = result["records_per_second"]
        yield Bar(result["peer"], value, f"{value:,.0f}", ours=result["peer"].startswith("memory cloud"))


def _growth(results: Sequence[Mapping[str, Any]]) -> Iterator[Bar]:
    for point in results:
        told = f"{point['records_per_second']:,.0f}, {point['bytes_per_record']:,.0f} B each"
        yield Bar(f"{point['records']:,} records", point["records_per_second"], told, ours=True)


def _embedded(results: Sequence[Mapping[str, Any]]) -> Iterator[Bar]:
    for side in results:
        rate, p95 = median(side["events_per_second"]), median(side["p95_ms"])
        yield Bar(side["side"], rate, f"{rate:,.0f}, p95 {p95:,.0f} ms", ours=side["side"] == "ours")


def _results(results: Mapping[str, Any]) -> Iterator[Bar]:
    for told, dollars in (("told: the monolith", MONOLITH), ("told: its first services", FIRST_SERVICES)):
        yield Bar(told, dollars, f"${dollars:,.0f}", ours=False)
    for name, topology in results["topologies"].items():
        dollars = topology["modelled"]["dollars"]
        yield Bar(f"modelled: {name}", dollars, f"${dollars:,.0f}", ours=True)


_Bars = Callable[[Any], Iterator[Bar]]

#: Scenario -> title, and how its results become bars.
_PLOTS: Final[Mapping[str, tuple[str, _Bars]]] = {
    "results": ("Dollars a month at 50,000 requests a minute", _results),
    "cpu": ("Microseconds of processor for one record: ours, and a plain Powertools consumer", _cpu),
    "memory": ("Records a second on one processor, in memory", _memory),
    "embedded": ("Events a second, from the bus to the table, on the emulator", _embedded),
    "growth": ("Records a second, and memory for each, as they add up", _growth),
}
#: The scenarios that there is a plot of.
PLOTTED: Final = tuple(_PLOTS)


def _svg(title: str, bars: Sequence[Bar], note: str) -> Iterator[str]:
    height, longest = _HEAD + _ROW * len(bars) + _FOOT, max(bar.value for bar in bars)
    yield f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" font-family="sans-serif">'
    yield f"<title>{escape(title)}</title>"
    yield _text(8, 24, title, size=15)
    for row, bar in enumerate(bars):
        yield from _bar(bar, _HEAD + _ROW * row, round(_BARS * bar.value / longest, 1))
    yield _text(8, height - 10, note, size=11)
    yield "</svg>"


def _bar(bar: Bar, top: int, length: float) -> Iterator[str]:
    colour = _OURS if bar.ours else _OTHERS
    yield _text(_LABELS - 8, top + 15, bar.label, size=12, anchor="end")
    yield f'<rect x="{_LABELS}" y="{top + 2}" width="{length}" height="{_ROW - 6}" fill="{colour}"/>'
    yield _text(_LABELS + length + 6, top + 15, bar.told, size=12)


def _text(x: float, y: float, text: str, *, size: int, anchor: str = "start") -> str:
    place = f'x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}"'
    return f'<text {place} fill="{_INK}">{escape(text)}</text>'
