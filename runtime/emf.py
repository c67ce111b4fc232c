"""Metrics as log lines, in CloudWatch's embedded metric format: they cost no call, and CloudWatch makes them up later.

Powertools makes the document. Its metrics are collected here: its own `add_metric` takes longer than all of the rest
that is done for a record, and keeps what one invocation left behind for the next.

Source: "Specification: Embedded metric format", Amazon CloudWatch User Guide.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

from runtime.metrics import EVENT_TYPE, FUNCTION, UNITS, UNKNOWN, dimensions

Write = Callable[[str], None]

#: Of one metric in one document.
MAX_VALUES: Final = 100


class Samples:
    """What was measured: `found` has a number for what is counted, and every value of what is sampled."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    def count(self, metric: str, times: int = 1) -> None:
        self.found[metric] = self.found.get(metric, 0) + times

    def sample(self, metric: str, value: int | None) -> None:
        """Nothing for a value that there is none of."""
        if value is not None:
            self.found.setdefault(metric, []).append(value)

    def parts(self) -> Iterator[dict[str, Any]]:
        """The samples as metrics of documents that CloudWatch takes."""
        rest = self.found
        while rest:
            yield {name: value[:MAX_VALUES] if isinstance(value, list) else value for name, value in rest.items()}
            rest = {name: v[MAX_VALUES:] for name, v in rest.items() if isinstance(v, list) and len(v) > MAX_VALUES}


def to_stdout(line: str) -> None:
    """Where Lambda reads a function's log."""
    sys.stdout.write(line + "\n")


class Emf:
    """One function's metrics.

    `types` are its event types by its manifest. Whatever else comes in is UNKNOWN, so that what others send cannot
    make new metrics, which are paid for by the piece.
    """

    def __init__(self, function: str, types: Collection[str], *, namespace: str, write: Write = to_stdout) -> None:
        self._function = function
        self._types = frozenset(types)
        self._provider = AmazonCloudWatchEMFProvider(namespace=namespace)
        self._write = write

    def type_of(self, event_type: str | None) -> str:
        """The value of the dimension for an event's type; None is that of a message that was no event."""
        return event_type if event_type in self._types else UNKNOWN

    def emit(self, by_type: Mapping[str, Samples], *, whole: Mapping[str, int], at: datetime) -> None:
        """One line for each event type (see type_of). `whole` is counted by function alone, in the first of them."""
        for event_type, samples in by_type.items():
            for metrics in samples.parts():
                self._write(json.dumps(self._document(event_type, metrics, whole, at), separators=(",", ":")))
                whole = {}

    def _document(
        self, event_type: str, metrics: Mapping[str, Any], whole: Mapping[str, int], at: datetime
    ) -> dict[str, Any]:
        self._provider.timestamp = int(at.timestamp() * 1000)
        document: Any = self._provider.serialize_metric_set(
            metrics={name: {"Unit": UNITS[name], "Value": value} for name, value in metrics.items()},
            dimensions=dimensions(self._function, event_type),
            metadata={**whole},
        )
        (by_type,) = directives = document["_aws"]["CloudWatchMetrics"]
        by_type["Dimensions"] = [[FUNCTION, EVENT_TYPE], [FUNCTION]]
        if whole:
            named = [{"Name": name, "Unit": UNITS[name]} for name in whole]
            directives.append({**by_type, "Dimensions": [[FUNCTION]], "Metrics": named})
        return dict(document)
