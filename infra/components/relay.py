"""Stream -> function -> bus: publishes what a write put into its item's outbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aws_cdk import Duration, aws_lambda, aws_lambda_event_sources
from constructs import Construct

from infra.components.alarms import AlarmKind, Condition, raise_alarm
from infra.components.function import Home, ServiceFunction
from infra.components.measured import Measured
from infra.components.queues import failures
from infra.components.table import StateTable
from infra.config import StageConfig
from runtime.manifest import Relay
from runtime.metrics import OUTBOX_LAG
from runtime.timing import FRESH

_READ_STREAM: Final = (
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
)
#: Milliseconds. What came later than that has no critical time (runtime.timing): so this must be told of.
_LONGEST_LAG: Final = FRESH


def _outbox(entries: Any) -> Mapping[str, Any]:
    return aws_lambda.FilterCriteria.filter({"dynamodb": {"NewImage": {"outbox": entries}}})


#: Either filter lets a record through. AWS looks for leaves, inside of lists; the embedded stack's emulator
#: does not look inside of lists. Each understands one of the two, and neither lets an item without an
#: outbox through.
_FILTERS: Final = (
    _outbox({"L": {"S": aws_lambda.FilterRule.exists()}}),
    _outbox({"L": aws_lambda.FilterRule.exists()}),
)


class OutboxRelay(Construct):
    """A manifest's Relay on one table's stream.

    A batch that fails is halved until the record at fault is alone, and that is tried for as long as the
    stream has it. The relay itself sends what can never be published to the failure queue, with the reason;
    Lambda sends the place of a record there that the stream has forgotten.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        relay: Relay,
        table: StateTable,
        source: str,
        home: Home,
    ) -> None:
        super().__init__(scope, construct_id)
        self.failures = failures(self, "Failures", name=f"{relay.function.name}-dlq", stage=home.stage, host=home.host)
        self.function = ServiceFunction(
            self,
            "Relay",
            spec=relay.function,
            home=home,
            environment={} if home.host else {"DEAD_LETTER_QUEUE_URL": self.failures.queue_url},
        )
        stream = table.resource.table_stream_arn
        if stream is None:
            raise ValueError(f"{relay.function.name}: its table has no stream")
        self.function.allow(*_READ_STREAM, on=stream)
        self.function.allow("sqs:SendMessage", on=self.failures.queue_arn)
        self.function.allow_put_events(source=source)
        mapping = aws_lambda.EventSourceMapping(
            self,
            "Mapping",
            target=self.function.resource,
            event_source_arn=stream,
            # From the oldest record: none that was written while the mapping was being made is missed.
            starting_position=aws_lambda.StartingPosition.TRIM_HORIZON,
            batch_size=relay.batch_size,
            bisect_batch_on_error=True,
            on_failure=aws_lambda_event_sources.SqsDlq(self.failures),
            filters=list(_FILTERS),
        )
        if home.host:
            # Lambda asks at once whether the role may read the stream.
            mapping.node.add_dependency(self.function.role)
        if home.stage.alarms:
            _alarms(self, relay.function.name, self.function.resource, home.stage)


def _alarms(scope: Construct, name: str, function: aws_lambda.IFunction, stage: StageConfig) -> None:
    """By the events' own ages, and by the stream's: where the relay does not even run, only the stream tells."""
    watched = {
        "Lag": (Measured(stage=stage).own(OUTBOX_LAG, function=name, statistic="Maximum"), "lag"),
        "IteratorAge": (
            function.metric("IteratorAge", period=Duration.minutes(1), statistic="Maximum"),
            "iterator-age",
        ),
    }
    for construct_id, (metric, suffix) in watched.items():
        raise_alarm(
            scope,
            construct_id,
            kind=AlarmKind.OUTBOX_LAG,
            name=f"{name}-{suffix}",
            says=f"Events wait in an outbox of {stage.resource_name(name)} for a minute and longer, in 3 of 5 minutes.",
            metric=metric,
            when=Condition(over=_LONGEST_LAG, times=3, of=5),
            stage=stage,
        )
