"""What the deployed functions measured, read back: one interface, whether CloudWatch or the logs are asked.

    source = source_of(Target.named("dev"))
    window = Window.last(timedelta(hours=1), until=clock.now())
    handled, p95 = source.series([
        Query(metric=HANDLED, function="billing"),
        Query(metric=CRITICAL_TIME, function="billing", event_type="ingestion.payment.settled", statistic="p95"),
    ], window)
    [(point.at, point.value) for point in p95.points]

The metrics' names and what they mean: runtime.metrics.
"""

from ops.metrics.series import MetricSource, Point, Query, Series, Statistic, Window
from ops.metrics.source import source_of

__all__ = ["MetricSource", "Point", "Query", "Series", "Statistic", "Window", "source_of"]
