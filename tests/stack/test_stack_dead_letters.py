"""Dead letters on the stack: grouped, and one kind redriven while the command is killed twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from bench.dead_letters import Settings, run
from local.embedded.client import Client
from local.embedded.paths import PROJECT
from local.embedded.stack import Stack
from tests.stack.stack_builders import dead_letters_of, invoice_paid, soon


@pytest.mark.xdist_group("dead letters")  # an emulator of its own: it waits until nothing at all is under way
@pytest.mark.skipif(sys.platform == "win32", reason="a process is killed without a word")
def test_a_kind_is_redriven_once_each_although_the_command_is_killed_twice() -> None:
    result = run(Settings(count=300, rate=20, lease=10, patience=300), print)

    assert result.is_exact, result
    assert result.kills == 2
    assert result.steps["sent"] >= 60


def dlq(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, as an operator calls it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "ops", "dlq", *words, "--stage", "embedded"],
        cwd=PROJECT,
        env=clean | stack.cloud.environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_poisoned_event_is_found_mended_and_has_its_effect(stack: Stack, client: Client, unique: str) -> None:
    event = invoice_paid(f"poison-{unique}", f"cus-{unique}")
    client.put(event.model_copy(update={"data": {**event.data, "amount": "a lot"}}))
    soon(lambda: dead_letters_of(client, "notification", event.id), "the dead letter")

    shown = dlq(stack, "show", event.id)
    sent = dlq(stack, "edit", event.id, "--set", "data.amount=4900", "--why", "the partner sent words", "--yes")
    told = json.loads(dlq(stack, "audit", "--json").stdout)

    assert "data.amount: Input should be a valid integer" in shown.stdout, shown
    assert sent.returncode == 0, sent
    assert (told[0]["verb"], told[0]["why"]) == ("edit", "the partner sent words")
    assert not [
        x
        for x in client.dead_letters("notification")
        if x.reason.get("reason") == "unreadable" and x.reason.get("event_id") == event.id
    ]
