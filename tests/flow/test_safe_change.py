"""A safe change needs no ceremony: one field in one model, and neighbours of yesterday and today read each other."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from contracts.releases import history
from ops import derived
from ops.schemas.artefacts import documents
from tests.flow import neighbour
from tests.flow.trees import Tree, copy_of_the_project

pytestmark = pytest.mark.xdist_group("safe change")  # the trees are made once

CATALOG = "events/catalog.py"
BILLING = "functions/billing/domain.py"
TYPE = "billing.invoice.paid"
SCHEMA = f"events/schemas/{TYPE}/v1.json"


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """The project with an optional field more in `billing.invoice.paid`."""
    tree = copy_of_the_project(tmp_path_factory.mktemp("changed"))
    paid_at = "    paid_at: Moment | None = None\n"
    tree.edit(
        CATALOG,
        paid_at,
        f'{paid_at}    settled_by: Identifier | None = Field(default=None, description="card or sepa")\n',
    )
    assert tree.schemas("write").returncode == 0
    return tree


@pytest.fixture(scope="module")
def filled(changed: Tree, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """The same, with a billing that fills the field."""
    tree = copy_of_the_project(tmp_path_factory.mktemp("filled"))
    for file in changed.changed():
        (tree.root / file).parent.mkdir(parents=True, exist_ok=True)
        (tree.root / file).write_bytes((changed.root / file).read_bytes())
    tree.edit(BILLING, "        paid_at=paid_at,\n", '        paid_at=paid_at,\n        settled_by="card",\n')
    return tree


@pytest.fixture(scope="module")
def yesterday() -> str:
    """The event as it is sent today, before the change."""
    return neighbour.pay(neighbour.company())


@pytest.fixture(scope="module")
def tomorrow(filled: Tree) -> str:
    """The event as the changed billing sends it."""
    return elsewhere(filled, "pay")


def elsewhere(tree: Tree, *arguments: str, stdin: str = "") -> str:
    done = tree.run("-c", Path(neighbour.__file__).read_text(encoding="utf-8"), *arguments, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]  # after the log's


def receipt(event: str) -> list[str]:
    return [f"Receipt for invoice {json.loads(event)['data']['invoice_id']}: USD 499.00"]


def test_an_optional_field_passes_the_check(changed: Tree) -> None:
    answer = changed.schemas("check")

    assert answer.returncode == 0, answer.stdout


def test_an_optional_field_is_one_line_in_one_file_and_the_rest_is_derived(changed: Tree) -> None:
    files = changed.changed()

    assert {CATALOG, SCHEMA} <= files
    assert files - {CATALOG} <= {derived.name(path) for path in documents()}


def test_yesterdays_consumer_tells_the_customer_of_tomorrows_event(tomorrow: str) -> None:
    subjects = neighbour.tell(neighbour.company(), tomorrow)

    assert json.loads(tomorrow)["data"]["settled_by"] == "card"
    assert json.loads(subjects) == receipt(tomorrow)


def test_tomorrows_consumer_tells_the_customer_of_yesterdays_event(filled: Tree, yesterday: str) -> None:
    subjects = elsewhere(filled, "tell", stdin=yesterday)

    assert "settled_by" not in yesterday
    assert json.loads(subjects) == receipt(yesterday)


def test_the_released_schema_takes_tomorrows_event(tomorrow: str) -> None:
    release = history(TYPE, 1)[-1]

    jsonschema.Draft202012Validator(release.json_schema).validate(json.loads(tomorrow)["data"])


def test_tomorrows_schema_takes_yesterdays_event(changed: Tree, yesterday: str) -> None:
    schema = json.loads((changed.root / SCHEMA).read_text(encoding="utf-8"))

    assert "settled_by" in schema["properties"]
    jsonschema.Draft202012Validator(schema).validate(json.loads(yesterday)["data"])
