from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws
from typer.testing import CliRunner

from contracts.company import SERVICES
from contracts.deployed import CannotAsk
from functions.billing.manifest import PAYMENTS
from ops.__main__ import app
from ops.aws import Aws
from ops.metrics import MetricSource, Query, Series, Window, source_of
from ops.metrics import report as report_module
from ops.metrics.emf_logs import statistic
from ops.metrics.report import subjects
from ops.target import Target
from runtime.metrics import CRITICAL_TIME, HANDLED, UNKNOWN, dimensions, namespace

#: The hour before: no log takes lines of long ago, or of the future.
START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
WINDOW = Window(start=START, end=START + timedelta(minutes=5))
TYPE = "ingestion.payment.settled"


@pytest.fixture
def clients():
    with mock_aws():
        yield {name: boto3.client(name) for name in ("cloudwatch", "logs")}


def put_on_cloudwatch(clients, metric: str, values: Sequence[float], at: datetime, type_: str | None) -> None:
    named = dimensions("billing", type_)
    for value in values:
        clients["cloudwatch"].put_metric_data(
            Namespace=namespace("dev"),
            MetricData=[
                {
                    "MetricName": metric,
                    "Dimensions": [{"Name": name, "Value": value} for name, value in named.items()],
                    "Timestamp": at,
                    "Value": value,
                }
            ],
        )


def put_into_the_log(clients, metric: str, values: Sequence[float], at: datetime, type_: str | None) -> None:
    named = dimensions("billing", type_)
    directive = {"Namespace": namespace("embedded"), "Dimensions": [list(named)], "Metrics": [{"Name": metric}]}
    stamp = int(at.timestamp() * 1000)
    document = {"_aws": {"Timestamp": stamp, "CloudWatchMetrics": [directive]}, **named, metric: list(values)}
    group = "/aws/lambda/breakwater-embedded-billing"
    logs = clients["logs"]
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="s")
    lines = ["START RequestId", '{"message": "handled", "CloudWatchMetrics": 1}', json.dumps(document)]
    logs.put_log_events(
        logGroupName=group, logStreamName="s", logEvents=[{"timestamp": stamp, "message": line} for line in lines]
    )


#: Stage -> what puts a measurement where that stage's source looks.
PLACES = {"dev": put_on_cloudwatch, "embedded": put_into_the_log}
EACH = pytest.mark.parametrize("stage", PLACES)


def source(clients, stage: str) -> MetricSource:
    target = Target.named(stage)
    target.clients.update(clients)
    return source_of(target)


def ask(clients, stage: str, *queries: Query) -> list[Series]:
    return source(clients, stage).series(queries, WINDOW)


@EACH
def test_a_count_is_summed_by_period(clients, stage: str) -> None:
    for minute, values in ((0, [2, 3]), (2, [5])):
        PLACES[stage](clients, HANDLED, values, START + timedelta(minutes=minute, seconds=20), TYPE)

    (series,) = ask(clients, stage, Query(metric=HANDLED, function="billing", event_type=TYPE))

    assert [(point.at, point.value) for point in series.points] == [(START, 5), (START + timedelta(minutes=2), 5)]
    assert (series.total, series.highest, series.latest) == (10, 5, 5)


@EACH
def test_types_are_told_apart_from_each_other_and_from_the_whole_function(clients, stage: str) -> None:
    for type_, value in ((TYPE, 1), ("ingestion.payment.failed", 2), (None, 3)):
        PLACES[stage](clients, HANDLED, [value], START, type_)

    answers = ask(
        clients,
        stage,
        Query(metric=HANDLED, function="billing"),
        Query(metric=HANDLED, function="billing", event_type=TYPE),
    )

    assert [series.total for series in answers] == [3, 1]


#: moto knows no percentiles in GetMetricData.
@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("dev", {"Minimum": 1, "Maximum": 100, "Average": 50.5, "SampleCount": 100}),
        ("embedded", {"p50": 50, "p95": 95, "p99": 99, "Maximum": 100, "Average": 50.5, "SampleCount": 100}),
    ],
)
def test_several_statistics_of_one_metric_can_be_asked_together(clients, stage: str, expected) -> None:
    PLACES[stage](clients, CRITICAL_TIME, [float(n) for n in range(1, 101)], START, TYPE)

    answers = ask(
        clients,
        stage,
        *(Query(metric=CRITICAL_TIME, function="billing", event_type=TYPE, statistic=s) for s in expected),
    )

    assert {series.query.statistic: series.latest for series in answers} == expected


def test_cloudwatch_is_asked_for_a_percentile_by_its_name() -> None:
    client = boto3.client("cloudwatch")
    answer = {"Id": "q0", "Timestamps": [START], "Values": [280.0], "StatusCode": "Complete"}
    metric = {
        "Namespace": "Breakwater/dev",
        "MetricName": "CriticalTime",
        "Dimensions": [{"Name": "Function", "Value": "billing"}],
    }
    asked = {
        "MetricDataQueries": [
            {"Id": "q0", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "p95"}, "ReturnData": True}
        ],
        "StartTime": WINDOW.start,
        "EndTime": WINDOW.end,
        "ScanBy": "TimestampAscending",
    }
    with Stubber(client) as stub:
        stub.add_response("get_metric_data", {"MetricDataResults": [answer]}, asked)
        target = Target.named("dev")
        target.clients["cloudwatch"] = client

        (series,) = source_of(target).series([Query(metric=CRITICAL_TIME, function="billing", statistic="p95")], WINDOW)

    assert series.latest == 280


