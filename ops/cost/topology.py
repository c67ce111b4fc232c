"""What is deployed, as far as money and queues are concerned: read out of the templates, and nowhere else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from ops.cost.templates import Templates

LogClass = Literal["standard", "infrequent"]

_CLASSES: Final[Mapping[str, LogClass]] = {"STANDARD": "standard", "INFREQUENT_ACCESS": "infrequent"}
_FOREVER: Final = 3653
_QUIET: Final = ("WARN",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """`name` is the manifest's. `platform_lines`: Lambda writes when each invocation starts and ends."""

    name: str
    stack: str
    memory_mib: int
    timeout: int
    architecture: str
    log_class: LogClass
    log_days: int
    platform_lines: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMapping:
    """A queue -> its function. `window` is in seconds."""

    function: str
    batch_size: int
    window: int
    max_concurrency: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamMapping:
    """A table's stream -> its function."""

    function: str
    batch_size: int
    parallel: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Events of these types, from these sources (none: from all), go to the function's queue."""

    function: str
    types: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """`access_log` is the format of a request's line, None when there is none. `rate` is requests a second."""

    function: str
    access_log: str | None
    rate: int
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`name` without the stage. `on_demand` is False for provisioned capacity; `rare` is the Standard-IA class."""

    name: str
    stack: str
    on_demand: bool
    rare: bool
    recovery: bool
    expires: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """`fixed` are resources that cost by being there: (stack, price) -> how many."""

    functions: Mapping[str, Function]
    queues: Mapping[str, QueueMapping]
    streams: Sequence[StreamMapping]
    rules: Sequence[Rule]
    apis: Mapping[str, Api]
    tables: Sequence[Table]
    archive_days: int | None
    fixed: Mapping[tuple[str, str], int]


def topology_of(templates: Templates, prefix: str) -> Topology:
    """Of a stage whose resources' names start with `prefix` and a dash."""
    stacks = [_Stack(name=name, resources=t["Resources"], prefix=prefix) for name, t in sorted(templates.items())]
    return Topology(
        functions={f.name: f for stack in stacks for f in stack.functions()},
        queues={m.function: m for stack in stacks for m in stack.queues()},
        streams=[m for stack in stacks for m in stack.streams()],
        rules=[rule for stack in stacks for rule in stack.rules()],
        apis={api.function: api for stack in stacks for api in stack.apis()},
        tables=[table for stack in stacks for table in stack.tables()],
        archive_days=next((days for stack in stacks for days in stack.archives()), None),
        fixed=dict(sum((stack.fixed() for stack in stacks), Counter[tuple[str, str]]())),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stack:
    name: str
    resources: Mapping[str, Any]
    prefix: str

    def functions(self) -> Iterator[Function]:
        for _, made in self._of("AWS::Lambda::Function"):
            logging = made.get("LoggingConfig", {})
            log = self.resources[_target(logging["LogGroup"])]["Properties"]
            yield Function(
                name=self._short(made["FunctionName"]),
                stack=self.name,
                memory_mib=made.get("MemorySize", 128),
                timeout=made.get("Timeout", 3),
                architecture=made.get("Architectures", ["x86_64"])[0],
                log_class=_CLASSES[log.get("LogGroupClass", "STANDARD")],
                log_days=log.get("RetentionInDays", _FOREVER),
                platform_lines=logging.get("SystemLogLevel") not in _QUIET,
            )

    def queues(self) -> Iterator[QueueMapping]:
        for _, made in self._mappings("AWS::SQS::Queue"):
            yield QueueMapping(
                function=self._function(made["FunctionName"]),
                batch_size=made["BatchSize"],
                window=made.get("MaximumBatchingWindowInSeconds", 0),
                max_concurrency=made.get("ScalingConfig", {}).get("MaximumConcurrency", 1000),
            )

    def streams(self) -> Iterator[StreamMapping]:
        for _, made in self._mappings("AWS::DynamoDB::Table"):
            yield StreamMapping(
                function=self._function(made["FunctionName"]),
                batch_size=made["BatchSize"],
                parallel=made.get("ParallelizationFactor", 1),
            )

    def rules(self) -> Iterator[Rule]:
        for _, made in self._of("AWS::Events::Rule"):
            pattern, target = made["EventPattern"], _target(made["Targets"][0]["Arn"])
            if made["EventBusName"] == "default":
                continue  # AWS's own news of files: free, and no part of a mix
            yield Rule(
                function=self._reader(target),
                types=tuple(pattern["detail-type"]),
                sources=tuple(pattern.get("source", ())),
            )

    def apis(self) -> Iterator[Api]:
        stages = {_target(made["ApiId"]): made for _, made in self._of("AWS::ApiGatewayV2::Stage")}
        for _, made in self._of("AWS::ApiGatewayV2::Integration"):
            stage = stages[_target(made["ApiId"])]
            yield Api(
                function=self._function(made["IntegrationUri"]),
                access_log=stage.get("AccessLogSettings", {}).get("Format"),
                rate=stage.get("DefaultRouteSettings", {}).get("ThrottlingRateLimit", 10_000),
                burst=stage.get("DefaultRouteSettings", {}).get("ThrottlingBurstLimit", 5_000),
            )

    def tables(self) -> Iterator[Table]:
        for _, made in self._of("AWS::DynamoDB::Table"):
            recovery = made.get("PointInTimeRecoverySpecification", {})
            yield Table(
                name=self._short(made["TableName"]),
                stack=self.name,
                on_demand=made.get("BillingMode") == "PAY_PER_REQUEST",
                rare=made.get("TableClass") == "STANDARD_INFREQUENT_ACCESS",
                recovery=recovery.get("PointInTimeRecoveryEnabled", False),
                expires=made.get("TimeToLiveSpecification", {}).get("Enabled", False),
            )

    def archives(self) -> Iterator[int]:
        return (made["RetentionDays"] for _, made in self._of("AWS::Events::Archive"))

    def fixed(self) -> Counter[tuple[str, str]]:
        alarms = [made for _, made in self._of("AWS::CloudWatch::Alarm")]
        counts = {
            "cloudwatch.alarms": sum(_metrics_of(alarm) for alarm in alarms),
            "cloudwatch.composite_alarms": self._count("AWS::CloudWatch::CompositeAlarm"),
            "cloudwatch.dashboards": self._count("AWS::CloudWatch::Dashboard"),
            "secrets": self._count("AWS::SecretsManager::Secret"),
        }
        return Counter({(self.name, price): count for price, count in counts.items() if count})

    def _of(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        found = ((id_, made) for id_, made in self.resources.items() if made["Type"] == kind)
        return ((id_, made["Properties"]) for id_, made in found)

    def _count(self, kind: str) -> int:
        return sum(1 for _ in self._of(kind))

    def _mappings(self, source: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for id_, made in self._of("AWS::Lambda::EventSourceMapping"):
            if self.resources[_target(made["EventSourceArn"])]["Type"] == source:
                yield id_, made

    def _reader(self, queue: str) -> str:
        """The function that is mapped to the queue."""
        readers = [made for _, made in self._mappings("AWS::SQS::Queue") if _target(made["EventSourceArn"]) == queue]
        return self._function(readers[0]["FunctionName"])

    def _function(self, reference: Any) -> str:
        return self._short(self.resources[_target(reference)]["Properties"]["FunctionName"])

    def _short(self, name: str) -> str:
        return name.removeprefix(f"{self.prefix}-")


def _target(reference: Any) -> str:
    """The logical id that a Ref or a GetAtt names, however deep it is wrapped."""
    match reference:
        case {"Ref": id_}:
            return str(id_)
        case {"Fn::GetAtt": [id_, *_]}:
            return str(id_)
        case {"Fn::Join": [_, parts]}:
            return next(_target(part) for part in parts if not isinstance(part, str))
    raise ValueError(f"{reference} names no resource of its own stack")


def _metrics_of(alarm: Mapping[str, Any]) -> int:
    """An alarm on an expression is billed for each metric that goes into it."""
    return max(1, sum("MetricStat" in query for query in alarm.get("Metrics", ())))


def context_values(access_log: str) -> int:
    """How many values API Gateway puts into a line of that format."""
    return len(re.findall(r"\$context\.", access_log))
