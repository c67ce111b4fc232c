"""Where the API's answers are remembered: Powertools' layer, beside the consumers' records, under keys of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

from runtime.idempotency import EXPIRY_ATTRIBUTE

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


def answer_store(client: DynamoDBClient, table_name: str) -> DynamoDBPersistenceLayer:
    return DynamoDBPersistenceLayer(table_name=table_name, expiry_attr=EXPIRY_ATTRIBUTE, boto3_client=client)
