"""What our launcher puts into the emulator: faults at functions' calls, and batches as large as on AWS."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from local.embedded.emulator_faults import NAMES, PATH, Faults
from local.embedded.launcher import _is_filling, _window

ROLE = b"AWS4-HMAC-SHA256 Credential=ASIA0123456789ABCDEF/20261122/us-east-1/%s/aws4_request, SignedHeaders=host"
ROOT = b"AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/dynamodb/aws4_request, SignedHeaders=host"


class Emulator:
    """An ASGI application that counts what it executes, and the answers that reach the caller."""

    def __init__(self) -> None:
        self.executed = 0
        self.sent: list[dict[str, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.executed += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    async def receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    def called(self, faults: Faults, credential: bytes = ROLE % b"dynamodb", *, path: str = "/") -> int:
        """The answer's status; 0 when it breaks off."""
        headers = [(b"authorization", credential), (b"x-amz-target", b"DynamoDB_20120810.PutItem")]
        scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
        self.sent.clear()
        asyncio.run(faults(scope, self.receive, self.send))
        return 0 if self.sent[-1].get("more_body") else int(self.sent[0]["status"])

    def told(self, faults: Faults) -> dict[str, int]:
        self.called(faults, path=PATH)
        return dict(json.loads(self.sent[-1]["body"]))


def test_every_fault_is_thrown_at_functions_calls_and_counted() -> None:
    emulator = Emulator()
    faults = Faults(emulator, rate=1, seed=1)

    statuses = {emulator.called(faults) for _ in range(50)}

    assert statuses == {0, 400, 500}
    assert {*emulator.told(faults)} == {f"dynamodb PutItem {name}" for name in NAMES}
    assert emulator.executed == emulator.told(faults)["dynamodb PutItem cut_off"]


@pytest.mark.parametrize("credential", [ROOT, b""], ids=["somebody else's", "no"])
def test_calls_with_other_credentials_are_spared(credential: bytes) -> None:
    emulator = Emulator()
    faults = Faults(emulator, rate=1, seed=1)

    assert emulator.called(faults, credential) == 200
    assert emulator.told(faults) == {}


def test_the_same_seed_throws_the_same_faults() -> None:
    one, other = (Faults(Emulator(), rate=0.5, seed=3) for _ in range(2))

    emulator = Emulator()
    assert [emulator.called(one) for _ in range(30)] == [emulator.called(other) for _ in range(30)]


def queue(*ages: float) -> dict[str, Any]:
    """With messages that can be seen since so many seconds; those of a negative age will be later."""
    now = time.time()
    return {"attributes": {"QueueArn": "arn:q"}, "messages": [{"visible_at": now - age} for age in ages]}


@pytest.mark.parametrize(
    ("ages", "window", "filling"),
    [
        ([], 0, True),
        ([0], 0, False),
        ([0, 5, 20], 60, True),
        ([0, 5, 90], 60, False),
        ([0, 1, 2, 3], 60, False),
        ([0, -30, -30, -30], 60, True),
    ],
    ids=["nothing is there", "no window", "the window is open", "the window is over", "full", "not yet to be seen"],
)
def test_a_batch_of_four_waits_until_it_is_full_or_its_window_is_over(
    ages: list[float], window: float, filling: bool
) -> None:
    assert _is_filling(queue(*ages), 4, window) is filling


def test_the_window_is_that_of_the_queue_s_own_mapping() -> None:
    mappings = [
        {"EventSourceArn": "arn:q", "MaximumBatchingWindowInSeconds": 2},
        {"EventSourceArn": "arn:other", "MaximumBatchingWindowInSeconds": 9},
    ]

    assert _window(queue(), mappings) == 2
