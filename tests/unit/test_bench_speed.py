"""The benchmark's own machinery: turns, tables, plots, and peers that do the work that they are timed for."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import asdict
from typing import Any

import pytest

from bench.canned import CannedAws
from bench.cpu import CpuResult
from bench.end_to_end import EndToEnd, end_to_end_table
from bench.flows import PAYMENT_RECORDS, USAGE_RECORDS, CompanyAtWork
from bench.growth import STEP_RECORDS, GrowthPoint, measure_growth
from bench.memory import MemoryResult
from bench.on_faststream import FastStreamAtWork
from bench.plots import Unplottable, svg_of
from bench.rounds import Times, in_turns
from bench.tables import cpu_table, growth_table, memory_table
from local.memory.queue import MemoryQueue

CPU = CpuResult(function="billing", work="a payment", batch=10, ours_us=40.0, plain_us=80.0, ratio=0.5)
MEMORY = MemoryResult(
    peer="memory cloud, x", records_per_flow=4, flows_per_second=3e3, records_per_second=12e3, speed=1
)
ENDS = EndToEnd(side="ours", events_per_second=[400.0, 500.0, 600.0], p50_ms=[40.0] * 3, p95_ms=[90.0] * 3)
POINT = GrowthPoint(records=1_000, records_per_second=12_000.0, bytes_per_record=474.0, rss_mib=64.0)


def test_peers_take_turns_after_one_time_that_is_not_counted():
    turns: list[str] = []

    times = in_turns({"a": lambda: turns.append("a"), "b": lambda: turns.append("b")}, rounds=3)

    assert turns == ["a", "b"] * 4
    assert [len(seconds) for seconds in times.by_peer.values()] == [3, 3]


def test_a_ratio_is_the_median_of_the_rounds_own():
    times = Times({"a": [1.0, 10.0, 3.0], "b": [2.0, 20.0, 3.0]})

    assert times.ratio("a", "b") == 0.5
    assert times.median("a") == 3.0


def test_flows_are_records_that_functions_have_handled(monkeypatch):
    at_work = CompanyAtWork()
    deleted: list[str] = []
    delete = MemoryQueue.delete
    monkeypatch.setattr(MemoryQueue, "delete", lambda self, receipt: deleted.append(receipt) or delete(self, receipt))
    relayed = at_work.company.cloud.stream("billing-relay")

    at_work.pay(at_work.owe(3))

    # Each message is deleted once its function has handled it; the stream's records are the relay's. Usage that was put
    # on the bus one by one comes on in one entry.
    assert len(deleted) + relayed._sequence == 3 * PAYMENT_RECORDS
    deleted.clear()
    at_work.use(5)
    assert len(deleted) == 5 + 1
    assert USAGE_RECORDS == 2, "an event's: one in ingestion, one in billing"


def test_the_peer_in_memory_sends_the_same_mail():
    ours, theirs = CompanyAtWork(), FastStreamAtWork()

    ours.pay(ours.owe(2))
    theirs.pay(theirs.owe(2))

    assert [mail.subject for mail in ours.company.mail] == [mail.subject for mail in theirs._mail]
    assert [mail.html for mail in ours.company.mail] == [mail.html for mail in theirs._mail]


def test_growth_is_measured_at_each_point_that_is_asked_for(monkeypatch):
    # What a process of its own would end with.
    monkeypatch.setattr("bench.growth.silence", lambda: None)
    monkeypatch.setattr("bench.growth.gc.set_threshold", lambda *_: None)
    told: list[int] = []

    first, second = measure_growth([1, STEP_RECORDS + 1], tell=told.append)

    assert (first.records, second.records) == (STEP_RECORDS, 2 * STEP_RECORDS)
    assert told == [STEP_RECORDS, 2 * STEP_RECORDS]
    assert first.records_per_second > 0


def test_canned_answers_find_only_what_was_put_to_be_kept():
    aws, client = CannedAws("client"), type("Client", (), {})()
    aws.attach(client)
    item = {"customer_id": {"S": "cus_1"}}

    with aws.keeping():
        client._make_api_call("PutItem", {"TableName": "contacts", "Item": item})
    client._make_api_call("PutItem", {"TableName": "contacts", "Item": {"customer_id": {"S": "cus_2"}}})

    asked = [{"TableName": "contacts", "Key": {"customer_id": {"S": name}}} for name in ("cus_1", "cus_2")]
    assert [client._make_api_call("GetItem", params) for params in asked] == [{"Item": item}, {}]


@pytest.mark.parametrize(
    ("table", "result", "cells"),
    [
        (cpu_table, CPU, ["billing", "40.0", "80.0", "0.50"]),
        (memory_table, MEMORY, ["3,000", "12,000", "1.00"]),
        (growth_table, POINT, ["1,000", "12,000", "474", "64"]),
    ],
)
def test_a_table_has_a_line_for_each_result(table, result, cells):
    _, line, *_ = table([result]).splitlines()

    assert [cell for cell in cells if cell not in line] == []


def test_the_table_of_both_sides_tells_the_median_of_the_rounds_own_ratios():
    plain = EndToEnd(side="plain", events_per_second=[100.0, 50.0, 300.0], p50_ms=[80.0] * 3, p95_ms=[180.0] * 3)

    _, *lines = end_to_end_table([plain, ENDS]).splitlines()[:4]

    cells = [line.split() for line in lines]
    assert cells[:2] == [["plain", "100", "80", "180"], ["ours", "500", "40", "90"]]
    assert cells[2] == ["ours", "/", "plain", "4.00", "x", "0.50", "x", "0.50", "x"]


def document(scenario: str, result: Any) -> dict[str, Any]:
    machine = {"date": "2026-11-27", "cpu": "a <processor>", "python": "3.11"}
    return json.loads(json.dumps({"scenario": scenario, "machine": machine, "results": [asdict(result)] * 2}))


@pytest.mark.parametrize(
    ("scenario", "result", "bars"),
    [("cpu", CPU, 4), ("memory", MEMORY, 2), ("growth", POINT, 2), ("embedded", ENDS, 2)],
)
def test_a_plot_is_made_of_the_document_alone(scenario, result, bars):
    svg = svg_of(document(scenario, result))

    root = ET.fromstring(svg)  # noqa: S314 - our own
    assert len(root.findall("{*}rect")) == bars
    assert "a <processor>" in "".join(root.itertext())


def test_a_document_without_a_plot_is_refused():
    with pytest.raises(Unplottable, match="calls"):
        svg_of({"scenario": "calls"})
