from __future__ import annotations

import pytest

from runtime.errors import ConfigurationError
from runtime.settings import CommaSeparated, Settings


class Example(Settings):
    table: str
    limit: int = 10
    hosts: CommaSeparated = ()


def test_settings_come_from_variables_named_like_the_fields() -> None:
    settings = Example.from_env({"TABLE": "t", "LIMIT": "3", "HOSTS": "a, b,", "OTHER": "x"})

    assert settings == Example(table="t", limit=3, hosts=("a", "b"))


def test_everything_that_is_missing_or_wrong_is_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Example.from_env({"LIMIT": "many"})

    assert {(p.field, p.message.split(",")[0]) for p in caught.value.problems} == {
        ("TABLE", "is not set"),
        ("LIMIT", "Input should be a valid integer"),
    }
    assert "TABLE: is not set" in str(caught.value)
