"""CloudWatch's metrics of a stage, by the names that its resources have: no stack needs another's resource for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from aws_cdk import Duration, aws_cloudwatch

from infra.config import StageConfig
from runtime.metrics import dimensions, namespace

Statistic = Literal["Sum", "Average", "Maximum", "SampleCount", "p50", "p95", "p99"]

_DLQ: Final = "-dlq"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Names are those of the manifests. `minutes` is the period of every metric."""

    stage: StageConfig
    minutes: int = 1

    def own(
        self, metric: str, *, function: str, statistic: Statistic, event_type: str | None = None, label: str = ""
    ) -> aws_cloudwatch.Metric:
        """What a function of ours measures (runtime.metrics)."""
        where = dimensions(function, event_type)
        return self._metric(namespace(self.stage.name), metric, where, statistic, label or f"{function} {metric}")

    def queue(self, metric: str, *, queue: str, statistic: Statistic, label: str = "") -> aws_cloudwatch.Metric:
        where = {"QueueName": self._queue(queue)}
        return self._metric("AWS/SQS", metric, where, statistic, label or queue)

    def function(self, metric: str, *, function: str, statistic: Statistic, label: str = "") -> aws_cloudwatch.Metric:
        where = {"FunctionName": self.stage.deployed_name(function)}
        return self._metric("AWS/Lambda", metric, where, statistic, label or function)

    def rule(self, metric: str, *, rule: str, bus: str) -> aws_cloudwatch.Metric:
        """Of a rule on the stage's `own` bus, or on the account's `default`: that one has no name in metrics."""
        named = {"EventBusName": self.stage.bus_name} if bus == "own" else {}
        where = {**named, "RuleName": self.stage.resource_name(rule)}
        return self._metric("AWS/Events", metric, where, "Sum", rule)

    def log(self, *, function: str) -> aws_cloudwatch.Metric:
        """Bytes that a function writes to its log: they are paid for."""
        where = {"LogGroupName": f"/aws/lambda/{self.stage.deployed_name(function)}"}
        return self._metric("AWS/Logs", "IncomingBytes", where, "Sum", function)

    def api(self, metric: str, *, api_id: str, statistic: Statistic) -> aws_cloudwatch.Metric:
        return self._metric("AWS/ApiGateway", metric, {"ApiId": api_id}, statistic, metric)

    def _queue(self, name: str) -> str:
        function = name.removesuffix(_DLQ)
        return self.stage.deployed_name(function) + name.removeprefix(function)

    def _metric(
        self, namespace: str, name: str, where: dict[str, str], statistic: Statistic, label: str
    ) -> aws_cloudwatch.Metric:
        return aws_cloudwatch.Metric(
            namespace=namespace,
            metric_name=name,
            dimensions_map=where,
            statistic=statistic,
            period=Duration.minutes(self.minutes),
            label=label,
        )
