"""A group's own: the one function and the one queue that its services share.

Tables, buckets, APIs and grants stay in the services' stacks, which name what is here by its computed name: a service
that leaves the group takes its stack with it as it is, and its data does not move.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aws_cdk import aws_events, aws_lambda, aws_lambda_destinations
from constructs import Construct

from functions.ingestion.manifest import SERVICE as INGESTION
from infra.components.bucket import bucket_name
from infra.components.consumer import EventConsumer
from infra.components.function import Home
from infra.components.relations import BrokenRelation
from infra.components.schedule import RETRIES
from infra.config import StageConfig
from infra.packaging import package
from infra.stacks.ingestion import FILES_BUCKET
from infra.stacks.stack import StageStack
from runtime.group import own_variable
from runtime.manifest import Service
from runtime.routing import UnroutablePattern, check_routable
from runtime.topology import Group

#: Service -> the bucket whose news it hears. A rule on the account's bus would hear every bucket's.
_BUCKETS: Final[Mapping[str, str]] = {INGESTION.name: FILES_BUCKET}


class GroupStack(StageStack):
    """Deploy it before the stacks of its services: they add to its function. Raises BrokenRelation."""

    def __init__(self, scope: Construct, construct_id: str, *, group: Group, stage: StageConfig) -> None:
        super().__init__(scope, construct_id, stage=stage, description=f"Breakwater: {group.name}, in one function")
        _check_routable(group)
        self.queue_name = stage.resource_name(group.name)
        self.dead_letter_queue_name = stage.resource_name(f"{group.name}-dlq")
        self._environment: dict[str, str] = {}
        self.shared = EventConsumer(
            self,
            "Group",
            consumer=group.consumer,
            home=_home(self, group),
            environment={"GROUP_NAME": group.name, "GROUP_SERVICES": ",".join(s.name for s in group.services)},
            own_events=self._own_events(group),
        )
        if group.schedules:
            self._tell_of_failed_calls()
        self.output("QueueUrl", self.shared.queue.queue_url)
        self.output("DeadLetterQueueUrl", self.shared.dead_letter_queue.queue_url)

    @property
    def name(self) -> str:
        return self.shared.function.name

    @property
    def queue_url(self) -> str:
        return self.shared.queue_url

    def add_environment(self, service: str, name: str, value: str) -> None:
        own = own_variable(service, name)
        if self._environment.setdefault(own, value) != value:
            raise BrokenRelation(f"{service}: {name} is to be {self._environment[own]} and {value} in one function")
        resource = self.shared.function.resource
        if isinstance(resource, aws_lambda.Function):
            resource.add_environment(own, value)

    def _own_events(self, group: Group) -> Mapping[str, Any]:
        names = [_BUCKETS[service.name] for service in group.services if service.name in _BUCKETS]
        return {"bucket": {"name": [bucket_name(self.config, name) for name in names]}}

    def _tell_of_failed_calls(self) -> None:
        """For what a clock calls: Lambda's own retries, and then the DLQ."""
        function = self.shared.function
        function.resource.configure_async_invoke(
            retry_attempts=RETRIES, on_failure=aws_lambda_destinations.SqsDestination(self.shared.dead_letter_queue)
        )


def _home(stack: StageStack, group: Group) -> Home:
    packaged = package(
        [service.name for service in group.services],
        stack.config.package_target,
        tracing=stack.config.tracing is not None,
    )
    return Home(
        stage=stack.config,
        service=Service(name=group.name, emits=tuple(type_ for s in group.services for type_ in s.emits), consumers=()),
        bus=aws_events.EventBus.from_event_bus_name(stack, "Bus", stack.config.bus_name),
        code=aws_lambda.Code.from_asset(str(packaged.path), asset_hash=packaged.sha256),
    )


def _check_routable(group: Group) -> None:
    for consumer in group.consumers:
        for subscription in consumer.subscriptions:
            try:
                check_routable(subscription.pattern)
            except UnroutablePattern as error:
                raise BrokenRelation(f"consumer {consumer.name}, {subscription.name}: {error}") from error
