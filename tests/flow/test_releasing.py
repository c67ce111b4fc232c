"""What is about to be deployed is frozen first, once, and only when nobody is hurt."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.flow.trees import Tree, copy_of_the_project

CATALOG = "events/catalog.py"
PAID_AT = "    paid_at: Moment | None = None\n"
SECOND = "events/releases/billing.invoice.paid/v1/2.json"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return copy_of_the_project(tmp_path)


def test_a_change_is_released_once(tree: Tree) -> None:
    tree.edit(CATALOG, PAID_AT, f"{PAID_AT}    settled_by: Identifier | None = None\n")
    tree.schemas("write")

    due = tree.schemas("release", "--dry-run")
    released = tree.schemas("release", "--date", "2026-12-24", "--json")
    again = tree.schemas("release", "--date", "2026-12-24")

    assert (due.returncode, released.returncode, again.returncode) == (1, 0, 0), released.stdout
    assert due.stdout.startswith("due: billing.invoice.paid v1, release 2 of ")
    [summary] = json.loads(released.stdout)
    assert (summary["path"], summary["revision"], summary["released"]) == (SECOND, 2, "2026-12-24")
    assert again.stdout == "nothing has changed since the last release\n"


def test_nothing_is_released_while_somebody_would_be_hurt(tree: Tree) -> None:
    tree.edit(CATALOG, PAID_AT, f"{PAID_AT}    settled_by: Identifier\n")
    tree.schemas("write")

    answer = tree.schemas("release")

    assert answer.returncode == 1
    assert "data.settled_by: adds it as a required field" in answer.stdout
    assert not (tree.root / SECOND).exists()
