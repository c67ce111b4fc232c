"""Which source a stage's metrics are read from."""

from __future__ import annotations

from ops.metrics.cloudwatch import CloudWatch
from ops.metrics.emf_logs import EmfLogs
from ops.metrics.series import MetricSource
from ops.target import Target


def source_of(target: Target) -> MetricSource:
    """CloudWatch, or the log lines themselves where nothing turns them into metrics. Raises CannotAsk."""
    if target.stage.emf_extracted:
        return CloudWatch(target.client("cloudwatch"), stage=target.stage.name)
    return EmfLogs(target.client("logs"), stage=target.stage.name, log_groups=target.log_group_of)
