"""A topology out of CloudFormation templates, and out of nothing else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts.company import SERVICES
from ops.cost.templates import Templates
from ops.cost.topology import Api, Function, LogClass, QueueMapping, Rule, StreamMapping, Table, Topology
from runtime.topology import Group

_CLASSES: Final[Mapping[str, LogClass]] = {"STANDARD": "standard", "INFREQUENT_ACCESS": "infrequent"}
_FOREVER: Final = 3653
_QUIET: Final = ("WARN",)
#: What the services of a group say of their group's function, which is in another stack, before its name.
_BY_NAME: Final = ":function:"


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
        groups=[group for stack in stacks for group in stack.groups()],
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

    def groups(self) -> Iterator[Group]:
        """By what the group's function is told of itself (runtime.group)."""
        for _, made in self._of("AWS::Lambda::Function"):
            told = made.get("Environment", {}).get("Variables", {})
            if "GROUP_NAME" in told:
                members = told["GROUP_SERVICES"].split(",")
                yield Group(told["GROUP_NAME"], tuple(service for service in SERVICES if service.name in members))

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
                function=self._relay(made["FunctionName"]),
                batch_size=made["BatchSize"],
                parallel=made.get("ParallelizationFactor", 1),
            )

    def rules(self) -> Iterator[Rule]:
        for _, made in self._of("AWS::Events::Rule"):
            pattern, target = made["EventPattern"], _target(made["Targets"][0]["Arn"])
            if made["EventBusName"] == "default":
                continue  # AWS's own news of files: free, and no part of a mix
            yield Rule(function=self._reader(target), patterns=tuple(pattern.get("$or", (pattern,))))

    def apis(self) -> Iterator[Api]:
        stages = {_target(made["ApiId"]): made for _, made in self._of("AWS::ApiGatewayV2::Stage")}
        for _, made in self._of("AWS::ApiGatewayV2::Integration"):
            stage = stages[_target(made["ApiId"])]
            yield Api(
                function=stage.get("StageVariables", {}).get("api") or self._function(made["IntegrationUri"]),
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

    def _relay(self, reference: Any) -> str:
        """The part that the stream is for: the function, or the relay of the service in whose stack the table is."""
        if _named(reference) is None:
            return self._function(reference)
        return next(s.relays[0].function.name for s in SERVICES if s.name == self.name.lower())

    def _function(self, reference: Any) -> str:
        name = _named(reference)
        if name is not None:
            return self._short(name)
        return self._short(self.resources[_target(reference)]["Properties"]["FunctionName"])

    def _short(self, name: str) -> str:
        return name.removeprefix(f"{self.prefix}-")


def _named(reference: Any) -> str | None:
    """The name of a function that is another stack's; None for one of its own."""
    if isinstance(reference, str):
        return reference.partition(_BY_NAME)[2] or None
    parts: Sequence[Any] = tuple(reference.values()) if isinstance(reference, Mapping) else reference
    found = (_named(part) for part in parts if isinstance(part, str | list | Mapping))
    return next((name for name in found if name), None)


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
