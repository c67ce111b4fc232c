"""Rules -> queue -> function, with dead letters at both joints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from aws_cdk import Duration, aws_events, aws_lambda, aws_sqs
from constructs import Construct

from infra.components.consumer_alarms import ConsumerAlarms
from infra.components.function import Environment, Home, ServiceFunction, removal_policy
from infra.components.objectives import ObjectiveAlarms
from infra.components.queues import allow_replays, allow_rule, dead_letters, hosted_queue
from infra.components.relations import QUEUE_DAYS, BrokenRelation
from infra.config import StageConfig
from runtime.manifest import VISIBILITY_FACTOR, Consumer, Subscription

#: What Lambda does to the queue on the function's behalf, and the runtime's own backoff and deferrals.
_CONSUME: Final = (
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
)
_MAX_BATCH_WITHOUT_WINDOW: Final = 10
_SECONDS_PER_DAY: Final = 86_400
_MIN_CONCURRENCY, _MAX_CONCURRENCY = 2, 1000


def check_relations(consumer: Consumer) -> None:
    """Raises BrokenRelation that lists everything that is wrong."""
    problems = tuple(_problems(consumer))
    if problems:
        raise BrokenRelation(f"consumer {consumer.name}: {'; '.join(problems)}")


def _problems(consumer: Consumer) -> Iterator[str]:
    needed = VISIBILITY_FACTOR * consumer.function.timeout + consumer.batching_window
    if consumer.visibility_timeout < needed:
        yield f"visibility timeout {consumer.visibility_timeout} s is under {needed} s (6 x timeout + window)"
    if consumer.function.timeout >= consumer.visibility_timeout:
        yield f"a lock is held for up to {consumer.function.timeout} s: not over when its message is shown again"
    if consumer.tries < 1:
        yield "tries must be at least 1"
    if consumer.max_receive_count <= consumer.tries:
        yield (
            f"the queue gives a message up after {consumer.max_receive_count} receives, without a reason: "
            f"before the consumer does, after {consumer.tries} tries"
        )
    if consumer.max_receive_count * consumer.visibility_timeout > QUEUE_DAYS * _SECONDS_PER_DAY:
        yield (
            f"{consumer.max_receive_count} receives of {consumer.visibility_timeout} s each take longer than "
            f"the {QUEUE_DAYS} days that the queue keeps a message: it would be lost before it is given up"
        )
    if consumer.batch_size > _MAX_BATCH_WITHOUT_WINDOW and not consumer.batching_window:
        yield f"batches over {_MAX_BATCH_WITHOUT_WINDOW} need a batching window"
    if not _MIN_CONCURRENCY <= consumer.max_concurrency <= _MAX_CONCURRENCY:
        yield f"max_concurrency must be {_MIN_CONCURRENCY} to {_MAX_CONCURRENCY}"
    if not consumer.event_types:
        yield "nothing is subscribed to, nor sent directly"


class EventConsumer(Construct):
    """A manifest's Consumer, deployed. Raises BrokenRelation.

    `own_events` is what rules on the account's default bus ask of an event's detail beside their patterns. Where its
    home has a host, queue, rules and function are the host's.
    """

    queue: aws_sqs.IQueue
    dead_letter_queue: aws_sqs.IQueue
    #: For the environment of the service's other functions.
    queue_url: str

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        consumer: Consumer,
        home: Home,
        environment: Environment,
        own_events: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        check_relations(consumer)
        if home.host:
            self.queue_url = home.host.queue_url
            self.queue = hosted_queue(self, "Queue", home.host.queue_name)
            self.dead_letter_queue = hosted_queue(self, "DeadLetters", home.host.dead_letter_queue_name)
            self.function = ServiceFunction(
                self, "Consumer", spec=consumer.function, home=home, environment=environment
            )
            self.function.allow_check_out()
            if home.stage.alarms:
                ObjectiveAlarms(self, "Objectives", consumer=consumer, stage=home.stage)
        else:
            self._stand_alone(consumer, home=home, environment=environment, own_events=own_events or {})

    def _stand_alone(
        self, consumer: Consumer, *, home: Home, environment: Environment, own_events: Mapping[str, Any]
    ) -> None:
        dead_letter_queue = dead_letters(self, "DeadLetters", name=f"{consumer.name}-dlq", stage=home.stage)
        queue = _queue(self, consumer=consumer, dead_letter_queue=dead_letter_queue, stage=home.stage)
        self.queue, self.dead_letter_queue, self.queue_url = queue, dead_letter_queue, queue.queue_url
        self.function = ServiceFunction(
            self,
            "Consumer",
            spec=consumer.function,
            home=home,
            environment={
                "QUEUE_URL": self.queue.queue_url,
                "DEAD_LETTER_QUEUE_URL": self.dead_letter_queue.queue_url,
                **environment,
            },
        )
        self.function.allow(*_CONSUME, on=self.queue.queue_arn)
        self.function.allow("sqs:SendMessage", on=self.dead_letter_queue.queue_arn)
        self.function.allow_check_out()
        _mapping(self, consumer=consumer, queue=self.queue, function=self.function, stage=home.stage)
        for subscription in consumer.subscriptions:
            pattern = _pattern(subscription, own_events)
            self._subscribe(subscription, pattern, consumer=consumer, home=home)
        if any(subscription.bus == "own" for subscription in consumer.subscriptions):  # what the archive remembers
            allow_replays(self.queue, stage=home.stage)
            allow_replays(self.dead_letter_queue, stage=home.stage)
        if home.stage.alarms:
            ConsumerAlarms(self, "Alarms", consumer=consumer, queue=self.queue, stage=home.stage)

    def _subscribe(
        self, subscription: Subscription, pattern: Mapping[str, Any], *, consumer: Consumer, home: Home
    ) -> None:
        # CfnRule: the pattern goes into the template as the manifest has it, with every filter that AWS knows.
        rule = aws_events.CfnRule(
            self,
            f"Rule-{subscription.name}",
            name=home.stage.resource_name(f"{consumer.name}-{subscription.name}"),
            event_bus_name=home.bus.event_bus_name if subscription.bus == "own" else "default",
            event_pattern=dict(pattern),
            state="ENABLED",
            targets=[
                aws_events.CfnRule.TargetProperty(
                    id="queue",
                    arn=self.queue.queue_arn,
                    dead_letter_config=aws_events.CfnRule.DeadLetterConfigProperty(
                        arn=self.dead_letter_queue.queue_arn
                    ),
                )
            ],
        )
        for queue in (self.queue, self.dead_letter_queue):
            allow_rule(queue, rule_arn=rule.attr_arn)


def _pattern(subscription: Subscription, own_events: Mapping[str, Any]) -> Mapping[str, Any]:
    return subscription.pattern if subscription.bus == "own" else _narrowed(subscription.pattern, own_events)


def _narrowed(pattern: Mapping[str, Any], own_events: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$or" in pattern:
        return {"$or": [_narrowed(branch, own_events) for branch in pattern["$or"]]}
    return {**pattern, "detail": {**pattern["detail"], **own_events}}


def _queue(
    scope: Construct, *, consumer: Consumer, dead_letter_queue: aws_sqs.IQueue, stage: StageConfig
) -> aws_sqs.Queue:
    return aws_sqs.Queue(
        scope,
        "Queue",
        queue_name=stage.resource_name(consumer.name),
        encryption=aws_sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=stage.require_tls,
        retention_period=Duration.days(QUEUE_DAYS),
        visibility_timeout=Duration.seconds(consumer.visibility_timeout),
        removal_policy=removal_policy(stage),
        dead_letter_queue=aws_sqs.DeadLetterQueue(
            queue=dead_letter_queue, max_receive_count=consumer.max_receive_count
        ),
    )


def _mapping(
    scope: Construct, *, consumer: Consumer, queue: aws_sqs.IQueue, function: ServiceFunction, stage: StageConfig
) -> None:
    aws_lambda.EventSourceMapping(
        scope,
        "Mapping",
        target=function.resource,
        event_source_arn=queue.queue_arn,
        batch_size=consumer.batch_size,
        max_batching_window=Duration.seconds(stage.batching_window(consumer)),
        max_concurrency=stage.concurrency(consumer),
        report_batch_item_failures=True,
    )
