"""How long the close of a month takes: a page of the ledger is measured, the month is made of pages.

Measured is the processor's time for one page, which botocore parses as it always does; assumed is how long DynamoDB
takes for it. An account's close is its pages one after the other; accounts are closed side by side.
"""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from math import ceil
from typing import Any, Final

import boto3
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

from bench.units import item_size
from events.envelope import derived_id
from functions.billing.adapters.dynamodb import DynamoDbLedger, Table
from functions.billing.adapters.items import usage_item
from functions.billing.manifest import ACCOUNTS
from functions.billing.ports import UsageRecord
from runtime.clock import SystemClock

#: As deployed.
CONCURRENCY: Final = ACCOUNTS.max_concurrency
MONTH_MINUTES: Final = 730 * 60
#: What DynamoDB reads for one page.
PAGE_BYTES: Final = 1024**2
_UNIT_BYTES: Final = 4_096
#: Reads a second that an on-demand table gives by default. Source: DynamoDB quotas.
TABLE_READS: Final = 40_000
#: Before: one run a day, and it stopped with so many seconds left.
_FORMER_RUN: Final = 300 - 30
#: Of one account beside its pages: it is read in two places, written with its invoice, and costs an invocation.
CALL_MS: Final = {"GetItem": 4, "TransactWriteItems": 15, "invoke": 8}


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """`serial_runs` are days: it was one run a day. Reads are DynamoDB's units a second, while it lasts."""

    records: int
    customers: int
    entry_bytes: int
    pages: int
    page_cpu_ms: float
    page_ms: float
    account_ms: float
    concurrency: int
    minutes: float
    reads_per_second: float
    serial_hours: float
    serial_runs: int


class _Raw(BytesIO):
    """A body as urllib3 hands it over."""

    def stream(self, *_: Any, **__: Any) -> Any:
        while chunk := self.read():
            yield chunk


def _answering(body: bytes) -> Any:
    """For every request, the same page."""

    def answer(*, request: Any, **_: Any) -> AWSResponse:
        headers = HTTPHeaders()
        headers["content-type"] = "application/x-amz-json-1.0"
        headers["content-length"] = str(len(body))
        return AWSResponse(request.url, 200, headers, _Raw(body))

    return answer


def measure_close(
    *, now: datetime, rate: int, customers: int, concurrency: int, dynamodb_ms: float, rounds: int
) -> Close:
    """Of a month at `rate` records a minute. `dynamodb_ms` is until a page of 1 MB has come."""
    entry = usage_item(_usage(now))
    size, records = item_size(entry), rate * MONTH_MINUTES
    cpu = _page_cpu_ms(PAGE_BYTES // size, entry, rounds)
    each = records / customers
    pages, page = customers * ceil(each * size / PAGE_BYTES), dynamodb_ms + cpu
    account = pages / customers * page + 2 * CALL_MS["GetItem"] + CALL_MS["TransactWriteItems"] + CALL_MS["invoke"]
    seconds = customers * account / 1000
    most = concurrency * PAGE_BYTES / _UNIT_BYTES / page * 1000
    reads = min(most, TABLE_READS)
    return Close(
        records=records,
        customers=customers,
        entry_bytes=size,
        pages=pages,
        page_cpu_ms=round(cpu, 1),
        page_ms=round(page, 1),
        account_ms=round(account, 1),
        concurrency=concurrency,
        minutes=round(seconds / concurrency / 60 * most / reads, 1),
        reads_per_second=round(reads),
        serial_hours=round(seconds / 3600, 1),
        serial_runs=ceil(seconds / _FORMER_RUN),
    )


def _usage(now: datetime) -> UsageRecord:
    return UsageRecord(
        customer_id="cus_abc123",
        period=f"{now:%Y-%m}",
        source="ingestion-service",
        id=derived_id("usage"),
        meter="api_calls",
        quantity=12,
        used_at=now,
    )


def _page_cpu_ms(entries: int, entry: Any, rounds: int) -> float:
    """Of the processor, in the median."""
    shown = [{name: entry[name] for name in ("meter", "quantity")}] * entries
    client = boto3.client(  # noqa: TID251 - a client that asks nobody
        "dynamodb", region_name="us-east-1", config=Config(signature_version=UNSIGNED)
    )
    client.meta.events.register_first("before-send", _answering(json.dumps({"Items": shown}).encode()))
    ledger, times = DynamoDbLedger(Table(client, "billing"), SystemClock()), list[float]()
    for _ in range(rounds + 1):
        begun = time.process_time()
        total = ledger.totals("cus_abc123", "2026-05")
        times.append(1000 * (time.process_time() - begun))
        if total["api_calls"] != 12 * entries:
            raise AssertionError(f"{total} of {entries} entries")
    return statistics.median(times[1:])


def as_lines(found: tuple[Close, ...]) -> str:
    (c,) = found
    page = f"{c.page_ms:,.0f} ms, of which {c.page_cpu_ms:,.0f} ms of processor; an account {c.account_ms:,.0f} ms"
    reads = f"at {c.reads_per_second:,} of the {TABLE_READS:,} read units a second that a table gives"
    return f"""\
{c.records / 1e6:,.0f} M records of {c.entry_bytes} bytes, {c.customers:,} customers, {c.pages:,} pages of 1 MB
a page        {page}
one by one    {c.serial_hours:,.1f} hours; in one run of {_FORMER_RUN} seconds a day, {c.serial_runs:,} days
{c.concurrency} at once    {c.minutes:,.0f} minutes, {reads}"""
