"""`python -m ops deploy`, with what is live on moto and a cdk that tells what it was called with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result
from moto import mock_aws
from typer.testing import CliRunner

from contracts.avro import avro_of
from contracts.company import SERVICES
from contracts.gate import Judgement
from contracts.languages import LANGUAGES
from contracts.releases import InvalidRelease, Release, due
from events.catalog import CATALOG, BillingInvoicePaid
from ops import deploy, derived
from ops.__main__ import app
from ops.schemas import check
from runtime.contract import contract_of
from tests.contract.live_stage import LiveStage, let_moto_list_schemas, with_field

NOTIFICATION = contract_of(SERVICES[2])
OFFLINE_REFUSALS = deploy.offline_refusals
DEAF = replace(NOTIFICATION, reads={**NOTIFICATION.reads, "billing.invoice.paid": (9,)})


@pytest.fixture(autouse=True)
def in_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the repository itself is well is another test's subject."""
    monkeypatch.setattr(deploy, "offline_refusals", list)


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveStage]:
    let_moto_list_schemas(monkeypatch)
    with mock_aws():
        yield LiveStage()


@pytest.fixture
def cdk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], list[str]]:
    """The words and settings that cdk was called with; none when it was not."""
    told, script = tmp_path / "told", tmp_path / "bin" / "cdk"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" "region=$AWS_REGION" > {told}\nexit ${{CDK_EXIT:-0}}\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    return lambda: told.read_text().splitlines() if told.exists() else []


def run(*args: str) -> Result:
    return CliRunner().invoke(app, ["deploy", *args])


def test_the_first_deploy_goes_ahead(live: LiveStage, cdk: Callable[[], list[str]]) -> None:
    result = run("--stage", "dev")

    assert result.exit_code == 0, result.output
    assert "nothing is registered for stage dev yet" in result.output
    assert cdk() == ["deploy", "--all", "-c", "stage=dev", "region="]


def test_a_grouping_is_handed_on_and_its_group_can_be_deployed_by_itself(
    live: LiveStage, cdk: Callable[[], list[str]]
) -> None:
    run("Monolith", "--topology", "monolith", "--exclusively")

    assert cdk()[:-1] == ["deploy", "Monolith", "-c", "stage=dev", "-c", "topology=monolith", "--exclusively"]


def test_a_group_brings_the_code_of_all_its_services() -> None:
    request = deploy.Request.parse(
        ["Monolith"], stage="dev", exclusively=True, yes=False, profile=None, grouping="monolith"
    )

    assert request.services == {service.name for service in SERVICES}


def test_a_grouping_of_services_that_do_not_exist_is_wrong_use(cdk: Callable[[], list[str]]) -> None:
    result = run("--topology", "billing+shipping")

    assert (result.exit_code, cdk()) == (2, [])
    assert "'shipping'" in result.output


def test_stacks_options_and_what_is_cdk_s_own_are_handed_on(live: LiveStage, cdk: Callable[[], list[str]]) -> None:
    run("Billing", "Bus", "--exclusively", "--yes", "--region", "eu-west-1", "--", "--hotswap", "--method", "direct")

    assert cdk() == [
        *("deploy", "Billing", "Bus", "-c", "stage=dev", "--exclusively", "--require-approval", "never"),
        *("--hotswap", "--method", "direct", "region=eu-west-1"),
    ]


