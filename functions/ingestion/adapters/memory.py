"""Ingestion without AWS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from events.envelope import CloudEvent
from runtime.errors import TransientError


class MemoryIntake:
    """Hands each event's message body to `deliver`, which raises TransientError for what it does not take."""

    def __init__(self, deliver: Callable[[str], None] | None = None) -> None:
        self.bodies: list[str] = []
        self._deliver = deliver or self.bodies.append

    def put(self, events: Sequence[CloudEvent]) -> Mapping[int, str]:
        failures: dict[int, str] = {}
        for index, event in enumerate(events):
            try:
                self._deliver(event.to_json())
            except TransientError as error:
                failures[index] = str(error)
        return failures
