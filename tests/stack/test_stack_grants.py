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
    denied,
    deployed_grants,
    grants_beyond_the_emulator,
    grants_for_lambda,
    lambda_may,
    milliseconds,
    without,
)
from tests.stack.stack_builders import soon


def test_the_deployed_grants_are_those_that_are_needed(stack: Stack) -> None:
    needed = {*(probe.grant for probe in PROBES), *grants_for_lambda(), *grants_beyond_the_emulator()}

    assert deployed_grants(stack) == needed


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: str(probe.grant))
def test_a_flow_fails_and_says_why_when_a_grant_is_taken_away(
    stack: Stack, client: Client, unique: str, probe: Probe
) -> None:
    probes, grant = Probes(stack, client), probe.grant
    broken = [probe.also] if probe.also else []

    with without(stack, grant.function, broken):
        before = milliseconds()
        probe.send(probes, f"{unique}-granted")
        was_denied = denied(stack, grant, since=before)
    with without(stack, grant.function, [grant, *broken]):
        after = milliseconds()
        probe.send(probes, f"{unique}-taken-away")
        soon(lambda: denied(stack, grant, since=after), f"{grant.function} says that it may not")

    assert not was_denied


@pytest.mark.parametrize("grant", list(grants_for_lambda()), ids=str)
def test_lambda_cannot_act_for_a_function_when_a_grant_is_taken_away(stack: Stack, grant: Grant) -> None:
    assert lambda_may(stack, grant)

    with without(stack, grant.function, [grant]):
        assert not lambda_may(stack, grant)
