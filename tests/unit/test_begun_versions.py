"""A version that `python -m ops schemas bump` has begun is not done before its old events are told what they become."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_stored_example_of_an_old_version_says_what_it_becomes() -> None:
    stored = sorted((ROOT / "tests/unit/old_versions").rglob("*.json"))
    open_ = {path: json.loads(path.read_text())["next"].get("to do") for path in stored}

    assert stored
    assert [f"{path.relative_to(ROOT)}: {to_do}" for path, to_do in open_.items() if to_do] == []
