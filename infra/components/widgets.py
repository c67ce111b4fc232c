"""Graphs and headings as dashboards have them, and lines that many graphs share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aws_cdk import aws_cloudwatch
from aws_cdk.aws_cloudwatch import GraphWidget, HorizontalAnnotation, IMetric, IWidget, TextWidget

from infra.components.measured import Measured, Statistic
from runtime import metrics
from runtime.manifest import Consumer

#: Of CloudWatch's grid.
_WIDTH: Final = 24
_HEIGHT: Final = 6
PERCENTILES: Final[tuple[Statistic, ...]] = ("p50", "p95", "p99")

#: A record's fates, in the order in which they are stacked, in colours that are told apart by eyes that see no red or
#: green as well. After Okabe and Ito, "Color Universal Design".
COLOURS: Final = {
    metrics.HANDLED: "#0072b2",
    metrics.DUPLICATE: "#56b4e9",
    metrics.SUPPRESSED: "#999999",
    metrics.RETRY: "#f0e442",
    metrics.DEFERRED: "#e69f00",
    metrics.DEAD_LETTER: "#d55e00",
}
#: How an event can end at a relay.
RELAYED: Final = (metrics.HANDLED, metrics.RETRY, metrics.DEAD_LETTER)

Rows = list[list[IWidget]]


def heading(markdown: str, height: int = 1) -> TextWidget:
    return TextWidget(markdown=markdown, width=_WIDTH, height=height)


def graph(
    title: str,
    lines: Sequence[IMetric],
    *,
    width: int = 6,
    right: Sequence[IMetric] = (),
    limits: Sequence[HorizontalAnnotation] = (),
    stacked: bool = False,
    unit: str = "",
) -> GraphWidget:
    """Lines from zero up; `right` ones on an axis of their own."""
    return GraphWidget(
        title=title,
        left=list(lines),
        right=list(right),
        left_annotations=list(limits),
        left_y_axis=aws_cloudwatch.YAxisProps(min=0, label=unit, show_units=False),
        right_y_axis=aws_cloudwatch.YAxisProps(min=0, show_units=False),
        stacked=stacked,
        width=width,
        height=_HEIGHT,
    )


def percentiles(measured: Measured, metric: str, function: str) -> list[IMetric]:
    return [measured.own(metric, function=function, statistic=s, label=s) for s in PERCENTILES]


def promise(consumer: Consumer) -> list[HorizontalAnnotation]:
    promised = consumer.slo.critical_p95_ms if consumer.slo else None
    return [] if promised is None else [HorizontalAnnotation(value=promised, label="promised of p95")]


def dead_letters(measured: Measured, name: str) -> aws_cloudwatch.Metric:
    queue = f"{name}-dlq"
    return measured.queue("ApproximateNumberOfMessagesVisible", queue=queue, statistic="Maximum", label=queue)
