"""Least privilege, from below: each grant that a stack gives is needed, and a function without it fails and says so."""

from __future__ import annotations

import pytest

from local.embedded.client import Client
from local.embedded.stack import Stack
from tests.stack.grant_probes import (
    PROBES,
    Grant,
    Probe,
    Probes,
    Trials,
    denied,
    deployed_grants,
    grants_beyond_the_emulator,
    grants_for_lambda,
    lambda_may,
    without,
)


def test_the_deployed_grants_are_those_that_are_needed(stack: Stack) -> None:
    needed = {*(probe.grant for probe in PROBES), *grants_for_lambda(), *grants_beyond_the_emulator()}

    assert deployed_grants(stack) == needed


@pytest.fixture(scope="module")
def trials(stack: Stack, client: Client) -> Trials:
    return Trials(Probes(stack, client))


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: str(probe.grant))
def test_a_flow_fails_and_says_why_when_a_grant_is_taken_away(trials: Trials, probe: Probe) -> None:
    granted = trials.granted(probe)
    taken_away = trials.taken_away(probe)

    assert not denied(probe.grant, granted)
    assert denied(probe.grant, taken_away)


@pytest.mark.parametrize("grant", list(grants_for_lambda()), ids=str)
def test_lambda_cannot_act_for_a_function_when_a_grant_is_taken_away(stack: Stack, grant: Grant) -> None:
    assert lambda_may(stack, grant)

    with without(stack, grant.function, [grant]):
        assert not lambda_may(stack, grant)
