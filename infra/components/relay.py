"""Stream -> function -> bus: publishes what a write put into its item's outbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aws_cdk import aws_lambda, aws_lambda_event_sources
from constructs import Construct

from infra.components.function import Home, ServiceFunction
from infra.components.queues import failures
from infra.components.table import StateTable
from runtime.manifest import Relay

_READ_STREAM: Final = (
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
)


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
