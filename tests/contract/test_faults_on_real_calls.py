"""Whatever AWS does to a request: our own errors come out, nothing is half done, and again ends as once would have."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from botocore import xform_name
from moto import mock_aws
from moto.core.models import MockAWS, botocore_stubber

from local.aws_faults import ALL, Fault, Faults, Plan, first
from runtime import aws
from runtime.errors import TransientError
from runtime.http import HttpProblem
from tests.contract.fault_subjects import SUBJECTS, Aws, Doing, Subject

PROJECT = Path(__file__).parents[2]
#: Tries until what failed has to be done.
TRIES = 4


@pytest.fixture(autouse=True)
def impatient_clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clients are made anew, as cold functions make them, and do not wait between their attempts."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    yield
    aws.client.cache_clear()


def moto() -> MockAWS:
    """Empty, and without what mock_aws does for clients that were made before it."""
    return mock_aws(config={"core": {"reset_boto3_session": False}})


def on_moto(plan: Plan = lambda _: None) -> Aws:
    return Aws(Faults(lambda request: botocore_stubber("before-send", request), plan))


def is_done(doing: Doing) -> bool:
    """Whether it succeeded now. Nothing but an error that asks for another try comes out of it."""
    try:
        doing.do()
    except TransientError:
        return False
    except HttpProblem as problem:
        if problem.status != HTTPStatus.CONFLICT:
            raise
        return False
    return True


@cache
def once(subject: Subject) -> tuple[tuple[object, ...], int, frozenset[str]]:
    """Effect, times and requests of a subject, done without a fault."""
    with moto():
        world = on_moto()
        doing = subject.begin(world)
        assert any(is_done(doing) for _ in range(TRIES))
        requests = frozenset(f"{service}:{operation}" for service, operation in world.faults.requests)
        return doing.effect(), doing.times(), requests


def cases() -> Iterator[pytest.param]:
    for subject in SUBJECTS:
        for operation in subject.operations:
            for fault in ALL:
                if fault.applies(operation.partition(":")[2]):
                    yield pytest.param(subject, operation, fault, id=f"{subject.name}-{operation}-{fault}")


@pytest.mark.parametrize("requests", [1, 2], ids=["the SDK's retry gets through", "the whole call fails"])
@pytest.mark.parametrize(("subject", "operation", "fault"), [*cases()])
def test_it_ends_as_if_nothing_had_happened(subject: Subject, operation: str, fault: Fault, requests: int) -> None:
    effect, times, _ = once(subject)
    service, _, name = operation.partition(":")
    world = on_moto(first(fault, operation=name, requests=requests))
    with moto():
        doing = subject.begin(world)
        nothing = doing.effect()

        done = is_done(doing)
        between = doing.effect()
        assert done or any(is_done(doing) for _ in range(TRIES))

        assert {*world.faults.thrown} == {(service, name, str(fault))}
        assert all(part in (before, after) for part, before, after in zip(between, nothing, effect, strict=True))
        assert doing.effect() == effect
        if requests == 1 and not fault.executes:
            assert doing.times() == times


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_the_list_names_the_requests_that_a_subject_makes(subject: Subject) -> None:
    assert once(subject)[2] == frozenset(subject.operations)


def calls_in(path: Path) -> Iterator[str]:
    """The client methods that a module calls, by how it names clients."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            if owner.split(".")[-1] in ("client", "_client"):
                yield node.func.attr


def test_no_request_of_any_adapter_is_missing_from_the_list() -> None:
    modules = [path for folder in ("functions", "runtime") for path in (PROJECT / folder).rglob("*.py")]
    made = {(path.relative_to(PROJECT).as_posix(), call) for path in modules for call in calls_in(path)}
    ours = [subject for subject in SUBJECTS if (PROJECT / subject.module).exists()]
    listed = {(s.module, xform_name(operation.partition(":")[2])) for s in ours for operation in s.operations}

    assert made == listed


def test_every_client_has_two_quick_attempts() -> None:
    config = aws.client("dynamodb").meta.config

    assert config.retries == {"mode": "standard", "total_max_attempts": 2}
    assert boto3.client("dynamodb").meta.config.retries != config.retries
