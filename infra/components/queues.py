"""Queues: encrypted, and where work ends that will not be tried again."""

from __future__ import annotations

from aws_cdk import Duration, Stack, aws_iam, aws_sqs
from constructs import Construct

from infra.components.acknowledged import acknowledge
from infra.components.alarms import AlarmKind, Condition, raise_alarm
from infra.components.function import Host, computed_arn, removal_policy
from infra.components.relations import DEAD_LETTER_DAYS
from infra.config import StageConfig


def dead_letters(scope: Construct, construct_id: str, *, name: str, stage: StageConfig) -> aws_sqs.Queue:
    """A queue that only operators read. Where the stage has alarms, one message in it is alarming."""
    queue = aws_sqs.Queue(
        scope,
        construct_id,
        queue_name=stage.resource_name(name),
        encryption=aws_sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=stage.require_tls,
        retention_period=Duration.days(DEAD_LETTER_DAYS),
        removal_policy=removal_policy(stage),
    )
    if stage.alarms:
        raise_alarm(
            scope,
            f"{construct_id}Alarm",
            kind=AlarmKind.DEAD_LETTERS,
            name=f"{name}-not-empty",
            says=f"{stage.resource_name(name)} holds messages that will not be tried again: look, fix, redrive.",
            # Not how many were sent there: what SQS moves by itself counts as sent nowhere.
            metric=queue.metric_approximate_number_of_messages_visible(period=Duration.minutes(1), statistic="Maximum"),
            when=Condition(over=1),
            stage=stage,
        )
    return queue


def failures(
    scope: Construct, construct_id: str, *, name: str, stage: StageConfig, host: Host | None = None
) -> aws_sqs.IQueue:
    """Dead letters of something that is no queue: a schedule, a stream. A host's go to its one DLQ."""
    if host:
        return hosted_queue(scope, construct_id, host.dead_letter_queue_name)
    queue = dead_letters(scope, construct_id, name=name, stage=stage)
    acknowledge(queue, "AwsSolutions-SQS3", "It is a dead-letter queue itself: no queue's redrive policy shows that.")
    return queue


def hosted_queue(scope: Construct, construct_id: str, name: str) -> aws_sqs.IQueue:
    """A queue of another stack, by its name."""
    return aws_sqs.Queue.from_queue_arn(scope, construct_id, computed_arn("sqs", name))


def allow_rule(queue: aws_sqs.IQueue, *, rule_arn: str) -> None:
    """Let one EventBridge rule, and no other, send to the queue."""
    queue.add_to_resource_policy(
        aws_iam.PolicyStatement(
            actions=["sqs:SendMessage"],
            resources=[queue.queue_arn],
            principals=[aws_iam.ServicePrincipal("events.amazonaws.com")],
            conditions={"ArnEquals": {"aws:SourceArn": rule_arn}},
        )
    )


def allow_replays(queue: aws_sqs.Queue, *, stage: StageConfig) -> None:
    """Let the rules send that exist for one replay. They have no other name in common: nobody knows them beforehand.

    Whoever may make such a rule on the stage's bus can fill the queue, as whoever may put events on the bus can.
    """
    rules = Stack.of(queue).format_arn(
        service="events", resource="rule", resource_name=f"{stage.bus_name}/{stage.replay_rules}*"
    )
    queue.add_to_resource_policy(
        aws_iam.PolicyStatement(
            actions=["sqs:SendMessage"],
            resources=[queue.queue_arn],
            principals=[aws_iam.ServicePrincipal("events.amazonaws.com")],
            conditions={"ArnLike": {"aws:SourceArn": rules}},
        )
    )
