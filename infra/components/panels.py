"""What is on a service's dashboard: each class draws the rows of one thing of its manifest."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_cloudwatch
from aws_cdk.aws_cloudwatch import HorizontalAnnotation, IWidget

from infra.components.measured import Measured, Statistic
from infra.components.widgets import (
    COLOURS,
    PERCENTILES,
    RELAYED,
    Rows,
    dead_letters,
    graph,
    heading,
    percentiles,
    promise,
)
from runtime import metrics
from runtime.manifest import Consumer, HttpApi, Relay, Service


@dataclass(frozen=True)
class ConsumerPanels:
    """One consumer: what came, what became of it, how long it took, and what waits."""

    measured: Measured
    consumer: Consumer

    def rows(self) -> Rows:
        types = ", ".join(self.consumer.event_types)
        return [
            [heading(f"## {self.consumer.name}\n{types}", 2)],
            [self._fates(), self._types(), self._critical(), self._handler()],
            [self._queue(), self._age(), self._dead_letters(), self._batches()],
        ]

    def _fates(self) -> IWidget:
        name = self.consumer.name
        fates = [
            self.measured.own(fate, function=name, statistic="Sum", label=fate).with_(color=COLOURS[fate])
            for fate in COLOURS
        ]
        throttled = self.measured.own(metrics.THROTTLED, function=name, statistic="Sum", label="Throttled")
        return graph("Records a minute, by fate", fates, right=[throttled], stacked=True)

    def _types(self) -> IWidget:
        types = (*self.consumer.event_types, metrics.UNKNOWN)
        lines = [
            self.measured.own(
                metrics.SETTLED, function=self.consumer.name, event_type=type_, statistic="Sum", label=type_
            )
            for type_ in types
        ]
        return graph("Settled a minute, by type", lines, stacked=True)

    def _critical(self) -> IWidget:
        return graph(
            "Critical time",
            percentiles(self.measured, metrics.CRITICAL_TIME, self.consumer.name),
            limits=promise(self.consumer),
            unit="ms",
        )

    def _handler(self) -> IWidget:
        return graph(
            "Handler time of a record",
            percentiles(self.measured, metrics.HANDLER_TIME, self.consumer.name),
            unit="ms",
        )

    def _queue(self) -> IWidget:
        shown = {
            "ApproximateNumberOfMessagesVisible": "waiting",
            "ApproximateNumberOfMessagesNotVisible": "in flight",
            "ApproximateNumberOfMessagesDelayed": "put off",
        }
        lines = [
            self.measured.queue(metric, queue=self.consumer.name, statistic="Maximum", label=label)
            for metric, label in shown.items()
        ]
        return graph("Queue", lines, stacked=True, unit="messages")

    def _age(self) -> IWidget:
        oldest = self.measured.queue(
            "ApproximateAgeOfOldestMessage", queue=self.consumer.name, statistic="Maximum", label="oldest (s)"
        )
        return graph(
            "Age at pick-up, and of the oldest message",
            percentiles(self.measured, metrics.AGE_AT_PICK_UP, self.consumer.name),
            right=[oldest],
            unit="ms",
        )

    def _dead_letters(self) -> IWidget:
        waiting = dead_letters(self.measured, self.consumer.name)
        return graph("Dead letters waiting", [waiting], unit="messages")

    def _batches(self) -> IWidget:
        sizes: tuple[Statistic, ...] = ("Average", "Maximum")
        lines = [
            self.measured.own(metrics.BATCH_SIZE, function=self.consumer.name, statistic=s, label=s) for s in sizes
        ]
        most = HorizontalAnnotation(value=self.consumer.batch_size, label="most")
        return graph("Records in a batch", lines, limits=[most])


@dataclass(frozen=True)
class RelayPanels:
    """One outbox relay."""

    measured: Measured
    relay: Relay

    def rows(self) -> Rows:
        name = self.relay.function.name
        fates = [
            self.measured.own(fate, function=name, statistic="Sum", label=fate).with_(color=COLOURS[fate])
            for fate in RELAYED
        ]
        iterator = self.measured.function("IteratorAge", function=name, statistic="Maximum", label="stream")
        lag = percentiles(self.measured, metrics.OUTBOX_LAG, name)
        return [
            [heading(f"## {name}")],
            [
                graph("Events a minute, by fate", fates, stacked=True),
                graph("Outbox lag", [*lag, iterator], unit="ms"),
                graph("Dead letters waiting", [dead_letters(self.measured, name)], unit="messages"),
                graph("Events in a batch", [self.measured.own(metrics.BATCH_SIZE, function=name, statistic="Average")]),
            ],
        ]


@dataclass(frozen=True)
class ApiPanels:
    """One HTTP API."""

    measured: Measured
    api: HttpApi
    api_id: str

    def rows(self) -> Rows:
        counts = [self._of(metric, "Sum") for metric in ("Count", "4xx", "5xx")]
        latency = [self._of("Latency", statistic) for statistic in PERCENTILES]
        return [
            [heading(f"## {self.api.function.name}")],
            [graph("Requests a minute", counts, width=12), graph("Latency", latency, width=12, unit="ms")],
        ]

    def _of(self, metric: str, statistic: Statistic) -> aws_cloudwatch.Metric:
        return self.measured.api(metric, api_id=self.api_id, statistic=statistic)


@dataclass(frozen=True)
class CostPanels:
    """What a service is billed for, as far as it grows with its work."""

    measured: Measured
    service: Service

    def rows(self) -> Rows:
        functions = [function.name for function in self.service.functions]
        queues = [consumer.name for consumer in self.service.consumers]
        runs = [self.measured.function("Invocations", function=name, statistic="Sum") for name in functions]
        time = [self.measured.function("Duration", function=name, statistic="Sum") for name in functions]
        sent = [self.measured.queue("NumberOfMessagesSent", queue=name, statistic="Sum") for name in queues]
        empty = [
            self.measured.queue("NumberOfEmptyReceives", queue=name, statistic="Sum", label=f"{name}, empty")
            for name in queues
        ]
        return [
            [heading("## What is paid for")],
            [
                graph("Invocations", runs, stacked=True),
                graph("Time of functions", time, stacked=True, unit="ms"),
                graph("Messages, and receives of none", sent, right=empty),
                graph("Log", [self.measured.log(function=name) for name in functions], stacked=True, unit="bytes"),
            ],
        ]
