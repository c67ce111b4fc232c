"""Alarms watch what is really measured, reach somebody, and each has its section of docs/operating.md."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from contracts.company import SERVICES
from infra.components.alarms import AlarmKind
from infra.components.objectives import BURNS, FEWEST_BAD, objectives
from infra.components.widgets import COLOURS
from runtime.delivery import Delivery
from runtime.emf import Emf
from runtime.errors import Throttled
from runtime.manifest import Consumer, Function, Relay, Slo, Subscription, event_types
from runtime.meter import ConsumerMeter, Relayed, RelayMeter
from runtime.metrics import BY_FATE, namespace
from tests.infra.alarms import Metric, alarms, dashboards, plotted, section, watched
from tests.infra.templates import SERVICES as STACKS
from tests.infra.templates import Assembly
from tests.unit.emf_documents import extracted
from tests.unit.event_builders import usage
from tests.unit.runtime_fakes import FakeClock, sqs_record

ROOT = Path(__file__).parents[2]
ALARMING = pytest.mark.parametrize("assembly", ["dev", "prod"], indirect=True)
ALL_CONSUMERS = [consumer for service in SERVICES for consumer in service.consumers]


def measured_by(consumer: Consumer, stage: str) -> set[Metric]:
    """Everything that the runtime can measure of a consumer: records of every fate and type."""
    lines: list[str] = []
    meter = ConsumerMeter(
        Emf(consumer.name, consumer.event_types, namespace=namespace(stage), write=lines.append), consumer.slo
    )
    for type_ in (*consumer.event_types, "their.own"):
        for fate in set(BY_FATE) - {"relayed"}:
            delivery = Delivery(record=sqs_record("{}"), picked_up=2.0e12, event=usage(type=type_))
            delivery.fate, delivery.error, delivery.handler_ms, delivery.critical_ms = fate, Throttled("x"), 1, 10**9
            meter.batch([delivery], at=FakeClock().now())
    return as_metrics(lines, stage)


def measured_by_relay(relay: Relay, stage: str) -> set[Metric]:
    lines: list[str] = []
    emf = Emf(relay.function.name, relay.event_types, namespace=namespace(stage), write=lines.append)
    events = [Relayed(type_, fate, 1) for type_ in relay.event_types for fate in ("relayed", "retry", "dead_letter")]
    RelayMeter(emf).batch(events, at=FakeClock().now())
    return as_metrics(lines, stage)


def as_metrics(lines: list[str], stage: str) -> set[Metric]:
    assert {d["Namespace"] for line in lines for d in json.loads(line)["_aws"]["CloudWatchMetrics"]} == {
        namespace(stage)
    }
    return {
        Metric(namespace(stage), name, frozenset(dimensions))
        for dimensions, metrics in extracted(lines).items()
        for name in metrics
    }


def everything_measured(stage: str) -> set[Metric]:
    relays = [relay for service in SERVICES for relay in service.relays]
    return set().union(
        *(measured_by(consumer, stage) for consumer in ALL_CONSUMERS),
        *(measured_by_relay(relay, stage) for relay in relays),
    )


def own(metrics: set[Metric]) -> set[Metric]:
    return {metric for metric in metrics if not metric.namespace.startswith("AWS/")}


@ALARMING
def test_alarms_on_our_own_metrics_watch_what_the_runtime_really_writes(assembly: Assembly) -> None:
    seen = own({metric for _, _, alarm in alarms(assembly) for metric in watched(alarm)})

    assert seen
    assert seen <= everything_measured(assembly.stage)


@ALARMING
def test_dashboards_plot_what_the_runtime_really_writes(assembly: Assembly) -> None:
    seen = own(set().union(*(plotted(widgets) for _, widgets in dashboards(assembly))))

    assert seen
    assert seen <= everything_measured(assembly.stage)


def test_functions_know_the_stage_that_their_metrics_are_named_by(assembly) -> None:
    for _, _, _, function in assembly.functions():
        assert function["Environment"]["Variables"]["STAGE"] == assembly.stage


@ALARMING
def test_whoever_is_to_be_told_is_told(assembly: Assembly) -> None:
    """An alarm tells people, or is part of one that does."""
    for template, name, alarm in alarms(assembly):
        if "AlarmActions" in alarm:
            assert assembly.name("alarms") in json.dumps(alarm["AlarmActions"])
        else:
            rules = [json.dumps(c["AlarmRule"]) for c in template.of_type("AWS::CloudWatch::CompositeAlarm").values()]
            assert any(f'"{name}"' in rule for rule in rules), name


@ALARMING
def test_silence_is_no_alarm(assembly: Assembly) -> None:
    for _, _, alarm in alarms(assembly):
        assert alarm.get("TreatMissingData") == "notBreaching" or "AlarmRule" in alarm


def test_a_stage_without_alarms_has_none(assemblies) -> None:
    assert list(alarms(assemblies["embedded"])) == []
    assert list(dashboards(assemblies["embedded"])) == []


def sections() -> dict[str, str]:
    """Anchor -> text, of each section under `## Alarms`."""
    text = (ROOT / "docs" / "operating.md").read_text().split("\n## Alarms\n")[1].split("\n## ")[0]
    parts = re.split(r"^### (.+)\n", text, flags=re.MULTILINE)[1:]
    return {
        re.sub(r"[^a-z0-9 -]", "", t.lower()).replace(" ", "-"): body
        for t, body in zip(parts[::2], parts[1::2], strict=True)
    }


@ALARMING
def test_every_alarm_has_its_section_and_every_section_its_alarm(assembly: Assembly) -> None:
    assert {section(alarm) for _, _, alarm in alarms(assembly)} == set(sections()) == set(AlarmKind)


@pytest.mark.parametrize("kind", AlarmKind)
def test_a_section_says_what_it_means_what_to_look_at_and_when_it_can_wait(kind: AlarmKind) -> None:
    text = sections()[kind]

    assert [part for part in ("**What it means.**", "**Look first.**", "**It can wait** ") if part not in text] == []
    assert re.search(r"^```sh\n", text, re.MULTILINE), "no command to begin with"


@ALARMING
def test_every_consumer_s_queue_rules_and_promises_are_watched(assembly: Assembly) -> None:
    names = {alarm.get("AlarmName") for _, _, alarm in alarms(assembly)}

    for consumer in ALL_CONSUMERS:
        expected = {f"{consumer.name}-queue-age", f"{consumer.name}-errors", f"{consumer.name}-dlq-not-empty"}
        expected |= {f"{consumer.name}-{s.name}-lost" for s in consumer.subscriptions}
        expected |= {f"{consumer.name}-{o.name}-{b.name}" for o in objectives(consumer) for b in BURNS}
        assert {assembly.name(name) for name in expected} <= names


@ALARMING
def test_a_queue_is_not_old_before_one_crash_can_be_over(assembly: Assembly) -> None:
    for template, consumer in assembly.consumers():
        _, alarm = template.named("AWS::CloudWatch::Alarm", AlarmName=assembly.name(f"{consumer.name}-queue-age"))
        assert alarm["Threshold"] > consumer.visibility_timeout
        assert alarm["MetricName"] == "ApproximateAgeOfOldestMessage"


@ALARMING
def test_a_promise_is_watched_over_both_windows_and_in_one_period_each(assembly: Assembly) -> None:
    for template, consumer in assembly.consumers():
        for objective in objectives(consumer):
            for burn in BURNS:
                name = f"{consumer.name}-{objective.name}-{burn.name}"
                parts = {}
                for minutes in (burn.long, burn.short):
                    logical_id, alarm = template.named(
                        "AWS::CloudWatch::Alarm", AlarmName=assembly.name(f"{name}-{minutes}m")
                    )
                    periods = {q["MetricStat"]["Period"] for q in alarm["Metrics"] if "MetricStat" in q}
                    assert periods == {minutes * 60}
                    assert alarm["Threshold"] == pytest.approx(burn.rate * objective.budget)
                    parts[minutes] = logical_id
                _, both = template.named("AWS::CloudWatch::CompositeAlarm", AlarmName=assembly.name(name))
                rule = json.dumps(both["AlarmRule"])
                assert all(f'"{part}"' in rule for part in parts.values())
                assert " AND " in rule
                assert " OR " not in rule


def test_burn_rates_are_the_workbook_s() -> None:
    assert {burn.name: (burn.rate, burn.long, burn.short, burn.spent) for burn in BURNS} == {
        "fast": (14.4, 60, 5, "2 %"),
        "slow": (6, 360, 30, "5 %"),
    }


@pytest.mark.parametrize("consumer", ALL_CONSUMERS, ids=lambda c: c.name)
def test_every_threshold_can_be_reached(consumer: Consumer) -> None:
    """A share over one never is: such an alarm would be silent for ever."""
    for objective in objectives(consumer):
        assert all(0 < burn.rate * objective.budget < 1 for burn in BURNS)


def test_a_few_bad_records_at_night_are_no_emergency(assemblies) -> None:
    template = assemblies["prod"].stacks["Billing"]
    _, alarm = template.named("AWS::CloudWatch::Alarm", AlarmName="breakwater-prod-billing-dead-letters-fast-60m")

    (expression,) = (query["Expression"] for query in alarm["Metrics"] if "Expression" in query)

    assert expression == f"IF(bad >= {FEWEST_BAD}, bad / total, 0)"


def a_consumer(slo: Slo | None) -> Consumer:
    return Consumer(
        function=Function(name="c", handler="x", timeout=10),
        subscriptions=(Subscription(name="s", pattern=event_types("a.b")),),
        dedup="state",
        slo=slo,
    )


def test_a_consumer_that_promises_nothing_has_no_such_alarms() -> None:
    assert objectives(a_consumer(None)) == ()
    assert [o.name for o in objectives(a_consumer(Slo()))] == ["dead-letters"]
    assert [o.name for o in objectives(a_consumer(Slo(critical_p95_ms=1)))] == ["dead-letters", "slow"]


@ALARMING
def test_each_service_and_the_whole_flow_have_a_dashboard(assembly: Assembly) -> None:
    names = [name for name, _ in dashboards(assembly)]

    assert sorted(names) == sorted(assembly.name(name) for name in ("flow", *(s.name for s in STACKS.values())))


@ALARMING
def test_a_service_s_dashboard_shows_all_of_its_parts(assembly: Assembly) -> None:
    shown = dict(dashboards(assembly))
    for service in SERVICES:
        metrics = plotted(shown[assembly.name(service.name)])
        values = {value for metric in metrics for _, value in metric.dimensions}
        assert {assembly.name(function.name) for function in service.functions} <= values
        for consumer in service.consumers:
            assert {consumer.name, assembly.name(consumer.name), assembly.name(f"{consumer.name}-dlq")} <= values
            assert set(consumer.event_types) <= values


@ALARMING
def test_the_flow_s_dashboard_shows_every_queue_of_dead_letters(assembly: Assembly) -> None:
    flow = plotted(dict(dashboards(assembly))[assembly.name("flow")])
    shown = {value for metric in flow for name, value in metric.dimensions if name == "QueueName"}
    queues = {
        queue["QueueName"]
        for template in assembly.stacks.values()
        for queue in template.of_type("AWS::SQS::Queue").values()
    }

    assert queues <= shown


@ALARMING
def test_a_promise_is_drawn_as_a_line(assembly: Assembly) -> None:
    shown = dict(dashboards(assembly))
    for service in SERVICES:
        promised = [c.slo.critical_p95_ms for c in service.consumers if c.slo and c.slo.critical_p95_ms]
        drawn = [
            line["value"]
            for widget in shown[assembly.name(service.name)]
            if widget["properties"].get("title") == "Critical time"
            for line in widget["properties"].get("annotations", {}).get("horizontal", ())
        ]
        assert drawn == promised


@ALARMING
def test_a_dashboard_is_within_what_cloudwatch_takes(assembly: Assembly) -> None:
    for _, widgets in dashboards(assembly):
        assert len(widgets) <= 500
        assert all(len(widget["properties"].get("metrics", ())) <= 500 for widget in widgets)


def test_every_fate_has_a_colour_of_its_own() -> None:
    assert set(COLOURS) == set(BY_FATE.values())
    assert len(set(COLOURS.values())) == len(COLOURS)
