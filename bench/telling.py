"""How a benchmark says what it found, and how far it is."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bench.committed import KEEPING, keep
from bench.report import as_document
from ops.derived import name
from runtime.clock import SystemClock

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def tell(
    scenario: str,
    results: Sequence[DataclassInstance],
    table: Callable[[Any], str],
    *,
    now: datetime,
    as_json: bool,
) -> None:
    document = as_document(results, scenario=scenario, date=f"{now:%Y-%m-%d}")
    show(document, table(results), as_json=as_json)


def show(document: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    if KEEPING.get():
        print(f"wrote {name(keep(document))}", file=sys.stderr)
    print(json.dumps(document, indent=2, ensure_ascii=False) if as_json else text)


def progress(goal: int) -> Callable[[int], None]:
    """On stderr, each tenth of the way."""
    told = [0]

    def reached(records: int) -> None:
        tenths = 10 * records // goal
        if tenths > told[0]:
            told[0] = tenths
            print(f"{records:,} of {goal:,} records", file=sys.stderr, flush=True)

    return reached


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def this_second() -> datetime:
    return SystemClock().now().replace(microsecond=0)
