"""What is alarming about a consumer: its queue, its rules, and what it promises."""

from __future__ import annotations

from typing import Final

from aws_cdk import Duration, aws_sqs
from constructs import Construct

from infra.components.alarms import AlarmKind, Condition, raise_alarm
from infra.components.measured import Measured
from infra.components.objectives import ObjectiveAlarms
from infra.config import StageConfig
from runtime.manifest import Consumer

#: A message whose function crashed is shown again after one visibility timeout. That may happen to one.
_VISIBILITY_TIMEOUTS: Final = 2


class ConsumerAlarms(Construct):
    """Beside those of its function and of its DLQ."""

    def __init__(
        self, scope: Construct, construct_id: str, *, consumer: Consumer, queue: aws_sqs.IQueue, stage: StageConfig
    ) -> None:
        super().__init__(scope, construct_id)
        oldest = consumer.backlog + _VISIBILITY_TIMEOUTS * consumer.visibility_timeout
        raise_alarm(
            self,
            "Age",
            kind=AlarmKind.QUEUE_AGE,
            name=f"{consumer.name}-queue-age",
            says=f"A message has been on {stage.resource_name(consumer.name)} for {oldest} seconds and longer.",
            metric=queue.metric_approximate_age_of_oldest_message(period=Duration.minutes(1), statistic="Maximum"),
            when=Condition(over=oldest, times=3, of=5),
            stage=stage,
        )
        for subscription in consumer.subscriptions:
            self._lost(f"{consumer.name}-{subscription.name}", bus=subscription.bus, stage=stage)
        ObjectiveAlarms(self, "Objectives", consumer=consumer, stage=stage)

    def _lost(self, rule: str, *, bus: str, stage: StageConfig) -> None:
        raise_alarm(
            self,
            f"Lost-{rule}",
            kind=AlarmKind.LOST_AT_RULE,
            name=f"{rule}-lost",
            says=f"The rule {stage.resource_name(rule)} could put an event neither on its queue nor into the DLQ.",
            metric=Measured(stage=stage).rule("InvocationsFailedToBeSentToDlq", rule=rule, bus=bus),
            when=Condition(over=1),
            stage=stage,
        )
