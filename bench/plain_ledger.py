"""The peer's function on the emulator: usage from a queue into a table, as the documentation of Powertools has it.

It stands alone: what is deployed is this file, and none of Breakwater's packages.

Source: https://docs.aws.amazon.com/powertools/python/latest/utilities/batch/ and .../utilities/idempotency/
"""

from __future__ import annotations

from datetime import datetime
from os import environ  # noqa: TID251 - a composition root
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent_function
from aws_lambda_powertools.utilities.parser import BaseModel, parse

logger = Logger(service="plain")
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
persistence = DynamoDBPersistenceLayer(table_name=environ["IDEMPOTENCY_TABLE"])
config = IdempotencyConfig(event_key_jmespath="[source, id]", raise_on_no_idempotency_key=True)
table = boto3.resource("dynamodb").Table(environ["USAGE_TABLE"])  # noqa: TID251 - as the documentation has it


class Usage(BaseModel):
    customer_id: str
    meter: str
    quantity: int
    used_at: datetime


@idempotent_function(data_keyword_argument="event", config=config, persistence_store=persistence)  # type: ignore[untyped-decorator]
def book(*, event: dict[str, Any]) -> None:
    usage = parse(event=event["data"], model=Usage)
    table.put_item(Item={"id": event["id"], "source": event["source"], **usage.model_dump(mode="json")})


def record_handler(record: SQSRecord) -> None:
    event = record.json_body["detail"]
    book(event=event)
    logger.info("booked", extra={"event_id": event["id"], "event_type": event["type"]})


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: Any) -> Any:
    config.register_lambda_context(context)
    return process_partial_response(event=event, record_handler=record_handler, processor=processor, context=context)
