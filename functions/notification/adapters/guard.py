"""Each channel once for each event: the runtime's idempotency, one memory for each channel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from events.envelope import CloudEvent
from runtime.idempotency import EventRecords, Once
from runtime.outcome import Handle, Outcome


class ChannelGuard:
    """A Guard (functions.notification.ports) over any store of the runtime's."""

    def __init__(self, store: EventRecords, consumer: str, channels: Iterable[str]) -> None:
        self._once = {channel: Once(store, f"{consumer}.{channel}") for channel in channels}

    def register(self, context: Any) -> None:
        """Before each invocation: ties the locks to its time limit."""
        for once in self._once.values():
            once.register(context)

    def __call__(self, channel: str, handle: Handle, event: CloudEvent) -> Outcome:
        return self._once[channel].run(handle, event)
