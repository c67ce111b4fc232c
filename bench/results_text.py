"""The results table for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from bench.compared import Compared
from bench.results_table import Row, rows

_NAME: Final = 46
_TOLD: Final = 13
_FOUND: Final = 24
_WIDTH: Final = 120


def as_text(compared: Compared) -> str:
    found = rows(compared)
    head = _line("", "told: before", "told: after", list(compared.topologies), "how")
    return "\n".join([head, *(_row(number, row) for number, row in enumerate(found, 1)), "", *_notes(found)])


def _row(number: int, row: Row) -> str:
    return _line(f"{row.name} [{number}]", row.before, row.after, row.found, row.how)


def _line(name: str, before: str, after: str, found: Sequence[str], how: str) -> str:
    cells = "".join(f"{cell:>{_FOUND}}" for cell in found)
    return f"{name:{_NAME}}{before:>{_TOLD}}{after:>{_TOLD}}{cells}  {how}".rstrip()


def _notes(found: Sequence[Row]) -> Iterator[str]:
    for number, row in enumerate(found, 1):
        label = f"[{number}] "
        yield textwrap.fill(row.note, _WIDTH, initial_indent=label, subsequent_indent=" " * len(label))
