"""`python -m ops replay` on moto's EventBridge, by the real calls.

moto ends a replay within StartReplay, and asks all rules, whichever a replay names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from click.testing import Result
from moto import mock_aws
from typer.testing import CliRunner

from contracts.company import routes
from infra.config import STAGES
from ops.__main__ import app
from ops.replay.eventbridge import EventBridge
from ops.target import Target

DEV = STAGES["dev"]
CONTACT = {"customer_id": "cus-1", "name": "Ada", "email": "ada@example.com"}


class Bus:
    """The stage's bus with its archive, its consumers' rules and queues, without functions."""

    def __init__(self) -> None:
        self.events, self.sqs = boto3.client("events"), boto3.client("sqs")
        arn = self.events.create_event_bus(Name=DEV.bus_name)["EventBusArn"]
        for route in routes():
            self._consumer(DEV.resource_name(route.consumer.name))
        for route in routes():
            self._rule(DEV.resource_name(route.rule), route.subscription.pattern, route.consumer.name)
        self.events.create_archive(ArchiveName=DEV.bus_name, EventSourceArn=arn, RetentionDays=7)

    def _consumer(self, name: str) -> None:
        for queue in (name, f"{name}-dlq"):
            self.sqs.create_queue(QueueName=queue)

    def _rule(self, name: str, pattern: Any, consumer: str) -> None:
        self.events.put_rule(Name=name, EventBusName=DEV.bus_name, EventPattern=json.dumps(pattern))
        arn = f"arn:aws:sqs:us-east-1:123456789012:{DEV.resource_name(consumer)}"
        self.events.put_targets(Rule=name, EventBusName=DEV.bus_name, Targets=[{"Id": "queue", "Arn": arn}])

    def put(self, type_: str, data: dict[str, Any], source: str = "crm") -> None:
        detail = {"specversion": "1.0", "id": f"e-{data}", "source": source, "type": type_, "data": data}
        entry = {"Source": source, "DetailType": type_, "Detail": json.dumps(detail), "EventBusName": DEV.bus_name}
        self.events.put_events(Entries=[entry])

    def received(self, consumer: str) -> list[dict[str, Any]]:
        """Everything on its queue, which is empty then."""
        url = self.sqs.get_queue_url(QueueName=DEV.resource_name(consumer))["QueueUrl"]
        answer = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", ())]

    def log(self, consumer: str, outcome: str, replay: str) -> None:
        """A consumer's line about an event of the replay."""
        logs, group = boto3.client("logs"), f"/aws/lambda/{DEV.resource_name(consumer)}"
        if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            logs.create_log_group(logGroupName=group)
            logs.create_log_stream(logGroupName=group, logStreamName="s")
        line = {"consumer": consumer, "outcome": outcome, "event_id": "e-1", "event_source": "crm", "replay": replay}
        event = {"timestamp": round(datetime.now(UTC).timestamp() * 1000), "message": json.dumps(line)}
        logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[event])

    def rules(self) -> list[str]:
        found = self.events.list_rules(EventBusName=DEV.bus_name, NamePrefix=DEV.replay_rules)
        return [rule["Name"] for rule in found["Rules"]]


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bus]:
    monkeypatch.setattr("ops.replay.commands._SETTLE_SECONDS", 0.0)
    monkeypatch.setattr("ops.logs.sources._WITHOUT_INSIGHTS", ("dev",))  # moto's filters nothing
    with mock_aws():
        yield Bus()


def ops(*args: str, stage: str = "dev") -> Result:
    return CliRunner().invoke(app, ["replay", *args, "--stage", stage])


def test_a_consumer_gets_its_events_again_when_they_are_replayed_to_it(bus: Bus) -> None:
    bus.put("customer.contact.updated", CONTACT)
    (first,) = bus.received("notification-contacts")

    result = ops("--since", "2h", "--to-consumer", "notification-contacts", "--yes")

    (again,) = bus.received("notification-contacts")
    assert result.exit_code == 0, result.output
    assert again["detail"] == first["detail"]
    assert again["replay-name"] in result.output


def test_a_filtered_replay_goes_by_rules_of_its_own_that_are_gone_afterwards(bus: Bus) -> None:
    for customer in ("cus-1", "cus-2"):
        bus.put("customer.contact.updated", {**CONTACT, "customer_id": customer})
    bus.received("notification-contacts")
    for name in (DEV.resource_name(route.rule) for route in routes()):
        bus.events.remove_targets(Rule=name, EventBusName=DEV.bus_name, Ids=["queue"])

    result = ops("--since", "2h", "--type", "customer.contact.updated", "--customer", "cus-2", "--yes", "--json")

    (again,) = bus.received("notification-contacts")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["state"] == "COMPLETED"
    assert again["detail"]["data"]["customer_id"] == "cus-2"
    assert bus.rules() == []


def test_nothing_is_done_when_the_run_is_dry(bus: Bus) -> None:
    bus.put("customer.contact.updated", CONTACT)
    bus.received("notification-contacts")

    result = ops("--since", "2h", "--customer", "cus-1", "--dry-run", "--json")

    said = json.loads(result.stdout)
    assert result.exit_code == 0
    assert bus.received("notification-contacts") == []
    assert EventBridge(Target.named("dev")).listed() == []
    assert said["estimate"]["events"] == 1
    assert "the archive's count" in said["estimate"]["basis"]


