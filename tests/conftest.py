"""What every test stands on: a clean environment and a seeded world."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

#: Each has something that takes long to make and is shared: one process makes it and runs them all, but for tests that
#: say that they make their own.
_TOGETHER = ("browser", "infra", "stack")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in _TOGETHER and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(folder))


# The same examples in every run: what a run finds, everybody finds.
settings.register_profile("breakwater", deadline=None, derandomize=True)
settings.load_profile("breakwater")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No AWS account, profile or endpoint of the person at the keyboard reaches a test."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "POWERTOOLS_", "BREAKWATER_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
