"""What is measured of a batch: of a consumer's records, and of a relay's events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from runtime.delivery import Delivery
from runtime.emf import Emf, Samples
from runtime.errors import Throttled
from runtime.manifest import Slo
from runtime.metrics import (
    AGE_AT_PICK_UP,
    BATCH_SIZE,
    BY_FATE,
    COMES_AGAIN,
    CRITICAL_TIME,
    HANDLER_TIME,
    OUTBOX_LAG,
    SETTLED,
    SLOW,
    THROTTLED,
)


class ConsumerMeter:
    """Measures the batches of one consumer. Nothing of one is left for the next."""

    def __init__(self, emf: Emf, slo: Slo | None) -> None:
        self._emf = emf
        self._slow_after = None if slo is None else slo.critical_p95_ms

    def batch(self, deliveries: Sequence[Delivery], *, at: datetime) -> None:
        """Write what became of a batch, once its records have their fates."""
        by_type: dict[str, Samples] = {}
        for delivery in deliveries:
            event_type = None if delivery.event is None else delivery.event.type
            self._add(by_type.setdefault(self._emf.type_of(event_type), Samples()), delivery)
        self._emf.emit(by_type, whole={BATCH_SIZE: len(deliveries)}, at=at)

    def _add(self, samples: Samples, delivery: Delivery) -> None:
        if delivery.fate is not None:
            _count(samples, delivery.fate)
        if isinstance(delivery.error, Throttled):
            samples.count(THROTTLED)
        samples.sample(HANDLER_TIME, delivery.handler_ms)
        samples.sample(AGE_AT_PICK_UP, delivery.age_ms if delivery.is_new else None)
        critical = delivery.critical_ms
        samples.sample(CRITICAL_TIME, critical)
        if critical is not None and self._slow_after is not None and critical > self._slow_after:
            samples.count(SLOW)


class Relayed(NamedTuple):
    """What became of one event at a relay, after how long in the outbox."""

    event_type: str
    fate: str
    lag_ms: int | None


class RelayMeter:
    """Measures the batches of one relay."""

    def __init__(self, emf: Emf) -> None:
        self._emf = emf

    def batch(self, events: Sequence[Relayed], *, at: datetime) -> None:
        """Write what became of the events of a batch."""
        by_type: dict[str, Samples] = {}
        for event in events:
            samples = by_type.setdefault(self._emf.type_of(event.event_type), Samples())
            _count(samples, event.fate)
            samples.sample(OUTBOX_LAG, event.lag_ms)
        self._emf.emit(by_type, whole={BATCH_SIZE: len(events)}, at=at)


def _count(samples: Samples, fate: str) -> None:
    samples.count(BY_FATE[fate])
    if fate not in COMES_AGAIN:
        samples.count(SETTLED)
