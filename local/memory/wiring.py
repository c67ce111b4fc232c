"""Queues and their pollers as plain data: what is held against the deployed templates."""

from __future__ import annotations

from typing import Any

from local.memory.functions import Poller
from local.memory.queue import MemoryQueue


def name_of(queue: MemoryQueue | None) -> str | None:
    return None if queue is None else queue.name  # an empty queue is false


def queue_wiring(queue: MemoryQueue) -> dict[str, Any]:
    return {
        "visibility_timeout": queue.visibility_timeout,
        "max_receive_count": queue.max_receive_count,
        "dead_letter_queue": name_of(queue.dead_letter_queue),
    }


def poller_wiring(poller: Poller) -> dict[str, Any]:
    return {
        "queue": poller.queue.name,
        "batch_size": poller.batch_size,
        "batching_window": poller.batching_window,
        "max_concurrency": poller.max_concurrency,
        "timeout": poller.function.timeout,
        "report_batch_item_failures": True,
    }
