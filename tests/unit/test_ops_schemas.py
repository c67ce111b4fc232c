"""`python -m ops schemas check` and `release`, on the real catalog and releases of the test's choice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import Result
from pydantic import create_model
from typer.testing import CliRunner

from contracts.languages import LANGUAGES
from contracts.releases import FOLDER, due, released
from events.catalog import BillingInvoicePaid
from ops.__main__ import app
from tests.unit.contract_builders import RELEASED

TYPE = "billing.invoice.paid"


@pytest.fixture
def past(tmp_path: Path) -> Path:
    """The releases, and one more in which `billing.invoice.paid` has a required `gift`."""
    folder = Path(shutil.copytree(FOLDER, tmp_path / "releases"))
    model = create_model("BillingInvoicePaid", __base__=BillingInvoicePaid, gift=str)
    [release] = due({(TYPE, 1): model}, released(folder), LANGUAGES, on=RELEASED)
    (folder / release.path).write_text(json.dumps(release.to_document()))
    return folder


def run(*arguments: str | Path, **options) -> Result:
    return CliRunner().invoke(app, ["schemas", *map(str, arguments)], **options)


def test_the_catalog_fits_what_was_released() -> None:
    answer = run("check")

    assert answer.exit_code == 0, answer.output
    assert answer.stdout.endswith("all is well\n")


def test_a_break_is_one_line_and_the_last_line_counts(past: Path) -> None:
    answer = run("check", "--against", past)

    *_, line, summary = answer.stdout.splitlines()
    assert answer.exit_code == 1
    assert line.startswith(f"{TYPE} v1: data.gift: removes it (PROPERTY_REMOVED, against release 2 of 2026-11-27)")
    assert summary.endswith("comparisons: 1 breaking change")


def test_only_the_types_that_were_asked_for_are_judged(past: Path) -> None:
    assert run("check", "billing.invoice.issued", "--against", past).exit_code == 0
    assert run("check", "billing.invoice.issued", TYPE, "--against", past).exit_code == 1


def test_scripts_get_json(past: Path) -> None:
    answer = json.loads(run("check", "--json", "--against", past).stdout)

    [verdict] = answer["verdicts"]
    assert not answer["passes"]
    assert (verdict["type"], verdict["version"], verdict["path"]) == (TYPE, 1, "data.gift")
    assert (verdict["directions"], verdict["releases"]) == (["forward"], [2])
    assert verdict["line"] == run("check", "--against", past).stdout.splitlines()[0]


def test_there_are_colours_for_a_terminal_alone(past: Path) -> None:
    assert "\x1b[" not in run("check", "--against", past).stdout
    assert "\x1b[" in run("check", "--against", past, color=True).stdout


@pytest.mark.parametrize("arguments", [["billing.invoice.lost"], ["--against", "/nowhere"], ["--colour"]])
def test_wrong_use_is_told_apart(arguments: list[str]) -> None:
    answer = run("check", *arguments)

    assert answer.exit_code == 2
    assert "Usage" in answer.stderr


def test_an_unknown_type_is_answered_with_those_there_are() -> None:
    assert "partner.usage.reported" in run("check", "billing.invoice.lost").stderr.replace("\n", "")


def test_an_edited_release_is_named(past: Path) -> None:
    path = past / TYPE / "v1" / "2.json"
    path.write_text(path.read_text().replace('"gift"', '"present"'))

    answer = run("check", "--against", past)

    assert answer.exit_code == 1
    assert "2.json was changed after its release" in answer.stderr


def test_nothing_is_due_when_nothing_has_changed() -> None:
    answer = run("release", "--dry-run")

    assert answer.exit_code == 0, answer.output
    assert answer.stdout == "nothing has changed since the last release\n"


def test_a_release_is_not_older_than_the_last_one() -> None:
    assert run("release", "--dry-run", "--date", "2026-11-26").exit_code == 2


def test_help_has_an_example() -> None:
    assert "python -m ops schemas check billing.invoice.paid" in run("check", "--help").stdout
    assert "python -m ops schemas release --date" in run("release", "--help").stdout
