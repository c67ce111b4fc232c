"""`ops why` and `ops tail` through moto: the commands as an operator gives them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import Result
from moto import mock_aws
from typer.testing import CliRunner

from contracts.lines import Line
from functions.billing.adapters.items import invoice_item
from functions.billing.ports import Stored
from ops.__main__ import app
from ops.aws import Aws
from ops.logs.live import Wanted, follow
from ops.logs.sources import log_source
from ops.logs.window import Window
from ops.story import outboxes
from ops.story.gathering import Investigation
from ops.story.telling import Question
from ops.target import Target
from ops.why import asked
from runtime.clock import SystemClock
from tests.unit.billing_builders import issued
from tests.unit.logs_stage import deployed, put_letter, seconds_before, write_lines
from tests.unit.runtime_fakes import FakeClock
from tests.unit.story_builders import (
    PAID,
    PAID_TYPE,
    PARTNER_TYPE,
    PAYMENT,
    SETTLED_TYPE,
    booked,
    ingested,
    line,
    millis,
    notified,
    paid_event,
    the_whole_way,
)

NOW = datetime.now(UTC)
POISON = notified(outcome="dead_letter", reason="unreadable", error_message="data.amount: not an integer", attempts=1)
LOGS = pytest.mark.parametrize("logs", ["insights", "filter"])


#: Making a client takes longer than all that is asked of it.
CLIENTS: dict[str, Any] = {}


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    make = Aws.client
    monkeypatch.setattr(Aws, "client", lambda aws, name: CLIENTS.get(name) or CLIENTS.setdefault(name, make(aws, name)))
    with mock_aws():
        target = Target.named("dev")
        deployed(target)
        yield target


def recent(*lines: Line) -> list[Line]:
    """The same, as if the story had begun half a minute ago: CloudWatch takes no lines of long ago."""
    return [replace(each, at=each.at - millis(0) + seconds_before(NOW, 30)) for each in lines]


def ops(*words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--stage", "dev"])


def written(event_id: str, **more: Any) -> str:
    return json.dumps(
        {"detail-type": PAID_TYPE, "source": PAID[0], "detail": paid_event(id=event_id, **more).to_dict()}
    )


def poisoned(target: Target) -> None:
    write_lines(target, *recent(POISON))
    reason = {"reason": "unreadable", "error_message": "data.amount: not an integer", "attempts": "1"}
    put_letter(target, "notification", written(PAID[1]), reason)


@LOGS
def test_a_poison_event_is_told_with_what_to_do(target: Target, logs: str) -> None:
    poisoned(target)

    result = ops("why", PAID[1], "--logs", logs)

    assert result.exit_code == 1
    assert result.stdout.startswith(
        "Stopped: notification could not read it (data.amount: not an integer). It waits in"
    )
    assert "python -m ops dlq edit" in result.stdout
    assert "--stage dev" in result.stdout
    assert "\x1b[" not in result.stdout


def test_a_letter_that_was_looked_at_is_still_there(target: Target) -> None:
    poisoned(target)

    first, second = (ops("why", PAID[1], "--json").stdout for _ in range(2))

    assert json.loads(first)["events"][0]["visits"][0]["place"] == json.loads(second)["events"][0]["visits"][0]["place"]


@LOGS
def test_a_paid_invoice_is_told_as_a_tree_in_time_order(target: Target, logs: str) -> None:
    write_lines(target, *recent(*the_whole_way()))

    result = ops("why", "--invoice", "inv_1", "--logs", logs)

    lines = result.stdout.splitlines()
    told = [
        next(i for i, text in enumerate(lines) if type_ in text) for type_ in (PARTNER_TYPE, SETTLED_TYPE, PAID_TYPE)
    ]
    assert result.exit_code == 0
    assert lines[0] == "Invoice inv_1 was paid and cus_1 was told by e-mail 310 ms later."
    assert told == sorted(told)
    assert "billing-relay: published" in result.stdout


def test_nobodys_dead_letters_are_touched_when_lines_say_that_all_is_well(target: Target) -> None:
    write_lines(target, *recent(*the_whole_way()))
    for queue in target.client("sqs").list_queues()["QueueUrls"]:
        target.client("sqs").delete_queue(QueueUrl=queue)

    result = ops("why", PAYMENT[1], "--json")

    assert json.loads(result.stdout)["gaps"] == []


def test_an_event_in_an_outbox_is_found_by_the_invoice_of_its_cause(target: Target) -> None:
    store(target, paid_event(time=NOW.isoformat()).to_json())
    write_lines(target, *recent(ingested(), booked()))

    story = json.loads(ops("why", PAYMENT[1], "--json").stdout)

    paid = story["events"][0]["caused"][0]["caused"][0]
    assert (paid["id"], paid["visits"][0]["state"]) == (PAID[1], "in_outbox")
    assert paid["visits"][0]["place"]["name"] == "invoice inv_1 in the table breakwater-dev-billing"


def test_an_event_that_is_only_in_an_outbox_is_found_in_a_tiny_table_or_when_asked_for(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(target, paid_event(time=NOW.isoformat()).to_json())

    tiny = ops("why", PAID[1])
    monkeypatch.setattr(outboxes, "TINY", 0)
    large, scanned = ops("why", PAID[1]), ops("why", PAID[1], "--scan")

    assert "in the outbox of invoice inv_1" in tiny.stdout
    assert (large.exit_code, "--scan" in large.stdout) == (2, True)
    assert "in the outbox of invoice inv_1" in scanned.stdout


def store(target: Target, *outbox: str) -> None:
    invoice = replace(issued().invoice, id="inv_1", customer_id="cus_1")
    item = invoice_item(Stored(invoice=invoice, version=1, outbox=outbox))
    target.client("dynamodb").put_item(TableName="breakwater-dev-billing", Item=item)


def test_a_customers_stories_are_listed_with_the_commands_that_tell_each(target: Target) -> None:
    contact = line(
        "notification-contacts", 5, "handled", ("crm", "c-1"), "customer.contact.updated", customer_id="cus_1"
    )
    write_lines(target, *recent(*the_whole_way(), replace(contact, correlation_id="c-1")))

    result = ops("why", "--customer", "cus_1")

    assert result.exit_code == 0
    assert result.stdout.startswith("2 stories of customer cus_1, the newest first:")
    assert "python -m ops why c-1 --source crm --stage dev" in result.stdout
    assert f"python -m ops why {PAYMENT[1]} --source payment-provider --stage dev" in result.stdout


def test_flows_that_are_not_told_are_counted(target: Target) -> None:
    lines = [
        line("notification-contacts", n, "handled", ("crm", f"c-{n}"), "customer.contact.updated", customer_id="cus_1")
        for n in range(4)
    ]
    write_lines(target, *recent(*(replace(each, correlation_id=each.event_id) for each in lines)))

    result = ops("why", "--customer", "cus_1", "--most", "3")

    assert "and 1 older: --most 4" in result.stdout


class Noted:
    """A source that remembers what it was asked for."""

    def __init__(self, *lines: Line) -> None:
        self.lines = lines
        self.asked: list[set[str]] = []

    def find(self, terms: Collection[str], _: Window) -> list[Line]:
        self.asked.append({*terms})
        return [each for each in self.lines if {each.customer_id, each.correlation_id, each.event_id} & {*terms}]


def test_only_flows_that_are_told_are_asked_about(target: Target) -> None:
    type_ = "customer.contact.updated"
    lines = [
        line(
            "notification-contacts",
            n,
            "handled",
            ("crm", f"c-{n}"),
            type_,
            customer_id="cus_1",
            correlation_id=f"c-{n}",
        )
        for n in range(9)
    ]
    logs, clock = Noted(*recent(*lines)), SystemClock()
    window = Window(start=NOW - timedelta(hours=1), end=datetime.now(UTC))

    Investigation(target=target, logs=logs, clock=clock, window=window, most=2).answer(
        Question(kind="customer", value="cus_1")
    )

    assert logs.asked == [{"cus_1"}, {"c-8", "c-7"}]


def test_a_letter_without_a_line_is_found_in_all_dead_letter_queues(target: Target) -> None:
    put_letter(target, "billing", written("lost"), {"RULE_ARN": "arn:aws:events:…", "ERROR_CODE": "NO_PERMISSIONS"})

    result = ops("why", "lost")

    assert result.exit_code == 1
    assert "EventBridge could not deliver it to the queue (NO_PERMISSIONS)" in result.stdout


def test_a_letter_leads_to_the_rest_of_its_tree(target: Target) -> None:
    write_lines(target, *recent(ingested(), booked()))
    put_letter(target, "notification", written(PAID[1]), {"RULE_ARN": "arn", "ERROR_CODE": "NO_PERMISSIONS"})

    result = ops("why", PAID[1], "--json")

    assert json.loads(result.stdout)["events"][0]["id"] == PAYMENT[1]


def test_what_cannot_be_asked_is_a_gap_and_not_the_end() -> None:
    with mock_aws():
        write_lines(Target.named("dev"), *recent(POISON))  # neither queues nor a table

        result = ops("why", PAID[1])

    assert result.exit_code == 1
    assert "the dead-letter queues could not be read" in result.stdout
    assert "billing's outboxes could not be read" in result.stdout


def test_an_event_without_a_trace_ends_with_2(target: Target) -> None:
    result = ops("why", "nonsense")

    assert result.exit_code == 2
    assert "There is no trace of event nonsense" in result.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["why"], "say one of"),
        (["why", "e-1", "--customer", "c"], "say one of"),
        (["why", "e-1", "--since", "soon"], "is no time"),
        (["tail", "--service", "nobody"], "known: ingestion, billing, notification"),
        (
            ["tail", "--service", "billing", "--consumer", "notification"],
            "known: billing, billing-accounts, billing-api",
        ),
    ],
    ids=str,
)
def test_wrong_use_is_answered_with_right_use(target: Target, words: list[str], said: str) -> None:
    result = ops(*words)

    assert result.exit_code == 2
    assert said in result.stderr


def test_logs_that_cannot_be_asked_end_with_2() -> None:
    result = ops("why", "e-1", "--profile", "nobody-has-this")

    assert result.exit_code == 2
    assert "--profile" in result.stderr


def test_customers_whose_ids_are_parts_of_each_other_are_not_mixed_up(target: Target) -> None:
    write_lines(target, *recent(*(replace(each, customer_id="cus_10") for each in the_whole_way())))

    assert ops("why", "--customer", "cus_1").exit_code == 2


def test_the_library_answers_as_the_command_does(target: Target) -> None:
    write_lines(target, *recent(*the_whole_way()))
    clock, now = SystemClock(), datetime.now(UTC)
    window = Window(start=now - timedelta(hours=1), end=now)
    investigation = Investigation(target=target, logs=log_source(target, clock), clock=clock, window=window)

    told = investigation.answer(Question(kind="event", value=PAYMENT[1]))

    assert told.to_json()["verdict"] == json.loads(ops("why", PAYMENT[1], "--json").stdout)["verdict"]


def test_one_question_is_made_of_the_options() -> None:
    asked_for = asked("e-1", customer=None, invoice=None, correlation=None, source="crm")

    assert asked_for == Question(kind="event", value="e-1", source="crm")


def test_tail_tells_each_hop_in_one_line(target: Target) -> None:
    write_lines(target, *recent(*the_whole_way()))

    result = ops("tail", "--since", "1h", "--for", "0")

    lines = result.stdout.splitlines()
    assert [text.split()[1] for text in lines] == ["ingestion", "billing", "billing-relay", "notification"]
    assert lines[1].endswith(f"{SETTLED_TYPE} {booked().event_id[:12]}… in 10 ms")


def test_tail_gives_one_json_object_for_each_line(target: Target) -> None:
    write_lines(target, *recent(*the_whole_way()))

    result = ops("tail", "--since", "1h", "--for", "0", "--json", "--outcome", "relayed")

    (told,) = map(json.loads, result.stdout.splitlines())
    assert (told["event_id"], told["role"], told["function"]) == (PAID[1], "relay", "billing-relay")
    assert told["time"].endswith("Z")


@pytest.mark.parametrize(
    ("words", "functions"),
    [
        (["--service", "billing"], ["billing", "billing-relay"]),
        (["--consumer", "notification"], ["notification"]),
        (["--type", SETTLED_TYPE], ["billing"]),
        (["--customer", "cus_1"], ["billing-relay", "notification"]),
        (["--customer", "cus_2"], []),
    ],
    ids=str,
)
def test_tail_shows_what_is_asked_for(target: Target, words: list[str], functions: list[str]) -> None:
    write_lines(target, *recent(*the_whole_way()))

    result = ops("tail", "--since", "1h", "--for", "0", *words)

    assert [text.split()[1] for text in result.stdout.splitlines()] == functions


def test_a_flow_is_a_customers_from_the_line_that_names_the_customer_on() -> None:
    wanted = Wanted(customer="cus_1", functions=frozenset(("notification",)))
    before, naming, after = booked(), the_whole_way()[2], replace(notified(), customer_id="")

    assert [wanted(each) for each in (before, naming, after)] == [False, False, True]


def test_tail_goes_on_when_the_logs_cannot_be_read_for_a_while(target: Target) -> None:
    class Sometimes:
        exceptions = target.client("logs").exceptions
        rounds = 0

        def filter_log_events(self, **_: Any) -> dict[str, Any]:
            self.rounds += 1
            if self.rounds == 2:
                raise target.client("logs").exceptions.ServiceUnavailableException({"Error": {"Code": "x"}}, "y")
            text = json.dumps({"consumer": "billing", "event_id": f"e-{self.rounds}", "outcome": "handled"})
            return {"events": [{"timestamp": 1, "logStreamName": "s", "message": text}]}

    troubles: list[str] = []
    flaky = replace(target, services=target.services[1:2], clients={"logs": Sometimes()})
    clock = FakeClock()
    now = clock.now()
    lines = follow(
        one_function(flaky), clock, since=now, until=now + timedelta(seconds=3), every=1, trouble=troubles.append
    )

    assert [each.event_id for each in lines] == ["e-1", "e-3", "e-4"]
    assert len(troubles) == 1


def one_function(target: Target) -> Target:
    """Billing without all but its relay."""
    (service,) = target.services
    return replace(target, services=(replace(service, consumers=(), apis=(), schedules=()),))


def test_tail_ends_well_on_ctrl_c(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: SystemClock, __: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(SystemClock, "sleep", interrupted)

    assert ops("tail").exit_code == 0
