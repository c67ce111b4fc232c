"""Metrics from CloudWatch: GetMetricData, as many queries in a call as it takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from contracts.deployed import CannotAsk
from ops.metrics.series import Point, Query, Series, Window
from runtime.metrics import dimensions, namespace

#: Of one call. Source: GetMetricData.
_MOST: Final = 500


class CloudWatch:
    """The real one, and moto's."""

    def __init__(self, client: Any, *, stage: str) -> None:
        self._client = client
        self._namespace = namespace(stage)

    def series(self, queries: Sequence[Query], window: Window) -> list[Series]:
        """See MetricSource."""
        parts = [queries[first : first + _MOST] for first in range(0, len(queries), _MOST)]
        return [series for part in parts for series in self._ask(part, window)]

    def _ask(self, queries: Sequence[Query], window: Window) -> Iterator[Series]:
        points: dict[str, list[Point]] = {}
        for page in self._pages([self._as_asked(n, query, window) for n, query in enumerate(queries)], window):
            for result in page["MetricDataResults"]:
                points.setdefault(result["Id"], []).extend(_points(result))
        for n, query in enumerate(queries):
            yield Series(query=query, points=tuple(sorted(points.get(_id(n), ()), key=lambda point: point.at)))

    def _pages(self, asked: list[dict[str, Any]], window: Window) -> list[Any]:
        pages = self._client.get_paginator("get_metric_data").paginate(
            MetricDataQueries=asked, StartTime=window.start, EndTime=window.end, ScanBy="TimestampAscending"
        )
        try:
            return list(pages)
        except (BotoCoreError, ClientError) as error:
            raise CannotAsk(f"CloudWatch cannot be asked: {error}; it needs cloudwatch:GetMetricData") from error

    def _as_asked(self, n: int, query: Query, window: Window) -> dict[str, Any]:
        named = dimensions(query.function, query.event_type)
        metric = {
            "Namespace": self._namespace,
            "MetricName": query.metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in named.items()],
        }
        return {
            "Id": _id(n),
            "MetricStat": {"Metric": metric, "Period": window.period, "Stat": query.statistic},
            "ReturnData": True,
        }


def _id(n: int) -> str:
    return f"q{n}"


def _points(result: Any) -> Iterator[Point]:
    for at, value in zip(result["Timestamps"], result["Values"], strict=True):
        yield Point(_aware(at), float(value))


def _aware(at: datetime) -> datetime:
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
