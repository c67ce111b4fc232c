"""All services in one function: the demonstration, on a stack of its own."""

from __future__ import annotations

from io import StringIO

import pytest

from local.embedded.hops import Watcher
from local.embedded.play import Play
from local.embedded.stack import deploy_stack, endpoint
from local.embedded.telling import Teller
from tests.stack.grant_probes import milliseconds

pytestmark = pytest.mark.xdist_group("topology")  # an emulator of its own


def test_the_demonstration_comes_out_the_same_in_a_monolith(clean_environ: dict[str, str]) -> None:
    environ = clean_environ | {"BREAKWATER_TOPOLOGY": "monolith"}
    with endpoint(environ, print) as (cloud, is_ours):
        stack = deploy_stack(cloud, environ, print, is_ours=is_ours)
        functions = cloud.client("lambda").list_functions()["Functions"]
        with Watcher(stack, on_hop=lambda _: None, since=milliseconds()) as watcher:
            outcomes = Play(stack, watcher, Teller(StringIO())).perform()

    assert [function["FunctionName"] for function in functions] == ["breakwater-embedded-monolith"]
    assert [outcome for outcome in outcomes if not outcome.ok] == []
