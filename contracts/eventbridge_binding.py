"""`x-eventbridge`: the AsyncAPI binding of EventBridge, which the AsyncAPI initiative has none for.

In words: docs/asyncapi-eventbridge-binding.md. Durations are whole seconds. What a queue is, the official `sqs` binding
says, beside this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from contracts.company import Route
from runtime.manifest import Consumer

NAME: Final = "x-eventbridge"
#: Every resource of a stage is named so: infra/config.py.
_PREFIX: Final = "breakwater-{stage}"
BUS: Final = _PREFIX
_SQS_VERSION: Final = "0.2.0"

Json = dict[str, Any]


class _Object(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class ChannelBinding(_Object):
    """A channel is an event type on a bus; its address is the `detail-type`."""

    bus: str = Field(description="the bus's name; `{stage}` stands for the stage that it is deployed for")
    detail_type: str = Field(description="what entries and events have as their `detail-type`: the event's `type`")
    binding_version: Literal["1.0.0"] = Field(default="1.0.0", description="the version of this binding")


class SendBinding(_Object):
    """An operation that sends: `PutEvents` with the whole CloudEvent as the entry's `Detail`, or several."""

    bus: str = Field(description="the bus's name")
    source: str | None = Field(
        default=None, description="the entry's and the event's `source`; absent where it stays that of another system"
    )
    batched: bool | None = Field(
        default=None, description="`true` where several events may share an entry; absent where each has its own"
    )
    binding_version: Literal["1.0.0"] = Field(default="1.0.0", description="the version of this binding")


class BackoffBinding(_Object):
    """How long a message waits for its next try: at random between one second and the ceiling."""

    base: int = Field(description="the ceiling before the first retry; it doubles with every try")
    cap: int = Field(description="what the ceiling never exceeds")


class RetryBinding(_Object):
    """What becomes of a message that its consumer cannot handle."""

    tries: int = Field(description="failures until the message is a dead letter")
    patience: int = Field(description="how long failures that say nothing about the message cost no try")
    backoff: BackoffBinding = Field(description="the wait between tries")


class ReceiveBinding(_Object):
    """An operation that receives: a rule on the bus, the queue that it feeds, and the function behind the queue."""

    bus: str = Field(description="the bus that the rule is on")
    rule: str = Field(description="the rule's name")
    pattern: Mapping[str, Any] = Field(description="the rule's event pattern, as EventBridge takes it")
    queue: str = Field(description="the queue that the rule sends to, described by the `sqs` binding")
    dead_letter_queue: str = Field(description="where the rule and the consumer put what they give up")
    function: str = Field(description="the Lambda function that reads the queue")
    batch_size: int = Field(description="messages in one invocation, at most")
    batching_window: int = Field(description="how long a batch may gather")
    max_concurrency: int = Field(description="invocations at a time, at most")
    retry: RetryBinding = Field(description="tries and waits")
    binding_version: Literal["1.0.0"] = Field(default="1.0.0", description="the version of this binding")


OBJECTS: Final = (ChannelBinding, SendBinding, ReceiveBinding, RetryBinding, BackoffBinding)


def resource(name: str) -> str:
    """What a queue, rule or function of the manifest is called in the account."""
    return f"{_PREFIX}-{name}"


def channel_bindings(type_: str) -> Json:
    return {NAME: _json(ChannelBinding(bus=BUS, detail_type=type_))}


def send_bindings(source: str | None, *, batched: bool) -> Json:
    return {NAME: _json(SendBinding(bus=BUS, source=source, batched=batched or None))}


def receive_bindings(route: Route) -> Json:
    consumer = route.consumer
    binding = ReceiveBinding(
        bus=BUS,
        rule=resource(route.rule),
        pattern=route.subscription.pattern,
        queue=resource(consumer.name),
        dead_letter_queue=resource(f"{consumer.name}-dlq"),
        function=resource(consumer.function.name),
        batch_size=consumer.batch_size,
        batching_window=consumer.batching_window,
        max_concurrency=consumer.max_concurrency,
        retry=RetryBinding(
            tries=consumer.tries,
            patience=consumer.patience,
            backoff=BackoffBinding(base=consumer.backoff.base, cap=consumer.backoff.cap),
        ),
    )
    return {NAME: _json(binding), "sqs": _queues(consumer)}


def _queues(consumer: Consumer) -> Json:
    """Source: AsyncAPI's sqs binding, operation binding object."""
    dead_letters = resource(f"{consumer.name}-dlq")
    queue = {
        "name": resource(consumer.name),
        "fifoQueue": False,
        "visibilityTimeout": consumer.visibility_timeout,
        "redrivePolicy": {"deadLetterQueue": {"name": dead_letters}, "maxReceiveCount": consumer.max_receive_count},
    }
    return {"queues": [queue, {"name": dead_letters, "fifoQueue": False}], "bindingVersion": _SQS_VERSION}


def _json(binding: _Object) -> Json:
    return binding.model_dump(mode="json", by_alias=True, exclude_none=True)
