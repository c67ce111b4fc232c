"""Alarms, each with a section of docs/operating.md that says what to do: its kind is that section's anchor."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aws_cdk import Stack, aws_cloudwatch, aws_cloudwatch_actions, aws_sns
from constructs import Construct

from infra.config import StageConfig

RUNBOOK: Final = "docs/operating.md"


class AlarmKind(StrEnum):
    """What an alarm is about; its value is the anchor of its section."""

    DEAD_LETTERS = "dead-letters"
    DEAD_LETTERS_OVER_SLO = "too-many-dead-letters"
    SLOW_OVER_SLO = "too-slow"
    QUEUE_AGE = "a-queue-that-grows-old"
    LOST_AT_RULE = "lost-at-a-rule"
    FUNCTION_ERRORS = "a-function-that-fails"
    FUNCTION_THROTTLES = "a-function-that-is-throttled"
    OUTBOX_LAG = "an-outbox-that-lags"
    API_ERRORS = "an-api-that-answers-with-errors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`over` or at the threshold in `times` of the last `of` periods. Without data all is well."""

    over: float
    times: int = 1
    of: int = 1


def described(kind: AlarmKind, says: str) -> str:
    """An alarm's description: what is wrong, and where to read on."""
    return f"{says} What to do: {RUNBOOK}#{kind}"


def raise_alarm(  # noqa: PLR0913 - all of it differs from alarm to alarm
    scope: Construct,
    construct_id: str,
    *,
    kind: AlarmKind,
    name: str,
    says: str,
    metric: aws_cloudwatch.IMetric,
    when: Condition,
    stage: StageConfig,
    tell: bool = True,
) -> aws_cloudwatch.Alarm:
    """An alarm of the stage. `tell` sends it to the stage's topic: part of another alarm does not."""
    alarm = aws_cloudwatch.Alarm(
        scope,
        construct_id,
        alarm_name=stage.resource_name(name),
        alarm_description=described(kind, says),
        metric=metric,
        threshold=when.over,
        evaluation_periods=when.of,
        datapoints_to_alarm=when.times,
        comparison_operator=aws_cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treat_missing_data=aws_cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    if tell:
        alarm.add_alarm_action(action(scope, f"{construct_id}Topic", stage))
    return alarm


def action(scope: Construct, construct_id: str, stage: StageConfig) -> aws_cloudwatch_actions.SnsAction:
    """The topic is found by its computed name, as the bus is."""
    arn = Stack.of(scope).format_arn(service="sns", resource=stage.alarm_topic)
    return aws_cloudwatch_actions.SnsAction(aws_sns.Topic.from_topic_arn(scope, construct_id, arn))
