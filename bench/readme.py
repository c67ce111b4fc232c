"""What documents show of committed results: a section of README, `docs/results.md`, and the plots.

All of it is derived. Nothing in it is typed by hand, and a test holds it against `bench/results/`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from bench.compared import Compared, from_document
from bench.plots import PLOTTED, svg_of
from bench.results_table import Row, rows
from bench.speeds import Speed, speeds
from ops.derived import ROOT

BEGIN: Final = "<!-- results: written by `python -m bench report --write` -->"
END: Final = "<!-- results end -->"
README: Final = ROOT / "README.md"
NOTES: Final = ROOT / "docs" / "results.md"
PLOTS: Final = ROOT / "docs" / "plots"
#: Those that README shows, too.
_SHOWN: Final = ("results", "memory")

_MORE: Final = (
    "`make results` fills that table, and `python -m ops assess` answers with your numbers whether to move at all. "
    "[`docs/results.md`](docs/results.md) has a note on each line."
)
_WRITTEN: Final = (
    "Written by `python -m bench report --write` from [`bench/results/`](../bench/results). "
    "`make bench WRITE=1` renews all of it."
)

Documents = Mapping[str, Mapping[str, Any]]


class NoPlace(Exception):
    """README has no markers to write between."""


def derived(documents: Documents) -> dict[Path, str]:
    """Path -> text of each file that is derived from results, README among them. Raises NoPlace."""
    plots = {PLOTS / f"{name}.svg": svg_of(documents[name]) for name in PLOTTED if name in documents}
    return {README: filled(README.read_text(encoding="utf-8"), section(documents)), NOTES: page(documents), **plots}


def filled(text: str, content: str) -> str:
    """The text with `content` between the markers. Raises NoPlace."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise NoPlace(f"README.md needs the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n{content}\n{END}{after}"


def section(documents: Documents) -> str:
    """README's."""
    compared = from_document(documents["results"])
    parts = [
        "## What it comes to",
        _lead(documents),
        _results(rows(compared), compared),
        _MORE,
        _speeds([speed for speed in speeds(documents) if speed.leads]),
        *(f"![{_alt(documents, name)}](docs/plots/{name}.svg)" for name in _SHOWN if name in documents),
    ]
    return "\n\n".join(part for part in parts if part)


def page(documents: Documents) -> str:
    """`docs/results.md`: the tables with a note on each line, and every plot."""
    compared = from_document(documents["results"])
    found = rows(compared)
    parts = [
        "# Results",
        _WRITTEN,
        _lead(documents),
        _results(found, compared),
        *_notes(found),
        "## Speed",
        _speeds(speeds(documents)),
        *(f"![{_alt(documents, name)}](plots/{name}.svg)" for name in PLOTTED if name in documents),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _lead(documents: Documents) -> str:
    """On what, and when."""
    machines = [document["machine"] for document in documents.values()]
    dates = sorted({machine["date"] for machine in machines})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    machine = documents["results"]["machine"]
    return (
        f"{when}, {machine['cpus']} cores of {machine['cpu']}, Python {machine['python']}. The first two columns are "
        "what a company tells of its migration from a monolith to services; the others are ours, in two topologies."
    )


def _results(found: Sequence[Row], compared: Compared) -> str:
    head = ["", "told: before", "told: after", *compared.topologies, "how"]
    return table(head, ([row.name, row.before, row.after, *row.found, row.how] for row in found))


def _notes(found: Sequence[Row]) -> Iterator[str]:
    """A note that several lines share is told once."""
    for note, sharing in groupby(found, key=lambda row: row.note):
        names = "; ".join(row.name for row in sharing)
        yield f"**{names[0].upper()}{names[1:]}.** {note}"


def _speeds(found: Sequence[Speed]) -> str:
    if not found:
        return ""
    return table(["speed", "ours", "beside", "ratio"], ([s.what, s.ours, s.peer, s.ratio] for s in found))


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Markdown."""
    return "\n".join(_line(cells) for cells in (head, ["---"] * len(head), *lines))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _alt(documents: Documents, name: str) -> str:
    """The plot's own title."""
    svg = svg_of(documents[name])
    return svg.partition("<title>")[2].partition("</title>")[0]