def test_cdk_s_exit_code_is_ours(
    live: LiveStage, cdk: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDK_EXIT", "7")

    assert run().exit_code == 7


def test_nothing_is_deployed_when_a_schema_would_break_what_is_live(
    live: LiveStage, cdk: Callable[[], list[str]]
) -> None:
    live.register_everything(but=BillingInvoicePaid)
    live.register(BillingInvoicePaid, with_field(avro_of(BillingInvoicePaid), name="tax", type="long"))

    result = run("Billing")

    assert result.exit_code == 1
    assert "billing.invoice.paid v1: BREAKS: cannot be read by version 1 there: tax:" in result.output
    assert "nothing was deployed" in result.output
    assert cdk() == []


@pytest.mark.parametrize(
    ("stacks", "exit_code"), [(["Billing"], 1), ([], 1), (["Contracts"], 0), (["Ingestion", "Notification"], 0)]
)
def test_only_the_services_that_are_deployed_are_held_against_the_deployed_others(
    live: LiveStage, cdk: Callable[[], list[str]], stacks: list[str], exit_code: int
) -> None:
    live.register_everything()
    live.deploy_everything(notification=DEAF)

    result = run(*stacks)

    assert result.exit_code == exit_code
    assert bool(cdk()) == (exit_code == 0)


@pytest.mark.parametrize(
    ("stacks", "deployed"),
    [([], ["Bus", "Ingestion", "Billing", "Notification"]), (["Billing"], ["Bus", "Billing"]), (["Contracts"], None)],
)
def test_a_registry_that_is_ahead_stays_as_it_is(
    live: LiveStage, cdk: Callable[[], list[str]], stacks: list[str], deployed: list[str] | None
) -> None:
    live.register_everything(but=BillingInvoicePaid)
    paid = avro_of(BillingInvoicePaid)
    live.register(BillingInvoicePaid, paid, with_field(paid, name="note", type=["null", "string"], default=None))

    result = run(*stacks)

    assert "billing.invoice.paid v1: the registry is ahead of this repository" in result.output
    assert result.exit_code == (0 if deployed else 2)
    assert cdk() == (["deploy", *deployed, "-c", "stage=dev", "--exclusively", "region="] if deployed else [])


def test_the_comparison_can_be_skipped(live: LiveStage, cdk: Callable[[], list[str]]) -> None:
    live.deploy_everything(notification=DEAF)

    assert run("--skip-live").exit_code == 0
    assert cdk()


def test_nothing_is_deployed_when_the_repository_itself_is_not_well(
    live: LiveStage, cdk: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deploy, "offline_refusals", lambda: ["a breaking change"])

    result = run("--skip-live")

    assert result.exit_code == 1
    assert "a breaking change" in result.output
    assert cdk() == []


def test_nothing_is_deployed_when_the_stage_cannot_be_asked(
    cdk: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deploy, "offline_refusals", lambda: ["a breaking change"])

    result = run("--profile", "nobody")

    assert result.exit_code == 2
    assert "a breaking change" in result.output
    assert "--skip-live deploys without the comparison" in result.output
    assert cdk() == []


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["Biling"], "there is no stack Biling; known: Bus, Contracts, Ingestion, Billing, Notification"),
        (["--stage", "qa"], "there is no stage 'qa'"),
    ],
)
def test_what_does_not_exist_is_refused(cdk: Callable[[], list[str]], args: list[str], said: str) -> None:
    result = run(*args)

    assert result.exit_code == 2
    assert said in result.output
    assert cdk() == []


def test_a_machine_without_cdk_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    result = run()

    assert result.exit_code == 2
    assert "npm install -g aws-cdk@" in result.output


@pytest.fixture
def healthy(monkeypatch: pytest.MonkeyPatch) -> Mapping[tuple[str, int], list[Release]]:
    """A repository that passes the gate; its releases."""
    passes = check.Report(types=0, judgement=Judgement(verdicts=(), notes=(), compared=0), stale=(), wiring=())
    monkeypatch.setattr(check, "report", lambda: passes)
    made = due(CATALOG, {}, LANGUAGES, on=date(2026, 11, 27))
    return {(release.type, release.version): [release] for release in made}


def test_the_gate_s_answer_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    judgement = Judgement(verdicts=(), notes=(), compared=0)
    stale = check.Report(types=0, judgement=judgement, stale=("v1.json is missing",), wiring=())
    monkeypatch.setattr(check, "report", lambda: stale)

    assert any("v1.json is missing" in line for line in OFFLINE_REFUSALS())


def test_what_is_not_released_is_not_deployed(
    healthy: Mapping[tuple[str, int], list[Release]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deploy, "released", lambda: healthy)
    when_all_is_released = OFFLINE_REFUSALS()
    rest = {key: releases for key, releases in healthy.items() if key != ("billing.invoice.paid", 1)}
    monkeypatch.setattr(deploy, "released", lambda: rest)

    (line,) = OFFLINE_REFUSALS()

    assert when_all_is_released == []
    assert line.startswith("not released yet: billing.invoice.paid v1. Run `python -m ops schemas release`")


def test_a_release_that_was_edited_stops_a_deploy(monkeypatch: pytest.MonkeyPatch) -> None:
    def edited() -> None:
        raise InvalidRelease("1.json was changed after its release")

    monkeypatch.setattr(check, "report", edited)

    assert OFFLINE_REFUSALS() == ["1.json was changed after its release"]


def test_the_readme_s_cdk_is_the_one_that_is_recommended() -> None:
    assert deploy.INSTALL in (derived.ROOT / "README.md").read_text()
