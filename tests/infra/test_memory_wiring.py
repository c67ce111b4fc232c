"""What runs in memory is what deploys: the memory cloud's wiring, held against the synthesised templates."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.company import SERVICES
from infra.config import stage_named
from local.memory.company import Company
from tests.infra.templates import of_any_bucket


@pytest.fixture(scope="module")
def company() -> dict[str, Any]:
    return Company(seed=1, start=datetime(2026, 5, 20, tzinfo=UTC)).cloud.wiring()


@pytest.fixture
def in_memory(company, assembly) -> dict[str, Any]:
    """With the stage's own say about how queues are read."""
    stage = stage_named(assembly.stage)
    consumers = {consumer.name: consumer for service in SERVICES for consumer in service.consumers}
    pollers = {
        name: poller
        | {
            "batching_window": stage.batching_window(consumers[name]),
            "max_concurrency": stage.concurrency(consumers[name]),
        }
        for name, poller in company["pollers"].items()
    }
    return company | {"pollers": pollers}


@pytest.fixture
def deployed(assembly) -> dict[str, Any]:
    """The templates, told in the words of MemoryCloud.wiring."""
    return Wiring(assembly).told()


class Wiring:
    """Reads one stage's templates. Resources are known by their logical ids there, and by short names here."""

    def __init__(self, assembly) -> None:
        self._prefix = assembly.name("")
        self._templates = assembly.stacks.values()
        self._names = {
            logical_id: self._short(properties.get("QueueName") or properties.get("FunctionName"))
            for template in self._templates
            for kind in ("AWS::SQS::Queue", "AWS::Lambda::Function")
            for logical_id, properties in template.of_type(kind).items()
        }

    def told(self) -> dict[str, Any]:
        mappings = list(self._all("AWS::Lambda::EventSourceMapping"))
        fed = {name: queue for name, queue in map(self._queue, self._all("AWS::SQS::Queue")) if queue}
        from_queues = dict(map(self._poller, (m for m in mappings if "StartingPosition" not in m)))
        streams = dict(map(self._stream, (m for m in mappings if "StartingPosition" in m)))
        feeds = {poller["queue"] for poller in from_queues.values()} | streams.keys()
        return {
            "rules": dict(map(self._rule, self._all("AWS::Events::Rule"))),
            "queues": {name: queue for name, queue in fed.items() if name.removesuffix("-dlq") in feeds},
            "pollers": from_queues,
            "streams": streams,
            "schedules": dict(map(self._schedule, self._all("AWS::Scheduler::Schedule"))),
        }

    def _all(self, kind: str):
        return (properties for template in self._templates for properties in template.of_type(kind).values())

    def _short(self, name: str | None) -> str | None:
        return name and name.removeprefix(self._prefix)

    def _named(self, reference: dict[str, Any]) -> str | None:
        (target,) = reference.values()
        return self._names[target if isinstance(target, str) else target[0]]

    def _rule(self, rule):
        (target,) = rule["Targets"]
        told = {
            "bus": "default" if rule["EventBusName"] == "default" else "own",
            "pattern": of_any_bucket(rule["EventPattern"]),
            "queue": self._named(target["Arn"]),
            "dead_letter_queue": self._named(target["DeadLetterConfig"]["Arn"]),
        }
        return self._short(rule["Name"]), told

    def _queue(self, queue):
        redrive = queue.get("RedrivePolicy", {})
        told = {
            "visibility_timeout": queue.get("VisibilityTimeout", 30),
            "max_receive_count": redrive.get("maxReceiveCount"),
            "dead_letter_queue": (redrive and self._named(redrive["deadLetterTargetArn"])) or None,
        }
        return self._short(queue.get("QueueName")), told

    def _poller(self, mapping):
        told = {
            "queue": self._named(mapping["EventSourceArn"]),
            "batch_size": mapping["BatchSize"],
            "batching_window": mapping.get("MaximumBatchingWindowInSeconds", 0),
            "max_concurrency": mapping["ScalingConfig"]["MaximumConcurrency"],
            "timeout": self._timeout(mapping["FunctionName"]),
            "report_batch_item_failures": "ReportBatchItemFailures" in mapping["FunctionResponseTypes"],
        }
        return self._named(mapping["FunctionName"]), told

    def _stream(self, mapping):
        told = {
            "batch_size": mapping["BatchSize"],
            # Without it, Lambda tries for as long as the stream has the record.
            "max_attempts": mapping.get("MaximumRetryAttempts"),
            "bisect": mapping["BisectBatchOnFunctionError"],
            "timeout": self._timeout(mapping["FunctionName"]),
        }
        return self._named(mapping["FunctionName"]), told

    def _schedule(self, schedule):
        return self._named(schedule["Target"]["Arn"]), schedule["ScheduleExpression"]

    def _timeout(self, reference: dict[str, Any]) -> int:
        (function,) = (
            template.of_type("AWS::Lambda::Function")[reference["Ref"]]
            for template in self._templates
            if reference["Ref"] in template.of_type("AWS::Lambda::Function")
        )
        return function["Timeout"]


@pytest.mark.parametrize("part", ["rules", "queues", "pollers", "streams", "schedules"])
def test_the_memory_cloud_is_wired_as_the_templates_deploy(part: str, in_memory, deployed) -> None:
    assert in_memory[part] == deployed[part]
