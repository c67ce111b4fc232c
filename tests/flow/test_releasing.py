"""What is about to be deployed is frozen first, once, and only when nobody is hurt."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.flow.trees import Tree, copy_of_the_project

CATALOG = "events/catalog.py"
PAID_AT = "    paid_at: Moment | None = None\n"
RELEASES = "events/releases/billing.invoice.paid/v1"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return copy_of_the_project(tmp_path)


def releases(tree: Tree) -> list[str]:
    return sorted(file.name for file in (tree.root / RELEASES).iterdir())


def test_a_change_is_released_once(tree: Tree) -> None:
    before = releases(tree)
    tree.edit(CATALOG, PAID_AT, f"{PAID_AT}    settled_by: Identifier | None = None\n")
    tree.schemas("write")

    due = tree.schemas("release", "--dry-run")
    unwritten = releases(tree)
    released = tree.schemas("release", "--date", "2999-12-31", "--json")
    again = tree.schemas("release", "--dry-run", "--date", "2999-12-31")

    assert (due.returncode, released.returncode, again.returncode) == (1, 0, 0), released.stdout
    assert f"due: billing.invoice.paid v1, release {len(before) + 1} of " in due.stdout
    assert unwritten == before
    assert f"{RELEASES}/{len(before) + 1}.json" in [summary["path"] for summary in json.loads(released.stdout)]
    assert len(releases(tree)) == len(before) + 1
    assert again.stdout == "nothing has changed since the last release\n"


def test_nothing_is_released_while_somebody_would_be_hurt(tree: Tree) -> None:
    before = releases(tree)
    tree.edit(CATALOG, PAID_AT, f"{PAID_AT}    settled_by: Identifier\n")
    tree.schemas("write")

    answer = tree.schemas("release")

    assert answer.returncode == 1
    assert "data.settled_by: adds it as a required field" in answer.stdout
    assert releases(tree) == before
