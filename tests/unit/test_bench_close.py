"""How long a month's close takes, as the bench reckons it."""

from __future__ import annotations

from datetime import UTC, datetime

from bench.closing import Close, as_lines, measure_close

NOW = datetime(2026, 5, 20, tzinfo=UTC)


def measured(**changes) -> Close:
    usual = {"rate": 50_000, "customers": 50_000, "concurrency": 10, "dynamodb_ms": 60.0, "rounds": 1}
    return measure_close(now=NOW, **{**usual, **changes})


def test_every_customer_has_a_page_of_its_own_at_least():
    assert measured(rate=1, customers=1_000).pages == 1_000
    assert measured().pages == 400_000


def test_the_table_s_reads_bound_what_concurrency_brings():
    narrow, wide = measured(concurrency=2), measured(concurrency=500)

    assert narrow.reads_per_second < wide.reads_per_second == 40_000
    assert wide.minutes * wide.reads_per_second * 60 >= 0.9 * wide.pages * 256


def test_the_lines_say_how_long_it_was_and_how_long_it_is():
    lines = as_lines((measured(),)).splitlines()

    assert lines[0].startswith("2,190 M records of 186 bytes, 50,000 customers, 400,000 pages")
    assert "days" in lines[2]
    assert "minutes" in lines[3]
