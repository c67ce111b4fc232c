"""Metrics from the log lines that carry them, for endpoints that do not make metrics of such lines."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import ceil
from statistics import fmean
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from contracts.deployed import CannotAsk
from ops.metrics.series import Point, Query, Series, Statistic, Window
from runtime.metrics import EVENT_TYPE, FUNCTION, namespace

#: A line is written when its batch ends, and stamped with that time: the log may have it a little later.
_LATE: Final = timedelta(seconds=10)
_PATTERN: Final = '"CloudWatchMetrics"'
_MISSING: Final = "ResourceNotFoundException"

_STATISTICS: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "Sum": sum,
    "Average": fmean,
    "Minimum": min,
    "Maximum": max,
    "SampleCount": len,
}

#: (metric, function, event type or None for all) -> period -> values.
_Samples = dict[tuple[str, str, str | None], dict[datetime, list[float]]]


class EmfLogs:
    """Reads whole windows of logs: for a laptop, not for production.

    The embedded stack's emulator at times shows the end of an invocation's log with the function's next invocation.
    Then its metrics come with them, in the period that they are of.
    """

    def __init__(self, client: Any, *, stage: str, log_groups: Mapping[str, str]) -> None:
        self._client = client
        self._namespace = namespace(stage)
        self._log_groups = log_groups

    def series(self, queries: Sequence[Query], window: Window) -> list[Series]:
        """See MetricSource. A function that has no log yet has measured nothing."""
        samples: _Samples = defaultdict(lambda: defaultdict(list))
        for log_group in {self._log_groups[query.function] for query in queries}:
            for line in self._lines(log_group, window):
                _collect(line, self._namespace, window, samples)
        return [_answer(query, samples) for query in queries]

    def _lines(self, log_group: str, window: Window) -> Iterator[str]:
        pages = self._client.get_paginator("filter_log_events").paginate(
            logGroupName=log_group,
            filterPattern=_PATTERN,
            startTime=_millis(window.start),
            endTime=_millis(window.end + _LATE),
        )
        try:
            for page in pages:
                yield from (event["message"] for event in page["events"])
        except (BotoCoreError, ClientError) as error:
            if _MISSING not in str(error):
                raise CannotAsk(f"the log {log_group} cannot be read: {error}; see --endpoint-url") from error


def documents(line: str, space: str) -> Iterator[tuple[datetime, Mapping[str, Any], Any]]:
    """When, what (the metrics' directive) and the document itself, for each directive of a line for that namespace."""
    if '"_aws"' not in line:
        return
    try:
        document = json.loads(line)
        metadata = document["_aws"]
        at = datetime.fromtimestamp(metadata["Timestamp"] / 1000, UTC)
        found = [d for d in metadata["CloudWatchMetrics"] if d["Namespace"] == space]
    except (ValueError, KeyError, TypeError):  # somebody else's line
        return
    for directive in found:
        yield at, directive, document


def _collect(line: str, space: str, window: Window, samples: _Samples) -> None:
    for at, directive, document in documents(line, space):
        slot = window.slot(at)
        if slot is None:
            continue
        for names in directive["Dimensions"]:
            type_ = document[EVENT_TYPE] if EVENT_TYPE in names else None
            for metric in directive["Metrics"]:
                value = document[metric["Name"]]
                values = value if isinstance(value, list) else [value]
                samples[metric["Name"], document[FUNCTION], type_][slot] += values


def _answer(query: Query, samples: _Samples) -> Series:
    slots = samples.get((query.metric, query.function, query.event_type), {})
    points = (Point(at, statistic(query.statistic, slots[at])) for at in sorted(slots))
    return Series(query=query, points=tuple(points))


def statistic(name: Statistic, values: Sequence[float]) -> float:
    """Of at least one value. Percentiles are by nearest rank: CloudWatch's own are estimates beside them."""
    known = _STATISTICS.get(name)
    if known is not None:
        return float(known(values))
    rank = ceil(float(name.removeprefix("p")) / 100 * len(values))
    return float(sorted(values)[max(rank, 1) - 1])


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)
