"""One embedded stack for the session: the synthesised templates on the emulator. Tests keep apart by their ids."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import pytest

from local.embedded.client import Client
from local.embedded.hops import Watcher
from local.embedded.stack import Stack, deploy_stack, endpoint
from tests.stack.grant_probes import milliseconds


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/stack/" in item.path.as_posix():
            item.add_marker(pytest.mark.stack)


@pytest.fixture(scope="session")
def clean_environ() -> dict[str, str]:
    """This process's environment without anything that would lead to somebody's AWS account."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BREAKWATER_"))}


@pytest.fixture(scope="session")
def stack(clean_environ: dict[str, str]) -> Iterator[Stack]:
    with endpoint(clean_environ, print) as (cloud, is_ours):
        yield deploy_stack(cloud, clean_environ, print, is_ours=is_ours)


@pytest.fixture(scope="session")
def watcher(stack: Stack) -> Iterator[Watcher]:
    with Watcher(stack, on_hop=lambda _: None, since=milliseconds()) as watcher:
        yield watcher


@pytest.fixture(scope="session")
def client(stack: Stack) -> Client:
    return Client(stack)


@pytest.fixture
def unique() -> str:
    """What sets this test's customers, events and invoices apart from all others'."""
    return secrets.token_hex(4)
