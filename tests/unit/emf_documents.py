"""Embedded metric format: what CloudWatch asks of a line, and what it would make of one.

Source: "Specification: Embedded metric format", Amazon CloudWatch User Guide.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from jsonschema import Draft202012Validator

_NAME = {"type": "string", "minLength": 1, "maxLength": 1024}
_METRIC = {
    "type": "object",
    "required": ["Name"],
    "properties": {
        "Name": _NAME,
        "Unit": {"enum": ["Count", "Milliseconds", "Seconds", "Bytes", "None"]},
        "StorageResolution": {"enum": [1, 60]},
    },
    "additionalProperties": False,
}
_DIRECTIVE = {
    "type": "object",
    "required": ["Namespace", "Dimensions", "Metrics"],
    "properties": {
        "Namespace": _NAME | {"pattern": "^[A-Za-z0-9._\\-/#: ]+$"},
        "Dimensions": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "array", "maxItems": 30, "items": _NAME | {"maxLength": 250}},
        },
        "Metrics": {"type": "array", "minItems": 1, "maxItems": 100, "items": _METRIC},
    },
    "additionalProperties": False,
}
_DOCUMENT = Draft202012Validator(
    {
        "type": "object",
        "required": ["_aws"],
        "properties": {
            "_aws": {
                "type": "object",
                "required": ["Timestamp", "CloudWatchMetrics"],
                "properties": {
                    "Timestamp": {"type": "integer", "minimum": 0},
                    "CloudWatchMetrics": {"type": "array", "minItems": 1, "items": _DIRECTIVE},
                },
            }
        },
    }
)

#: Dimensions, sorted -> metric -> values.
Metrics = Mapping[tuple[tuple[str, str], ...], Mapping[str, list[float]]]


def checked(line: str) -> Mapping[str, Any]:
    """The document. Fails for one that CloudWatch would refuse, whole or in part."""
    document = json.loads(line)
    _DOCUMENT.validate(document)
    assert "\n" not in line
    assert len(line.encode()) < 1_000_000
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for name in {name for names in directive["Dimensions"] for name in names}:
            assert isinstance(document[name], str)
            assert 1 <= len(document[name]) <= 1024
        for metric in directive["Metrics"]:
            values = document[metric["Name"]]
            values = values if isinstance(values, list) else [values]
            assert 1 <= len(values) <= 100
            assert all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
    return document


def extracted(lines: Iterable[str]) -> Metrics:
    """What CloudWatch would make of the lines."""
    found: dict[tuple[tuple[str, str], ...], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for document in map(checked, lines):
        for directive in document["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = tuple(sorted((name, document[name]) for name in names))
                for metric in directive["Metrics"]:
                    value = document[metric["Name"]]
                    found[dimensions][metric["Name"]] += value if isinstance(value, list) else [value]
    return found


def of(metrics: Metrics, function: str, event_type: str | None = None) -> dict[str, list[float]]:
    """Metric -> values, by function and event type, or by function alone."""
    wanted = {"Function": function} | ({"EventType": event_type} if event_type else {})
    return dict(metrics.get(tuple(sorted(wanted.items())), {}))