@EACH
def test_what_was_never_measured_has_no_points(clients, stage: str) -> None:
    (series,) = ask(clients, stage, Query(metric=HANDLED, function="billing"))

    assert series.points == ()
    assert (series.total, series.highest, series.latest) == (0, None, None)


def test_a_source_that_refuses_is_told_of_by_our_own_error(clients) -> None:
    target = Target.named("dev")

    class Away:
        def get_paginator(self, _: str):
            return clients["cloudwatch"].get_paginator("get_metric_data")

    target.clients["cloudwatch"] = Away()
    upside_down = Window(start=WINDOW.end, end=WINDOW.start)

    with pytest.raises(CannotAsk, match="GetMetricData"):
        source_of(target).series([Query(metric=HANDLED, function="billing")], upside_down)


def test_a_window_ends_with_the_period_that_is_under_way() -> None:
    window = Window.last(timedelta(hours=1), until=START + timedelta(seconds=90))

    assert (window.start, window.end, window.period) == (
        START - timedelta(minutes=58),
        START + timedelta(minutes=2),
        60,
    )
    assert len(list(window.times())) == 60


@pytest.mark.parametrize(("hours", "period"), [(1, 60), (3, 60), (12, 300), (24 * 7, 3600), (24 * 365, 86_400)])
def test_a_window_has_no_more_periods_than_a_plot_has_room_for_while_cloudwatch_has_coarser_ones(
    hours: int, period: int
) -> None:
    assert Window.last(timedelta(hours=hours), until=START).period == period


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert statistic("p99", [3.0]) == 3
    assert statistic("p50", [1.0, 2.0, 9.0]) == 2


def operate(clients, monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str]:
    """Exit code and what was printed."""
    monkeypatch.setattr(Aws, "client", lambda _, service: clients[service])
    result = CliRunner().invoke(app, ["metrics", *words])
    return result.exit_code, result.output


def put_now(clients, stage: str, **measured: Sequence[float]) -> None:
    at = datetime.now(UTC) - timedelta(minutes=3)
    for metric, values in measured.items():
        for type_ in (TYPE, None):
            PLACES[stage](clients, metric, values, at, type_)


def test_a_report_has_a_row_for_every_consumer_and_relay(clients, monkeypatch) -> None:
    code, text = operate(clients, monkeypatch, "--stage", "embedded", "--json")

    rows = json.loads(text)["rows"]
    assert code == 0
    assert [row["function"] for row in rows] == [s.function for s in subjects(SERVICES)]
    assert {"ingestion", "billing", "billing-relay", "notification"} <= {row["function"] for row in rows}


def test_one_consumer_s_report_has_a_row_for_each_of_its_types_and_for_the_unknown(clients, monkeypatch) -> None:
    put_now(clients, "embedded", Handled=[7], Settled=[7])

    code, text = operate(clients, monkeypatch, "billing", "--stage", "embedded", "--json")

    rows = json.loads(text)["rows"]
    assert code == 0
    assert [row["event_type"] for row in rows] == [None, *PAYMENTS.event_types, UNKNOWN]
    assert [row["counts"]["Handled"] for row in rows] == [7, 7, 0, 0]


def test_a_promise_that_is_kept_is_said_to_be(clients, monkeypatch) -> None:
    put_now(clients, "embedded", Handled=[2], Settled=[2], CriticalTime=[100, 200])

    code, text = operate(clients, monkeypatch, "billing", "--stage", "embedded")

    assert code == 0
    assert "All promises are kept." in text
    assert re.search(r"^billing +2 .* 200 +\S+ +560$", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        (
            {"Handled": [2], "Settled": [2], "CriticalTime": [100, 900]},
            "billing: p95 of its critical time is 900 ms, promised are 560",
        ),
        (
            {"Handled": [9], "DeadLetter": [1], "Settled": [10]},
            "billing: 10.00% are dead letters, promised are at most 0.10%",
        ),
    ],
    ids=["slow", "dead"],
)
def test_a_promise_that_is_broken_is_the_answer(clients, monkeypatch, measured, said: str) -> None:
    put_now(clients, "embedded", **measured)

    code, text = operate(clients, monkeypatch, "billing", "--stage", "embedded")

    assert code == 1
    assert said in text


def test_the_same_report_comes_from_cloudwatch(clients, monkeypatch) -> None:
    monkeypatch.setattr(report_module, "_PERCENTILES", ("Maximum",))  # moto knows no percentiles
    put_now(clients, "dev", Handled=[7], DeadLetter=[1], Settled=[8])

    code, text = operate(clients, monkeypatch, "billing", "--json")

    counts = json.loads(text)["rows"][0]["counts"]
    assert code == 1
    assert (counts["Handled"], counts["DeadLetter"]) == (7, 1)


def test_where_nothing_was_measured_that_is_said(clients, monkeypatch) -> None:
    code, text = operate(clients, monkeypatch, "--stage", "embedded")

    assert code == 0
    assert "Nothing was measured" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("biling",), "no consumer or relay 'biling'; known: ingestion"),
        (("--since", "soon"), "'soon' is no span of time: say 90m"),
        (("--stage", "prd"), "there is no stage 'prd'"),
    ],
)
def test_wrong_use_is_told_of_with_what_would_be_right(clients, monkeypatch, words, said: str) -> None:
    code, text = operate(clients, monkeypatch, *words)

    assert code == 2
    assert said in text
