"""What functions in the memory cloud measure, for those who want to see it."""

from __future__ import annotations

from runtime.emf import Emf, Write
from runtime.manifest import Consumer, Relay
from runtime.meter import ConsumerMeter, RelayMeter
from runtime.metrics import namespace

NAMESPACE = namespace("memory")


class Meters:
    """`write` gets the lines in which functions tell what they measured; without it, none of them measures anything."""

    def __init__(self, write: Write | None) -> None:
        self._write = write

    def consumer(self, spec: Consumer) -> ConsumerMeter | None:
        if self._write is None:
            return None
        return ConsumerMeter(Emf(spec.name, spec.event_types, namespace=NAMESPACE, write=self._write), spec.slo)

    def relay(self, spec: Relay) -> RelayMeter | None:
        if self._write is None:
            return None
        return RelayMeter(Emf(spec.function.name, spec.event_types, namespace=NAMESPACE, write=self._write))
