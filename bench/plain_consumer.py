"""The peer of a cold start: one Lambda function as the documentation of Powertools writes it, in one file.

A BatchProcessor gives out record after record, an `@idempotent_function` keeps each from being done twice, the parser
checks it, and boto3 writes an item and sends an event. Clients are made when the module is imported. Nothing of
Breakwater's is in it.

Source: https://docs.aws.amazon.com/powertools/python/latest/utilities/batch/ and .../utilities/idempotency/
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent_function
from aws_lambda_powertools.utilities.parser import BaseModel, parse
from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="plain")
processor = BatchProcessor(event_type=EventType.SQS)
persistence_layer = DynamoDBPersistenceLayer(table_name="plain-idempotency")
config = IdempotencyConfig(event_key_jmespath="[source, id]")
dynamodb = boto3.client("dynamodb")  # noqa: TID251 - as everybody writes it
events = boto3.client("events")  # noqa: TID251


class Usage(BaseModel):
    customer_id: str
    meter: str
    quantity: int
    used_at: datetime


@idempotent_function(  # type: ignore[untyped-decorator]
    data_keyword_argument="event", config=config, persistence_store=persistence_layer
)
def apply(*, event: dict[str, Any]) -> None:
    usage = parse(event=event["data"], model=Usage)
    item = {"customer_id": {"S": usage.customer_id}, "id": {"S": event["id"]}, "quantity": {"N": str(usage.quantity)}}
    dynamodb.put_item(TableName="plain-usage", Item=item)
    bus, detail = os.environ["EVENT_BUS_NAME"], json.dumps({"id": event["id"]})  # noqa: TID251
    events.put_events(Entries=[{"EventBusName": bus, "Source": "plain", "DetailType": "usage.kept", "Detail": detail}])


def record_handler(record: SQSRecord) -> None:
    event = record.json_body["detail"]
    apply(event=event)
    logger.info("applied", extra={"message_id": record.message_id})


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    config.register_lambda_context(context)
    return process_partial_response(event=event, record_handler=record_handler, processor=processor, context=context)
