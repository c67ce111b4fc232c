"""Reading alarms and dashboards out of templates."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.infra.templates import Assembly, Properties, Template

_KINDS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
_RUNBOOK = re.compile(r" What to do: docs/operating\.md#([a-z0-9-]+)$")


class Metric(NamedTuple):
    """A metric as CloudWatch knows it: values that are no plain text are references."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


def alarms(assembly: Assembly) -> Iterator[tuple[Template, str, Properties]]:
    """Every alarm of the stage, by its logical id, with the template that it stands in."""
    for template in assembly.stacks.values():
        for kind in _KINDS:
            for name, alarm in template.of_type(kind).items():
                yield template, name, alarm


def section(alarm: Properties) -> str:
    """The anchor that the alarm's description names."""
    (anchor,) = _RUNBOOK.findall(alarm["AlarmDescription"])
    return anchor


def watched(alarm: Properties) -> list[Metric]:
    """The metrics that an alarm looks at."""
    if "AlarmRule" in alarm:
        return []
    if "MetricName" in alarm:
        return [_metric(alarm)]
    return [_metric(query["MetricStat"]["Metric"]) for query in alarm["Metrics"] if "MetricStat" in query]


def _metric(named: Properties) -> Metric:
    dimensions = frozenset((d["Name"], _text(d["Value"])) for d in named.get("Dimensions", ()))
    return Metric(named["Namespace"], named["MetricName"], dimensions)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def dashboards(assembly: Assembly) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each dashboard's name and widgets."""
    for template in assembly.stacks.values():
        for dashboard in template.of_type("AWS::CloudWatch::Dashboard").values():
            yield dashboard["DashboardName"], json.loads(_joined(dashboard["DashboardBody"]))["widgets"]


def _joined(body: Any) -> str:
    if isinstance(body, str):
        return body
    return "".join(part if isinstance(part, str) else part["Ref"] for part in body["Fn::Join"][1])


def plotted(widgets: list[dict[str, Any]]) -> set[Metric]:
    """The metrics that widgets show."""
    found = set()
    for widget in widgets:
        for line in widget["properties"].get("metrics", ()):
            namespace, name, *rest = line
            names = rest[:-1] if isinstance(rest[-1], dict) else rest
            found.add(Metric(namespace, name, frozenset(zip(names[::2], names[1::2], strict=True))))
    return found
