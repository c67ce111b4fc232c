"""The stack tests on the endpoint that AWS_ENDPOINT_URL names: LocalStack, or another. Skipped without one."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from local.embedded.stack import Stack, deploy_stack, endpoint
from tests.stack.conftest import client, unique, watcher

__all__ = ["client", "unique", "watcher"]

_ENVIRONMENT = dict(os.environ)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/aws/" in item.path.as_posix():
            item.add_marker(pytest.mark.aws)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    if "AWS_ENDPOINT_URL" not in _ENVIRONMENT:
        pytest.skip("opt-in: set AWS_ENDPOINT_URL and credentials for it")
    with endpoint(_ENVIRONMENT, print) as (cloud, is_ours):
        yield deploy_stack(cloud, _ENVIRONMENT, print, is_ours=is_ours)
