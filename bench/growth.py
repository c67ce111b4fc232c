"""`growth`: whether a million records take a thousand times what a thousand take, in time and in memory.

Nine reports of usage for each payment. What the company keeps is meant to grow: an entry in the ledger for each report,
and for each payment an invoice, its outbox, two idempotency records and an e-mail.
"""

from __future__ import annotations

import gc
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench.flows import PAYMENT_RECORDS, USAGE_RECORDS, CompanyAtWork
from local.simulate.run import silence

#: Flows of one step. Few enough for the first figure to be one of thousands of records.
_PAYMENTS: Final = 100
_USAGE: Final = 900
STEP_RECORDS: Final = _PAYMENTS * PAYMENT_RECORDS + _USAGE * USAGE_RECORDS
#: Younger objects than these are looked through for garbage, as local.simulate does it: nearly none is.
_THRESHOLDS: Final = (100_000, 20, 20)
#: ru_maxrss is in KiB, on macOS in bytes.
_RSS_UNIT: Final = 1 if sys.platform == "darwin" else 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthPoint:
    """After so many records. `records_per_second` since the point before; `bytes_per_record` of all until here."""

    records: int
    records_per_second: float
    bytes_per_record: float
    rss_mib: float


def measure_growth(points: Sequence[int], *, tell: Callable[[int], None]) -> Sequence[GrowthPoint]:
    """A point at each of these numbers of records, in their order. In a process of its own: it counts all memory.

    `tell` hears of the records so far. Raises Unfinished.
    """
    silence()
    company = CompanyAtWork()
    _step(company)
    gc.collect()
    gc.set_threshold(*_THRESHOLDS)
    return list(_points(company, points, tell))


def _points(company: CompanyAtWork, points: Sequence[int], tell: Callable[[int], None]) -> Iterator[GrowthPoint]:
    at_first, records = _rss(), 0
    for point in points:
        before, started = records, time.process_time()
        while records < point:
            _step(company)
            records += STEP_RECORDS
            tell(records)
        yield GrowthPoint(
            records=records,
            records_per_second=(records - before) / (time.process_time() - started),
            bytes_per_record=(_rss() - at_first) / records,
            rss_mib=_rss() / 2**20,
        )


def _step(company: CompanyAtWork) -> None:
    company.pay(company.owe(_PAYMENTS))
    company.use(_USAGE)


def _rss() -> int:
    """The most that this process has had in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT
