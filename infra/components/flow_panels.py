"""What is on the dashboard of the whole flow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from aws_cdk.aws_cloudwatch import IMetric

from infra.components.measured import Measured
from infra.components.widgets import RELAYED, Rows, dead_letters, graph
from runtime import metrics
from runtime.manifest import Consumer, Service


@dataclass(frozen=True)
class FlowPanels:
    """All services on one page."""

    measured: Measured
    services: Sequence[Service]

    def rows(self) -> Rows:
        return [
            [
                graph("Handled a minute", self._each(metrics.HANDLED), width=12),
                graph("Critical time, p95", list(self._critical()), width=12, unit="ms"),
            ],
            [
                graph("Dead letters waiting", list(self._dead_letters()), stacked=True, unit="messages"),
                graph("Tried again", self._each(metrics.RETRY), stacked=True),
                graph("Put off", self._each(metrics.DEFERRED), stacked=True),
                graph("Duplicates", self._each(metrics.DUPLICATE), stacked=True),
            ],
            [
                graph("Waiting on queues", self._queues("ApproximateNumberOfMessagesVisible"), unit="messages"),
                graph("Oldest on queues", self._queues("ApproximateAgeOfOldestMessage"), unit="s"),
                graph("Outbox lag", list(self._lags()), unit="ms"),
                graph("Functions that failed", list(self._failed()), stacked=True),
            ],
        ]

    @property
    def _consumers(self) -> Iterator[Consumer]:
        return chain.from_iterable(service.consumers for service in self.services)

    def _each(self, fate: str) -> list[IMetric]:
        """By consumer, and by relay where its events can end so."""
        relays = self._relays() if fate in RELAYED else ()
        names = (*(consumer.name for consumer in self._consumers), *relays)
        return [self.measured.own(fate, function=name, statistic="Sum", label=name) for name in names]

    def _critical(self) -> Iterator[IMetric]:
        for consumer in self._consumers:
            promised = consumer.slo.critical_p95_ms if consumer.slo else None
            label = consumer.name if promised is None else f"{consumer.name} (promised: {promised})"
            yield self.measured.own(metrics.CRITICAL_TIME, function=consumer.name, statistic="p95", label=label)

    def _dead_letters(self) -> Iterator[IMetric]:
        schedules = (schedule.function.name for service in self.services for schedule in service.schedules)
        for name in (*(c.name for c in self._consumers), *self._relays(), *schedules):
            yield dead_letters(self.measured, name)

    def _queues(self, metric: str) -> list[IMetric]:
        return [self.measured.queue(metric, queue=c.name, statistic="Maximum") for c in self._consumers]

    def _lags(self) -> Iterator[IMetric]:
        for name in self._relays():
            yield self.measured.own(metrics.OUTBOX_LAG, function=name, statistic="Maximum", label=name)

    def _failed(self) -> Iterator[IMetric]:
        for service in self.services:
            for function in service.functions:
                yield self.measured.function("Errors", function=function.name, statistic="Sum")

    def _relays(self) -> Iterator[str]:
        return (relay.function.name for service in self.services for relay in service.relays)
