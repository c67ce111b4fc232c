"""Ingestion without AWS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from events.envelope import CloudEvent
from functions.ingestion.adapters.messages import message_body
from runtime.claim_check import ClaimChecks
from runtime.errors import TransientError


class MemoryIntake:
    """Hands each event's message body to `deliver`, which raises TransientError for what it does not take."""

    def __init__(self, claims: ClaimChecks, deliver: Callable[[str], None] | None = None) -> None:
        self.bodies: list[str] = []
        self._claims = claims
        self._deliver = deliver or self.bodies.append

    def put(self, events: Sequence[CloudEvent]) -> Mapping[int, str]:
        failures: dict[int, str] = {}
        for index, event in enumerate(events):
            try:
                self._deliver(message_body(event, self._claims))
            except TransientError as error:
                failures[index] = str(error)
        return failures
