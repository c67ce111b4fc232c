"""What every test stands on: a clean environment and a seeded world."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader
from hypothesis import settings
from xdist.scheduler import LoadGroupScheduling

#: Each has something that takes long to make and is shared: one process makes it and runs them all, but for tests that
#: say that they make their own.
_TOGETHER = ("browser", "infra", "stack")
#: Groups and files that take longest, in the order in which processes begin them: what comes last should be short.
_FIRST = (
    *("stack", "kills", "topology", "incidents", "dead letters", "traces"),
    *("tests/flow/test_simulation.py", "crash points", "tests/contract/test_letters_moving.py"),
    *("tests/unit/test_schemas_editing.py", "tests/flow/test_breaking_changes.py", "browser", "infra"),
    *("tests/contract/test_faults_on_real_calls.py", "tests/flow/test_mutations.py", "tests/flow/test_releasing.py"),
)


class _ByGroupOrFile(LoadGroupScheduling):
    """A process gets whole files: what a file shares is made once, and there is less to hand out."""

    def _split_scope(self, nodeid: str) -> str:
        return super()._split_scope(nodeid).partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _ByGroupOrFile | None:
    config.option.loadscopereorder = False  # in the order of the tests, not by their number
    return _ByGroupOrFile(config, log) if config.option.dist == "loadgroup" else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in _TOGETHER and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(folder))
    if hasattr(config, "workerinput"):  # one of several processes
        items.sort(key=_place)  # what is equal stays in its random order


def _place(item: pytest.Item) -> int:
    group = item.get_closest_marker("xdist_group")
    scope = group.args[0] if group else item.nodeid.partition("::")[0]
    return _FIRST.index(scope) if scope in _FIRST else len(_FIRST)


# Each session of botocore reads the services' descriptions anew, which is much of a test's time. Nobody changes them.
_described = cache(JSONFileLoader().load_file)
JSONFileLoader.load_file = lambda _, path: _described(path)


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
