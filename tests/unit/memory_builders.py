"""Small parts of a memory cloud, for tests of one of them at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

from local.memory.clock import VirtualClock
from local.memory.functions import MemoryFunction, Poller
from local.memory.queue import MemoryQueue
from runtime.manifest import Consumer, Function, Service, Subscription

START = datetime(2026, 5, 20, 14, 30, tzinfo=UTC)


def dice(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - they must fall the same way each time


def a_clock() -> VirtualClock:
    return VirtualClock(START)


def a_queue(clock: VirtualClock, name: str = "orders", **settings: Any) -> MemoryQueue:
    return MemoryQueue(name, clock=clock, random=dice(1), **settings)


def a_queue_with_dlq(clock: VirtualClock, *, tries: int = 3, **settings: Any) -> MemoryQueue:
    dead_letters = a_queue(clock, "orders-dlq")
    return a_queue(clock, max_receive_count=tries, dead_letter_queue=dead_letters, **settings)


def a_function(clock: VirtualClock, handler: Callable[[Any, Any], Any], *, timeout: int = 10) -> MemoryFunction:
    return MemoryFunction("worker", handler, clock=clock, random=dice(2), timeout=timeout)


def a_poller(clock: VirtualClock, queue: MemoryQueue, handler: Callable[[Any, Any], Any], **settings: Any) -> Poller:
    function = a_function(clock, handler, timeout=settings.pop("timeout", 10))
    return Poller(queue, function, clock=clock, random=dice(3), **settings)


def a_consumer(name: str, *types: str, **settings: Any) -> Consumer:
    return Consumer(
        function=Function(name=name, handler=f"functions.{name}.handler.consume", timeout=settings.pop("timeout", 10)),
        subscriptions=(Subscription(name="events", pattern={"detail-type": list(types)}),),
        dedup="state",
        **settings,
    )


def a_service(*consumers: Consumer, **parts: Any) -> Service:
    return Service(name=consumers[0].name, emits=(), consumers=consumers, **parts)


def an_entry(detail_type: str = "order.placed", **changes: Any) -> dict[str, Any]:
    entry = {"Source": "shop", "DetailType": detail_type, "Detail": json.dumps({"number": 1})}
    return {name: value for name, value in (entry | changes).items() if value is not None}


def bodies(event: dict[str, Any]) -> list[str]:
    return [record["body"] for record in event["Records"]]
