"""A table that costs by use, can be set back to any second of 35 days, and forgets what has expired."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_dynamodb
from constructs import Construct

from infra.components.function import ServiceFunction, removal_policy
from infra.components.relations import BrokenRelation
from infra.config import StageConfig
from runtime.idempotency import EXPIRY_ATTRIBUTE


@dataclass(frozen=True, slots=True)
class Keys:
    """The names of the key attributes, all of them strings."""

    partition: str
    sort: str | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index that carries whole items. Items without its keys are not in it."""

    name: str
    keys: Keys


class StateTable(Construct):
    """One service's table."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        keys: Keys,
        ttl_attribute: str | None,
        stream: bool,
        indexes: tuple[Index, ...],
        stage: StageConfig,
    ) -> None:
        super().__init__(scope, construct_id)
        self.ttl_attribute = ttl_attribute
        self.known_name = stage.resource_name(name)
        self.resource = aws_dynamodb.Table(
            self,
            "Table",
            table_name=self.known_name,
            billing_mode=aws_dynamodb.BillingMode.PAY_PER_REQUEST,
            partition_key=_string(keys.partition),
            sort_key=_string(keys.sort) if keys.sort else None,
            time_to_live_attribute=ttl_attribute,
            stream=aws_dynamodb.StreamViewType.NEW_AND_OLD_IMAGES if stream else None,
            point_in_time_recovery_specification=aws_dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=stage.retain_data,
            removal_policy=removal_policy(stage),
        )
        for index in indexes:
            self.resource.add_global_secondary_index(
                index_name=index.name,
                partition_key=_string(index.keys.partition),
                sort_key=_string(index.keys.sort) if index.keys.sort else None,
                projection_type=aws_dynamodb.ProjectionType.ALL,
            )

    @property
    def name(self) -> str:
        return self.resource.table_name

    def allow(self, function: ServiceFunction, *actions: str, index: str | None = None) -> None:
        """Grant DynamoDB actions (`GetItem`) on the table, or on one of its indexes."""
        arn = self.resource.table_arn
        function.allow(*(f"dynamodb:{action}" for action in actions), on=f"{arn}/index/{index}" if index else arn)


def idempotency_table(scope: Construct, construct_id: str, *, service: str, stage: StageConfig) -> StateTable:
    """Where Powertools remembers what was done, in its default layout."""
    return StateTable(
        scope,
        construct_id,
        name=f"idempotency-{service}",
        keys=Keys("id"),
        ttl_attribute=EXPIRY_ATTRIBUTE,
        stream=False,
        indexes=(),
        stage=stage,
    )


def allow_once(function: ServiceFunction, table: StateTable) -> None:
    """What Powertools idempotency needs: lock, complete, release. A lock that is refused tells what is there.

    Raises BrokenRelation for a table that would keep the records for ever, or forget by something else.
    """
    if table.ttl_attribute != EXPIRY_ATTRIBUTE:
        raise BrokenRelation(
            f"{function.name}: its idempotency records expire by {EXPIRY_ATTRIBUTE}, its table by {table.ttl_attribute}"
        )
    table.allow(function, "DeleteItem", "PutItem", "UpdateItem")


def _string(name: str) -> aws_dynamodb.Attribute:
    return aws_dynamodb.Attribute(name=name, type=aws_dynamodb.AttributeType.STRING)
