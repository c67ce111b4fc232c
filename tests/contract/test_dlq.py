"""`python -m ops dlq` by the real calls, on moto: what it prints, how it ends, and what it may need."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import boto3
import botocore.client
import pytest
from click.testing import Result
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from typer.testing import CliRunner

from ops.__main__ import app
from ops.letters.policy import operator_policy
from runtime.errors import Unpublishable, UnreadableMessage
from tests.contract.letters_stage import REGION, StageOfLetters, ids, payments
from tests.unit.event_builders import paid

BAD = paid(data={"invoice_id": "inv_1", "customer_id": "c", "amount": "a lot", "currency": "USD"})


@pytest.fixture
def stage() -> Iterator[StageOfLetters]:
    with mock_aws():
        yield StageOfLetters()


def dlq(command: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, ["dlq", *shlex.split(command)], input=typed)


def group_of(stage: StageOfLetters) -> str:
    (group,) = {letter.fingerprint for letter in stage.desk().look().letters}
    return group


def test_the_list_has_every_queue_with_counts_and_reasons(stage: StageOfLetters) -> None:
    for event in payments(3):
        stage.bury(event)
    stage.bury(BAD, error=UnreadableMessage([]))

    result, told = dlq("list"), json.loads(dlq("list --json").stdout)

    assert result.exit_code == 0
    assert "3 business_rule, 1 unreadable" in result.stdout
    assert {queue["queue"]: queue["letters"] for queue in told} == dict.fromkeys(stage.places, 0) | {
        "notification-dlq": 4
    }


def test_groups_say_what_went_wrong_and_what_to_do(stage: StageOfLetters) -> None:
    for event in payments(3):
        stage.bury(event)

    result = dlq("groups --consumer notification")
    (group,) = json.loads(dlq("groups --json").stdout)

    assert "3 x business_rule  notification-dlq  billing.invoice.paid" in result.stdout
    assert "invoice <value> is void" in result.stdout
    assert (group["count"], group["type"], group["group"]) == (3, "billing.invoice.paid", group_of(stage))
    assert "park it" in group["advice"]


def test_nothing_is_there_and_that_is_said(stage: StageOfLetters) -> None:
    assert dlq("groups").stdout.strip() == "no dead letters"
    assert dlq("audit").stdout.strip() == "no operator has changed anything yet"


def test_one_letter_is_shown_with_its_event_and_its_past(stage: StageOfLetters) -> None:
    stage.bury(BAD, error=UnreadableMessage([]))
    dlq("park --all --yes --why 'the partner was asked'")
    dlq("unpark --all")

    result = dlq("show evt_01J2XYZ")
    told = json.loads(dlq("show evt_01J2XYZ --json").stdout)

    assert '"amount": "a lot"' in result.stdout
    assert "the partner was asked" in result.stdout
    assert json.loads(told["body"])["detail"] == BAD.to_dict()
    assert [entry["step"] for entry in told["history"]] == ["intended", "parked", "intended", "returned"]


def test_a_dry_run_says_what_would_happen_and_does_nothing(stage: StageOfLetters) -> None:
    for event in payments(3):
        stage.bury(event)
    stage.bury(paid(), "billing-relay-dlq", Unpublishable("x"), bare=True)

    result = dlq("redrive --all --dry-run --rate 2")
    told = json.loads(dlq("redrive --all --dry-run --json").stdout)

    assert result.exit_code == 0
    assert "3 would go to queue breakwater-dev-notification" in result.stdout
    assert told["goes_to"] == {"queue breakwater-dev-notification": 3, "bus breakwater-dev": 1}
    assert stage.free("notification-dlq") == 3
    assert dlq("audit --json").stdout.strip() == "[]"


def test_a_redrive_asks_and_does_what_was_answered(stage: StageOfLetters) -> None:
    for event in payments(3):
        stage.bury(event)

    no = dlq("redrive --all --watch 0", "n\n")
    assert (no.exit_code, len(stage.dead("notification-dlq"))) == (1, 3)
    yes = dlq("redrive --all --watch 0 --why fixed", "y\n")

    assert yes.exit_code == 0
    assert "3 of 3 letters sent" in yes.stdout
    assert ids(stage.delivered("notification")) == [event.id for event in payments(3)]
    (told,) = json.loads(dlq("audit --json").stdout)
    assert (told["verb"], told["why"], told["outcome"], told["letters"]) == ("redrive", "fixed", "done", {"sent": 3})
    assert f":{DEFAULT_ACCOUNT_ID}:" in told["who"]["identity"]


def test_one_operation_is_told_letter_by_letter(stage: StageOfLetters) -> None:
    stage.bury(paid())
    told = json.loads(dlq("redrive --all --yes --watch 0 --json").stdout)

    operation = json.loads(dlq(f"audit {told['operation']} --json").stdout)

    assert [entry["step"] for entry in operation["entries"]] == ["intended", "sent"]
    assert operation["entries"][0]["event"]["id"] == "evt_01J2XYZ"
    assert "evt" not in dlq("audit ffffff").output


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("redrive", "say which letters"),
        ("redrive --all", "say --yes"),
        ("park --all", "say why"),
        ("edit evt_01J2XYZ --set data.amount=1", "say why"),
        ("edit evt_nothing --set data.amount=1 --why x", "no letter goes by evt_nothing"),
        ("list --consumer shipping", "known: ingestion-dlq"),
        ("list --older yesterday", "is no time"),
        ("list --stage moon", "there is no stage 'moon'"),
        ("redrive --resume ffffff", "there is no operation ffffff"),
        ("unpark evt_01J2XYZ", "say which parked letters"),
        ("restore nowhere.ndjson", "nowhere.ndjson"),
    ],
)
def test_wrong_use_is_explained_and_ends_with_2(stage: StageOfLetters, command: str, words: str) -> None:
    stage.bury(paid())

    result = dlq(command)

    assert result.exit_code == 2, result.output
    assert words in result.stderr


def test_an_edit_is_shown_and_sent(stage: StageOfLetters) -> None:
    stage.bury(BAD, error=UnreadableMessage([]))

    wrong = dlq("edit evt_01J2XYZ --set data.amount=much --why x --yes")
    assert (wrong.exit_code, stage.free("notification-dlq")) == (1, 1)
    assert "data.amount" in wrong.stderr
    dry = dlq("edit evt_01J2XYZ --set data.amount=4900 --dry-run")
    assert '+      "amount": 4900,' in dry.stdout
    result = dlq("edit evt_01J2XYZ --set data.amount=4900 --why 'the partner sent words' --yes")

    (body,) = stage.delivered("notification")
    assert result.exit_code == 0
    assert json.loads(body)["detail"]["data"]["amount"] == 4900
    assert stage.dead("notification-dlq") == []


@pytest.mark.parametrize("words", ["", "yes", "breakwater-dev-notification-dlq", "breakwater-dev-notification-dlq 2"])
def test_a_purge_refuses_any_other_words(stage: StageOfLetters, tmp_path: Path, words: str) -> None:
    for event in payments(3):
        stage.bury(event)

    result = dlq(f"purge notification-dlq --why x --file {tmp_path / 'f'}", f"{words}\n")

    assert result.exit_code in (1, 2)
    assert stage.free("notification-dlq") == 3
    assert list(tmp_path.iterdir()) == []


def test_a_purge_with_the_right_words_exports_and_a_restore_brings_back(stage: StageOfLetters, tmp_path: Path) -> None:
    for event in payments(3):
        stage.bury(event)
    file = tmp_path / "purged.ndjson"

    result = dlq(f"purge notification-dlq --why x --file {file}", "breakwater-dev-notification-dlq 3\n")

    assert (result.exit_code, stage.dead("notification-dlq")) == (0, []), result.output
    assert len(file.read_text().splitlines()) == 3
    assert dlq(f"restore {file} --yes").exit_code == 0
    assert ids(stage.dead("notification-dlq")) == [event.id for event in payments(3)]


def test_an_export_leaves_everything_where_it_is(stage: StageOfLetters, tmp_path: Path) -> None:
    for event in payments(3):
        stage.bury(event)

    result = dlq(f"export {tmp_path / 'letters.ndjson'} --id evt-0001")

    assert result.exit_code == 0
    assert len((tmp_path / "letters.ndjson").read_text().splitlines()) == 1
    assert stage.free("notification-dlq") == 3


def test_what_others_hold_ends_with_1_and_says_so(stage: StageOfLetters) -> None:
    for event in payments(3):
        stage.bury(event)
    url = stage.url("breakwater-dev-notification-dlq")
    stage.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=2, VisibilityTimeout=300)

    result = dlq("redrive --all --yes --watch 0")

    assert result.exit_code == 1
    assert "1 of 1 letters sent" in result.stdout
    assert "2 are held by somebody else" in result.stderr


def test_the_policy_allows_every_call_that_the_commands_make_and_nothing_that_takes_from_the_trail(
    stage: StageOfLetters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = recorded(monkeypatch)
    for event in payments(3):
        stage.bury(event)
    stage.bury(BAD, error=UnreadableMessage([]))
    stage.bury(paid(), "billing-relay-dlq", Unpublishable("x"), bare=True)
    words = f"{stage.places['notification-dlq'].queue} 1"
    calls.clear()

    for command in (
        *("list", "groups", "show evt-0000", f"export {tmp_path / 'e'}", "audit"),
        "edit evt_01J2XYZ --set data.amount=1 --why x --yes",
        "redrive --consumer billing-relay --yes --watch 0",
        "park --id evt-0000 --why x --yes",
        "unpark --all",
        f"purge notification --id evt-0000 --why x --file {tmp_path / 'p'} --confirm '{words}'",
        f"restore {tmp_path / 'p'} --yes",
        "redrive --consumer notification --yes --watch 0",
    ):
        result = dlq(command)
        assert result.exit_code in (0, 2), f"{command}: {result.output}"

    policy = operator_policy(stage.target, account=DEFAULT_ACCOUNT_ID, region=REGION)
    allowed = {action for statement in policy["Statement"] for action in statement["Action"]}
    needed = {permission(*call) for call in calls} - {"sts:GetCallerIdentity"}  # which nobody can be denied
    assert needed <= allowed
    assert not {a for a in allowed if fnmatchcase(a, "dynamodb:*") and a not in ("dynamodb:PutItem", "dynamodb:Query")}
    assert not [resource for s in policy["Statement"] for resource in s["Resource"] if resource == "*"]


#: Calls that IAM knows by other names.
PERMISSIONS = {
    "dynamodb:TransactWriteItems": "dynamodb:PutItem",
    "lambda:Invoke": "lambda:InvokeFunction",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}


def permission(service: str, call: str) -> str:
    return PERMISSIONS.get(f"{service}:{call}", f"{service}:{call}")


def recorded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Every call to AWS from now on. A session's stack, which is elsewhere, may be watched meanwhile."""
    calls: list[tuple[str, str]] = []
    make = botocore.client.BaseClient._make_api_call

    def call(self: Any, name: str, request: Any) -> Any:
        if "amazonaws.com" in self.meta.endpoint_url:
            calls.append((self.meta.service_model.service_name, name))
        return make(self, name, request)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)
    return calls


def test_a_stage_that_is_not_there_ends_with_2_and_a_hint() -> None:
    with mock_aws():
        boto3.client("sqs")

        result = dlq("list --stage prod")

    assert result.exit_code == 2
    assert "Is the stage deployed there" in result.stderr
