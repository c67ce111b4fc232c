"""What a consumer sees of its queue: the twin of runtime.queue.SqsQueue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from local.memory.queue import MemoryQueue, QueueRefused
from runtime.errors import DependencyUnavailable


class QueuePort:
    """A runtime.queue.Queue on a memory queue and its DLQ."""

    def __init__(self, queue: MemoryQueue, dead_letter_queue: MemoryQueue) -> None:
        self._queue = queue
        self._dead_letter_queue = dead_letter_queue

    def send(self, body: str) -> None:
        """What an API in front of the queue does. Raises TransientError."""
        with _queue_errors():
            self._queue.send(body)

    def dead_letter(self, body: str, attributes: Mapping[str, str]) -> None:
        with _queue_errors():
            self._dead_letter_queue.send(body, {name: value for name, value in attributes.items() if value})

    def delay(self, receipt_handle: str, seconds: int) -> None:
        with _queue_errors():
            self._queue.change_visibility(receipt_handle, seconds)

    def defer(self, body: str, attributes: Mapping[str, str], seconds: int) -> None:
        with _queue_errors():
            self._queue.send(body, {name: value for name, value in attributes.items() if value}, delay=seconds)


@contextmanager
def _queue_errors() -> Iterator[None]:
    try:
        yield
    except QueueRefused as error:
        raise DependencyUnavailable(f"SQS: {error}") from error