def test_nothing_is_done_when_nobody_says_yes(bus: Bus) -> None:
    result = ops("--since", "2h")

    assert result.exit_code == 1
    assert EventBridge(Target.named("dev")).listed() == []


def test_replays_are_listed_with_their_states(bus: Bus) -> None:
    ops("--since", "2h", "--to-consumer", "billing", "--yes")
    ops("--since", "2h", "--to-consumer", "billing", "--yes", "--with-effects")

    names = {replay["name"]: replay for replay in json.loads(ops("list", "--json").stdout)}

    assert sorted(name.startswith("with-effects-") for name in names) == [False, True]
    assert {replay["state"] for replay in names.values()} == {"COMPLETED"}
    assert {replay["description"] for replay in names.values()} == {"to: billing"}
    assert all(name in ops("list").stdout for name in names)


def test_no_replay_is_told_of(bus: Bus) -> None:
    assert ops("list").stdout == "no replay in the last 90 days\n"


def test_what_an_interrupted_replay_left_is_removed(bus: Bus) -> None:
    name = f"{DEV.replay_rules}20261101t000000-aaaa-0"
    bus._rule(name, {"source": ["x"]}, "billing")

    removed = ops("clean")

    assert removed.stdout == f"removed {name}\n"
    assert bus.rules() == []
    assert ops("clean").stdout == "nothing was left over\n"


def test_what_is_just_being_made_for_a_replay_is_left_alone(bus: Bus) -> None:
    bus._rule(f"{DEV.replay_rules}{datetime.now(UTC):%Y%m%dt%H%M%S}-aaaa-0", {"source": ["x"]}, "billing")

    assert json.loads(ops("clean", "--json").stdout) == {"removed": []}


def test_an_archive_that_is_not_there_is_told_of(bus: Bus) -> None:
    embedded = ops("--since", "2h", "--dry-run", stage="embedded")
    prod = ops("list", stage="prod")

    assert (embedded.exit_code, prod.exit_code) == (2, 2)
    assert "its template leaves it out" in embedded.output
    assert "its stack Bus is not deployed" in prod.output


def test_a_rule_that_is_disabled_is_told_of_and_nothing_is_replayed(bus: Bus) -> None:
    bus.events.disable_rule(Name=DEV.resource_name("billing-payments"), EventBusName=DEV.bus_name)

    result = ops("--since", "2h", "--to-consumer", "billing", "--yes")

    assert result.exit_code == 2
    assert "breakwater-dev-billing-payments is disabled: deploy the service of billing first" in result.output
    assert EventBridge(Target.named("dev")).listed() == []


def test_an_age_that_consumers_may_have_forgotten_is_refused_unless_one_insists(bus: Bus) -> None:
    refused = ops("--since", "42d", "--dry-run")
    insisted = ops("--since", "42d", "--dry-run", "--although-forgotten")

    assert (refused.exit_code, insisted.exit_code) == (2, 0)
    assert "more than 41 days ago" in refused.output


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "say which time to replay"),
        (["--since", "2 weeks"], "'2 weeks' is no span of time"),
        (["--since", "2h", "--to-consumer", "nobody"], "no consumer of the bus is called nobody"),
        (["--since", "2h", "--json"], "--json asks nobody"),
    ],
)
def test_wrong_use_is_told_of(bus: Bus, args: list[str], said: str) -> None:
    result = ops(*args)

    assert result.exit_code == 2
    assert said in result.output


def test_a_replay_that_is_not_there_cannot_be_cancelled(bus: Bus) -> None:
    result = ops("cancel", "nothing")

    assert result.exit_code == 2
    assert "there is no replay nothing" in result.output


def test_a_replay_that_somebody_began_is_told_to_stop(bus: Bus) -> None:
    ops("--since", "2h", "--to-consumer", "billing", "--yes")
    (replay,) = EventBridge(Target.named("dev")).listed()

    result = ops("cancel", replay.name)

    assert result.exit_code == 0
    assert EventBridge(Target.named("dev")).find(replay.name).state == "CANCELLED"  # moto cancels even what has ended


def test_what_consumers_made_of_a_replay_is_told_from_their_logs(bus: Bus) -> None:
    ops("--since", "2h", "--to-consumer", "billing", "--yes")
    (replay,) = EventBridge(Target.named("dev")).listed()
    nothing = ops("show", replay.name)
    for consumer, outcome, name in (
        ("billing", "handled", replay.name),
        ("billing", "duplicate", replay.name),
        ("billing", "duplicate", replay.name),
        ("notification", "suppressed", replay.name),
        ("notification", "handled", "another"),
    ):
        bus.log(consumer, outcome, name)

    told = ops("show", replay.name)

    assert (nothing.exit_code, told.exit_code) == (0, 0)
    assert "no consumer has said anything of its events yet" in nothing.stdout
    assert told.stdout.splitlines() == [
        f"replay {replay.name}: completed",
        "  billing       2 duplicate, 1 handled",
        "  notification  1 suppressed",
    ]
    assert json.loads(ops("show", replay.name, "--json").stdout)["outcomes"]["notification"] == {"suppressed": 1}
    assert ops("show", "another").exit_code == 2


def test_only_what_is_in_the_archive_is_counted_by_time(bus: Bus) -> None:
    found = EventBridge(Target.named("dev")).archive()

    assert (found.days, found.events) == (7, 0)
    assert datetime.now(UTC) - found.created < timedelta(minutes=5)
