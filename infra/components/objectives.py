"""What a consumer's manifest promises, as alarms on how fast the promise is being used up.

A promise of 99.9 % allows one bad record in a thousand over 30 days: that is its budget. An alarm goes off when the
budget is spent so many times faster than it would last, over a long window, and still is over a short one: so it is
neither late, nor rings for what is over. Source: Site Reliability Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate
Alerts". Its third pair (three days, six hours, once) is longer than an alarm of CloudWatch can look back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aws_cdk import Duration, aws_cloudwatch
from constructs import Construct

from infra.components.alarms import AlarmKind, Condition, action, described, raise_alarm
from infra.components.measured import Measured, Statistic
from infra.config import StageConfig
from runtime.manifest import Consumer
from runtime.metrics import CRITICAL_TIME, DEAD_LETTER, SETTLED, SLOW

#: Bad records below which a window says nothing, whatever their share: of three records in an hour, one is a third.
FEWEST_BAD: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """A speed at which the budget is spent, and the windows (minutes) over which it is seen."""

    name: str
    rate: float
    long: int
    short: int

    @property
    def spent(self) -> str:
        """Of 30 days' budget, when it goes off."""
        return f"{100 * self.rate * self.long / (30 * 24 * 60):g} %"


#: `fast` is worth getting up for; `slow` is worth an hour of the next day.
BURNS: Final = (Burn(name="fast", rate=14.4, long=60, short=5), Burn(name="slow", rate=6, long=360, short=30))


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A promise about a consumer's records: at most the share `budget` of `total` (a statistic of it) is `bad`."""

    kind: AlarmKind
    name: str
    says: str
    bad: str
    total: str
    counted_by: Statistic
    budget: float


def objectives(consumer: Consumer) -> tuple[Objective, ...]:
    """Those of the consumer's manifest."""
    slo = consumer.slo
    if slo is None:
        return ()
    dead = Objective(
        kind=AlarmKind.DEAD_LETTERS_OVER_SLO,
        name="dead-letters",
        says=f"{consumer.name} promises that {slo.without_dead_letter:.1%} of its records are no dead letters.",
        bad=DEAD_LETTER,
        total=SETTLED,
        counted_by="Sum",
        budget=1 - slo.without_dead_letter,
    )
    slow = Objective(
        kind=AlarmKind.SLOW_OVER_SLO,
        name="slow",
        says=f"{consumer.name} promises that 95 in 100 records take at most {slo.critical_p95_ms} ms.",
        bad=SLOW,
        total=CRITICAL_TIME,
        counted_by="SampleCount",
        budget=0.05,
    )
    return (dead,) if slo.critical_p95_ms is None else (dead, slow)


class ObjectiveAlarms(Construct):
    """The alarms of everything that one consumer promises."""

    def __init__(self, scope: Construct, construct_id: str, *, consumer: Consumer, stage: StageConfig) -> None:
        super().__init__(scope, construct_id)
        for objective in objectives(consumer):
            for burn in BURNS:
                _Alarm(self, f"{objective.name}-{burn.name}", objective, burn, consumer=consumer.name, stage=stage)


class _Alarm(Construct):
    """One promise, used up at one speed: both windows must see it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        objective: Objective,
        burn: Burn,
        *,
        consumer: str,
        stage: StageConfig,
    ) -> None:
        super().__init__(scope, construct_id)
        name = f"{consumer}-{construct_id}"
        windows = [
            raise_alarm(
                self,
                f"{minutes}m",
                kind=objective.kind,
                name=f"{name}-{minutes}m",
                says=f"{objective.says} One of the two windows of {name}.",
                metric=_share(objective, consumer=consumer, minutes=minutes, fewest=fewest, stage=stage),
                when=Condition(over=round(burn.rate * objective.budget, 6)),
                stage=stage,
                tell=False,
            )
            for minutes, fewest in ((burn.long, FEWEST_BAD), (burn.short, 1))
        ]
        both = aws_cloudwatch.CompositeAlarm(
            self,
            "Both",
            composite_alarm_name=stage.resource_name(name),
            alarm_description=described(
                objective.kind, f"{objective.says} {burn.spent} of what 30 days allow is gone in {burn.long} minutes."
            ),
            alarm_rule=aws_cloudwatch.AlarmRule.all_of(
                *(aws_cloudwatch.AlarmRule.from_alarm(w, aws_cloudwatch.AlarmState.ALARM) for w in windows)
            ),
        )
        both.add_alarm_action(action(self, "Topic", stage))


def _share(
    objective: Objective, *, consumer: str, minutes: int, fewest: int, stage: StageConfig
) -> aws_cloudwatch.MathExpression:
    """The share of bad records in a window. There are no zeros to fill in: without bad records, there is no data."""
    measured = Measured(stage=stage, minutes=minutes)
    return aws_cloudwatch.MathExpression(
        expression=f"IF(bad >= {fewest}, bad / total, 0)",
        using_metrics={
            "bad": measured.own(objective.bad, function=consumer, statistic="Sum"),
            "total": measured.own(objective.total, function=consumer, statistic=objective.counted_by),
        },
        period=Duration.minutes(minutes),
        label=objective.name,
    )
