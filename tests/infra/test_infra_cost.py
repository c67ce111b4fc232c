"""The bill of what deploys: read out of the templates as the manifests say it, and reckoned a second time by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.company import SERVICES
from infra.config import stage_named
from ops.cost.figures import assumptions, mix_named, prices_in
from ops.cost.reading import topology_of
from ops.cost.scope import Scope
from ops.cost.templates import read
from ops.cost.whatif import bill_of

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def topology(assemblies):
    return topology_of(read(assemblies["prod"].path), stage_named("prod").prefix)


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
