"""What ingestion needs of the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from events.envelope import CloudEvent


class Intake(Protocol):
    """The queue in front of ingestion, as the HTTP API fills it."""

    def put(self, events: Sequence[CloudEvent]) -> Mapping[int, str]:
        """Accept the events for good; what is not in the answer is safe.

        The answer names those that were not taken, by their index, with the reason. Raises nothing for a
        queue that is down: then all are in the answer.
        """
