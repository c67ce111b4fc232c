from __future__ import annotations

from datetime import date
from pathlib import Path

from ops.schemas.lifecycles import lifecycle_problems, naming

CONTACT = "customer.contact.updated"


def test_the_catalog_keeps_the_rules_of_a_versions_life() -> None:
    assert lifecycle_problems(today=date.max) == []


def test_who_names_a_versions_model_is_found_and_nobody_else(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("from events.catalog import CustomerContactUpdatedV1")
    (tmp_path / "new.py").write_text("payload = CustomerContactUpdated(name=name)")

    users = naming(tmp_path)

    assert [Path(file).name for file in users[CONTACT, 1]] == ["old.py"]
    assert [Path(file).name for file in users[CONTACT, 2]] == ["new.py"]
