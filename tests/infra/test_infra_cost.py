"""The bill of what deploys: read out of the templates as the manifests say it, and reckoned a second time by hand."""

from __future__ import annotations

import json
from itertools import pairwise

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

#: Work -> what was measured of ours, by the number of records.
POINTS = {r["work"]: r["points"] for r in json.loads(MEASURED.read_text())["results"] if r["side"] == "ours"}


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
    posted = POINTS["POST /events"][1]
    assert posted["records"] == 10

    # Over HTTP, ten records a call: a call of the API is one of SQS, too, and one message.
    assert dollars["ingestion-api (POST /events)", "apigateway.requests"] == pytest.approx(usage / 10 * 1.00 / 1e6)
    assert dollars["ingestion-api (POST /events)", "sqs.requests"] == pytest.approx(usage / 10 * 0.40 / 1e6)
    # Its milliseconds and a call's 0.4 at 512 of 1,769 MiB, and 10 ms for SendMessageBatch, to the next one; 0.5 GB.
    ms = (posted["cpu_ms"] + 0.4) * 1769 / 512 + 10 * posted["waits"]["SendMessageBatch"]
    gb_seconds = usage / 10 * -(-ms // 1) / 1000 * 0.5
    lambda_dollars = dollars["ingestion-api (POST /events)", "lambda.duration.arm64"]
    assert lambda_dollars == pytest.approx(gb_seconds * 0.0000133334, rel=0.01)  # some cold starts on top
    # Five pollers take what has come in since they asked last, 8 ms ago and as long as their batch took, which is
    # published in 15 ms. The records of a batch share an entry; payments, one in 1,648 records, have their own.
    a_second = usage / 730 / 3600 / 10
    batch = 1.0
    for _ in range(50):
        batch = max(1.0, a_second / 5 * (0.008 + _ms("usage is forwarded, by tens", batch * 10, waits=15) / 1000))
    entries = usage / 10 / batch
    payments = 50_000 * 60 * 730 * 0.0006
    published = dollars["ingestion publishes", "eventbridge.events"]
    assert published == pytest.approx((entries + payments) * 1.00 / 1e6, rel=0.02)
    assert dollars["billing-usage queue: sent by the bus", "sqs.requests"] == pytest.approx(
        entries * 0.40 / 1e6, rel=0.02
    )
    # A write unit each, and one for the first of a customer in each of five processes that live for two hours:
    # 824 x 7,200 / 5 records over 100,000 customers are 11.9 each, and so 8.4 in a hundred are the first.
    written = usage * (1 + 0.0843) * 0.625 / 1e6
    assert dollars["billing-usage (usage, known customers, by tens)", "dynamodb.writes"] == pytest.approx(
        written, rel=0.01
    )
    # A line for every ten, and one of metrics for each batch of a second of a fifth of it all; 26 bytes more for each
    # line than are written, at 0.50 for 2^30 bytes. Of new customers there is as much to tell.
    full = POINTS["usage, known customers, by tens"][-1]
    logged = usage / 100 * (full["log_bytes"] + full["log_lines"] * 26) / 2**30
    assert dollars["billing-usage (usage, known customers, by tens)", "logs.standard"] == pytest.approx(
        logged * 0.50, rel=0.05
    )


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
    usage = 50_000 * 60 * 730 * 0.9888  # records a month

    # A call of the API is of the group's function: a whole vCPU with 1,769 MiB, whatever it needs.
    posted = POINTS["POST /events"][1]
    ms = -(-(posted["cpu_ms"] + 0.4 + 10) // 1)
    paid = usage / 10 * ms / 1000 * 1769 / 1024 * 0.0000133334
    assert dollars["ingestion-api (POST /events)", "lambda.duration.arm64"] == pytest.approx(paid, rel=0.01)
    # Each record is on the queue twice: the API puts it there, ten in a message, and the bus what ingestion makes of
    # them, in one entry for each invocation that has some. Payments and contacts, seven in 10,000 requests, are handled
    # apart from it at worst, and have entries of their own.
    entries = dollars["ingestion publishes", "eventbridge.events"] / 1.00 * 1e6
    assert usage / 100 < entries < usage / 10 + 2 * 50_000 * 60 * 730 * 0.0007
    sent = dollars[f"{name} queue: sent by the bus", "sqs.requests"] / 0.40 * 1e6
    assert sent == pytest.approx(entries, rel=0.02)
    # What is received is deleted, a batch at a time.
    received = dollars[f"{name} queue: received and deleted", "sqs.requests"] / 0.40 * 1e6
    assert 2 * (usage / 10 + sent) / 10 <= received <= 2.01 * (usage / 10 + sent)
    # A write unit for each record, and some for the first of a customer in each process.
    written = dollars["billing-usage (usage, known customers, by tens)", "dynamodb.writes"]
    assert usage * 0.625 / 1e6 < written < 1.2 * usage * 0.625 / 1e6


def _ms(work, records, *, waits):
    """Of an invocation at 512 of 1,769 MiB, with so many milliseconds of waiting: in proportion between two sizes."""
    points = POINTS[work]
    low, high = next((a, b) for a, b in pairwise(points) if records <= b["records"])
    part = (records - low["records"]) / (high["records"] - low["records"])
    cpu, calls = (
        a + (b - a) * part
        for a, b in ((low["cpu_ms"], high["cpu_ms"]), (sum(low["calls"].values()), sum(high["calls"].values())))
    )
    return (cpu + 0.4 * calls) * 1769 / 512 + waits
