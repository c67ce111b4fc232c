"""`python -m ops schemas diff --live` on moto's Glue and Parameter Store, by the real calls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from click.testing import Result
from moto import mock_aws
from typer.testing import CliRunner

from contracts.avro import avro_of
from contracts.company import SERVICES
from contracts.deployed import CannotAsk, live_contracts, live_schemas
from contracts.releases import released
from events.catalog import CATALOG, BillingInvoicePaid
from ops.__main__ import app
from runtime.contract import contract_of
from tests.contract.live_stage import LiveStage, let_moto_list_schemas, with_field, without_field

PAID = avro_of(BillingInvoicePaid)
NAME = "billing.invoice.paid v1"
BILLING, NOTIFICATION = (contract_of(service) for service in SERVICES[1:])


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveStage]:
    let_moto_list_schemas(monkeypatch)
    with mock_aws():
        yield LiveStage()


def diff(*args: str, stage: str = "dev") -> Result:
    return CliRunner().invoke(app, ["schemas", "diff", "--live", "--stage", stage, *args])


def lines_about(result: Result, subject: str) -> list[str]:
    return [line for line in result.output.splitlines() if line.startswith(f"{subject}: ")]


def test_everything_is_the_same_when_what_is_here_is_deployed(live: LiveStage) -> None:
    live.register_everything()
    live.deploy_everything()

    result = diff("--json")

    states = {d["subject"]: d["state"] for d in json.loads(result.stdout)["differences"]}
    assert result.exit_code == 0, result.output
    assert states == dict.fromkeys([*(f"{t} v{v}" for t, v in CATALOG), *(s.name for s in SERVICES)], "same")


def test_a_stage_without_a_registry_is_told_of_and_passes(live: LiveStage) -> None:
    result = diff()

    assert result.exit_code == 0
    assert "nothing is registered for stage dev yet" in result.output
    assert "no service of stage dev is deployed yet" in result.output


def test_a_field_that_is_there_and_that_readers_need_may_not_be_missing_here(live: LiveStage) -> None:
    live.register_everything(but=BillingInvoicePaid)
    live.register(BillingInvoicePaid, with_field(PAID, name="tax", type="long"))
    live.deploy_everything()

    result = diff()

    (line,) = lines_about(result, NAME)
    assert result.exit_code == 1
    assert "BREAKS" in line
    assert "cannot be read by version 1 there: tax:" in line
    assert "make it a new version beside this one" in line


def test_a_field_that_was_added_here_and_is_optional_is_compatible(live: LiveStage) -> None:
    live.register_everything(but=BillingInvoicePaid)
    live.register(BillingInvoicePaid, without_field(PAID, "paid_at"))

    result = diff()

    assert result.exit_code == 0
    assert "newer here: compatible with what is there (FULL_TRANSITIVE)" in lines_about(result, NAME)[0]


def test_all_versions_there_count_in_a_transitive_mode(live: LiveStage) -> None:
    live.register_everything(but=BillingInvoicePaid)
    live.register(BillingInvoicePaid, with_field(PAID, name="tax", type="long"), PAID)

    (line,) = lines_about(diff(), NAME)

    assert "cannot be read by version 1 there" in line


def test_a_version_that_glue_refused_does_not_count(live: LiveStage) -> None:
    live.register_everything(but=BillingInvoicePaid)
    live.register(BillingInvoicePaid, PAID, with_field(PAID, name="tax", type="long"))
    live.refuse_latest(BillingInvoicePaid)

    result = diff()

    assert result.exit_code == 0
    assert f"{NAME}: same: as version 1 there" in result.output


def test_what_is_behind_the_newest_there_is_older(live: LiveStage) -> None:
    live.register_everything(but=BillingInvoicePaid)
    live.register(BillingInvoicePaid, PAID, with_field(PAID, name="note", type=["null", "string"], default=None))

    result = diff()

    assert result.exit_code == 0
    assert "older here: as version 1 there, where 2 is the newest" in lines_about(result, NAME)[0]


def test_what_is_on_one_side_only_is_told_of(live: LiveStage) -> None:
    live.register_everything(but=BillingInvoicePaid)
    live.register_as("billing.invoice.forgotten.v1", PAID)
    live.register_as("not-by-us", PAID)

    result = diff()

    assert result.exit_code == 0
    assert f"{NAME}: only here: is not registered yet" in result.output
    assert "billing.invoice.forgotten v1: only there: is registered, and was never released here" in result.output
    assert "not-by-us" not in result.output


def test_what_has_left_the_catalog_is_as_it_was_released_last(live: LiveStage, monkeypatch: pytest.MonkeyPatch) -> None:
    live.register_everything(but=BillingInvoicePaid)
    live.register(BillingInvoicePaid, released()[BillingInvoicePaid.type, 1][-1].avro)
    rest = {key: model for key, model in CATALOG.items() if model is not BillingInvoicePaid}
    monkeypatch.setattr("ops.schemas.live.CATALOG", rest)

    assert f"{NAME}: same: as version 1 there" in diff().output


def test_another_mode_there_is_told_of(live: LiveStage) -> None:
    live.register_everything(mode="BACKWARD")

    (line,) = lines_about(diff(), NAME)

    assert "changed: as version 1 there, where the mode is BACKWARD and not FULL_TRANSITIVE" in line


def test_a_version_that_no_deployed_consumer_reads_breaks(live: LiveStage) -> None:
    live.deploy_everything(
        notification=replace(NOTIFICATION, reads={**NOTIFICATION.reads, "billing.invoice.paid": (9,)})
    )

    result = diff()

    (line,) = lines_about(result, "billing")
    assert result.exit_code == 1
    assert "would send billing.invoice.paid v1 only; the deployed notification reads v9 only" in line
    assert "Deploy notification first" in line


def test_a_stage_without_glue_compares_what_services_say(live: LiveStage) -> None:
    result = diff(stage="embedded")

    assert result.exit_code == 0
    assert "stage embedded has no schema registry" in result.output


def test_missing_credentials_are_told_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    result = diff()

    assert result.exit_code == 2
    assert "cannot be asked: Unable to locate credentials; see --profile" in result.output


@pytest.mark.parametrize(
    ("args", "said"),
    [(["--profile", "nobody"], "(nobody) could not be found"), (["--endpoint-url", "no url"], "Invalid endpoint")],
)
def test_a_place_that_does_not_exist_is_told_of(args: list[str], said: str) -> None:
    result = diff(*args)

    assert result.exit_code == 2
    assert said in result.output


def test_wrong_use_is_told_of() -> None:
    no_stage = diff(stage="qa")
    no_live = CliRunner().invoke(app, ["schemas", "diff"])

    assert (no_stage.exit_code, no_live.exit_code) == (2, 2)
    assert "there is no stage 'qa'" in no_stage.output
    assert "--live" in no_live.output


def test_a_refusal_names_the_permissions_that_are_needed() -> None:
    glue = boto3.client("glue")
    stubber = Stubber(glue)
    stubber.add_client_error("list_schemas", "AccessDeniedException", "not you")

    with stubber, pytest.raises(CannotAsk, match=r"it needs glue:ListSchemas, ListSchemaVersions"):
        live_schemas(glue, "dev")


def test_a_schema_that_is_no_avro_is_told_of(live: LiveStage) -> None:
    live.register_everything(but=BillingInvoicePaid)
    live.register(BillingInvoicePaid, {"type": "object"})

    result = diff()

    assert result.exit_code == 2
    assert "in the registry is something else than Avro (billing.invoice.paid.v1, version 1)" in result.output


def test_something_else_in_the_place_of_a_contract_is_told_of(live: LiveStage) -> None:
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/breakwater/dev/contracts/billing", Value="[]", Type="String")

    with pytest.raises(CannotAsk, match="something else than a contract lies under /breakwater/dev/contracts"):
        live_contracts(ssm, "dev")
