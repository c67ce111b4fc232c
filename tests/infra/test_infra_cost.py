"""The bill of what deploys: read out of the templates as the manifests say it, and reckoned a second time by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.company import SERVICES
from infra.cdk_app import build
from infra.config import stage_named
from ops.cost.figures import MEASURED, assumptions, mix_named, prices_in
from ops.cost.reading import topology_of
from ops.cost.scope import Scope
from ops.cost.templates import read
from ops.cost.whatif import bill_of
from runtime.topology import topology as regrouped

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def topology(assemblies):
    return topology_of(read(assemblies["prod"].path), stage_named("prod").prefix)


@pytest.fixture(scope="module", params=["monolith", "ingestion+billing,notification"])
def grouped(request, tmp_path_factory):
    out = tmp_path_factory.mktemp("grouped")
    build("prod", out, request.param).synth()
    return request.param, topology_of(read(out), stage_named("prod").prefix)


@pytest.fixture(scope="module")
def dollars(topology):
    """Line -> dollars, at the rate that the README tells."""
    scope = Scope(topology=topology, mix=mix_named("metered"), rate=50_000 / 60, assumptions=assumptions())
    lines = bill_of(scope, prices_in("us-east-1")).lines
    return {(line.use.resource, line.use.price): line.dollars for line in lines}


def test_what_is_read_is_what_the_manifests_say(topology):
    functions = {f.name: (f.memory_mib, f.timeout) for service in SERVICES for f in service.functions}
    queues = {
        c.name: (c.batch_size, c.batching_window, c.max_concurrency) for service in SERVICES for c in service.consumers
    }
    streams = {r.function.name: r.batch_size for service in SERVICES for r in service.relays}

    assert {f.name: (f.memory_mib, f.timeout) for f in topology.functions.values()} == functions
    assert {name: (m.batch_size, m.window, m.max_concurrency) for name, m in topology.queues.items()} == queues
    assert {m.function: m.batch_size for m in topology.streams} == streams
    assert set(topology.apis) == {api.function.name for service in SERVICES for api in service.apis}
    assert topology.archive_days == stage_named("prod").archive_days


def test_the_usage_path_reckoned_by_hand_comes_to_the_same(dollars):
    """From 50,000 requests a minute to dollars, with nothing of the model's: figures of the files, multiplied."""
    usage = 50_000 * 60 * 730 * 0.9888  # records a month
    results = json.loads((ROOT / "bench" / "measured.json").read_text())["results"]
    full = next(r for r in results if (r["work"], r["side"]) == ("usage, known customers", "ours"))["points"][-1]
    posted = next(r for r in results if (r["work"], r["side"]) == ("POST /events", "ours"))["points"][1]
    assert (full["records"], posted["records"]) == (100, 10)

    # Over HTTP, ten records a call: a call of the API is one of SQS, too.
    assert dollars["ingestion-api (POST /events)", "apigateway.requests"] == pytest.approx(usage / 10 * 1.00 / 1e6)
    assert dollars["ingestion-api (POST /events)", "sqs.requests"] == pytest.approx(usage / 10 * 0.40 / 1e6)
    # 3.91 ms and a call's 0.4 at 512 of 1,769 MiB, and 10 ms for SendMessageBatch, to the next millisecond; 0.5 GB.
    ms = (posted["cpu_ms"] + 0.4) * 1769 / 512 + 10 * posted["waits"]["SendMessageBatch"]
    gb_seconds = usage / 10 * -(-ms // 1) / 1000 * 0.5
    lambda_dollars = dollars["ingestion-api (POST /events)", "lambda.duration.arm64"]
    assert lambda_dollars == pytest.approx(gb_seconds * 0.0000133334, rel=0.01)  # some cold starts on top
    # Each record is an event, and the rule sends each to a queue; ten calls receive a full batch, ten delete it.
    assert dollars["billing-usage queue: sent by the bus", "sqs.requests"] == pytest.approx(usage * 0.40 / 1e6)
    assert dollars["billing-usage queue: received and deleted", "sqs.requests"] == pytest.approx(
        usage / 100 * 2 * 10 * 0.40 / 1e6
    )
    payments = 50_000 * 60 * 730 * 0.0006
    assert dollars["ingestion publishes", "eventbridge.events"] == pytest.approx((usage + payments) * 1.00 / 1e6)
    # A hundred lines of 26 bytes more than are written, at 0.50 for 2^30 bytes.
    logged = usage / 100 * (full["log_bytes"] + full["log_lines"] * 26) / 2**30
    assert dollars["billing-usage (usage, known customers)", "logs.standard"] == pytest.approx(logged * 0.50, rel=0.01)
    # A write unit each, and one for the first of a customer in each of five processes that live for two hours:
    # 824 x 7,200 / 5 records over 100,000 customers are 11.9 each, and so 8.4 in a hundred are the first.
    written = usage * (1 + 0.0843) * 0.625 / 1e6
    assert dollars["billing-usage (usage, known customers)", "dynamodb.writes"] == pytest.approx(written, rel=0.01)


def test_a_group_is_read_as_its_manifests_regrouped_say_it(grouped, topology):
    text, there = grouped
    (group,) = regrouped(text, SERVICES).groups

    function, queue = there.functions[group.name], there.queues[group.name]
    assert there.text == text
    assert (function.memory_mib, function.timeout) == (group.function.memory_mib, group.function.timeout)
    assert (queue.batch_size, queue.window) == (group.consumer.batch_size, group.consumer.batching_window)
    assert queue.max_concurrency == group.consumer.max_concurrency
    assert not {f.name for f in group.functions} & set(there.functions)
    assert there.streams == topology.streams
    assert there.apis == topology.apis, "whose they are, and not where they are deployed"
    assert there.takers(group.name, "ingestion.usage.recorded", "ingestion-service") == ("billing-usage",)


def test_usage_in_a_group_reckoned_by_hand_comes_to_the_same(grouped):
    """From 50,000 requests a minute to dollars once more: ingestion and billing share a function and a queue."""
    _, there = grouped
    name = there.groups[0].name
    scope = Scope(topology=there, mix=mix_named("metered"), rate=50_000 / 60, assumptions=assumptions())
    bill = bill_of(scope, prices_in("us-east-1"))
    dollars = {(line.use.resource, line.use.price): line.dollars for line in bill.lines}
    (shared,) = (line for line in bill.lines if "batches of" in line.use.resource and "duration" in line.use.price)
    results = {(r["work"], r["side"]): r["points"] for r in json.loads(MEASURED.read_text())["results"]}
    usage = 50_000 * 60 * 730 * 0.9888  # records a month

    # A call of the API is of the group's function: a whole vCPU with 1,769 MiB, whatever it needs.
    posted = results["POST /events", "ours"][1]
    ms = -(-(posted["cpu_ms"] + 0.4 + 10) // 1)
    paid = usage / 10 * ms / 1000 * 1769 / 1024 * 0.0000133334
    assert dollars["ingestion-api (POST /events)", "lambda.duration.arm64"] == pytest.approx(paid, rel=0.01)
    # Each record is on the queue twice: the API puts it there, and the bus what ingestion makes of it. Five of a call
    # are received at once, by two calls.
    assert dollars[f"{name} queue: sent by the bus", "sqs.requests"] == pytest.approx(usage * 0.40 / 1e6, rel=0.01)
    received = 2 * usage / 5 * 2 * 0.40 / 1e6
    assert dollars[f"{name} queue: received and deleted", "sqs.requests"] == pytest.approx(received, rel=0.01)
    # Half of the batches are five for ingestion, which publishes them in 15 ms, half five for the ledger, 15 ms.
    five = [_between(results[work, "ours"], 5) for work in ("usage is forwarded", "usage, known customers")]
    handed_on = _between(results["messages are handed on", "ours"], 5)["cpu_ms"]
    ms = sum(point["cpu_ms"] + 0.4 * point["calls"] + 15 for point in five) / 2 + handed_on
    paid = 2 * usage / 5 * -(-ms // 1) / 1000 * 1769 / 1024 * 0.0000133334
    assert paid <= shared.dollars <= 1.25 * paid  # beside customers whom a process meets first, and cold starts
    # Lines are each part's own: five records', and one for what the metrics are made of.
    written = _between(results["usage is forwarded", "ours"], 5)
    logged = usage / 5 * (written["log_bytes"] + written["log_lines"] * 26) / 2**30 * 0.50
    assert dollars["ingestion (usage is forwarded)", "logs.standard"] == pytest.approx(logged, rel=0.01)


def _between(points, records):
    """In proportion, between one record and ten; of calls the sum."""
    one, ten = points[:2]
    part = (records - 1) / 9
    figures = {name: one[name] + (ten[name] - one[name]) * part for name in ("cpu_ms", "log_bytes", "log_lines")}
    calls = [sum(point["calls"].values()) for point in (one, ten)]
    return {**figures, "calls": calls[0] + (calls[1] - calls[0]) * part}
