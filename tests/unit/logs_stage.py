"""A stage's logs, queues and table in moto, for commands that read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contracts.lines import Line
from ops.letters.places import places
from ops.target import Target

_STREAM = "2026/11/27/[$LATEST]1"


def deployed(target: Target) -> None:
    """Every queue with its DLQ, and billing's table; log groups come with the first line."""
    sqs = target.client("sqs")
    for place in places(target):
        for name in filter(None, (place.queue, place.source)):
            sqs.create_queue(QueueName=name)
    target.client("dynamodb").create_table(
        TableName=target.stage.resource_name("billing"),
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "gsi1pk", "gsi1sk")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-customer",
                "KeySchema": [
                    {"AttributeName": "gsi1pk", "KeyType": "HASH"},
                    {"AttributeName": "gsi1sk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )


def write(target: Target, function: str, *texts: tuple[int, str]) -> None:
    """Lines, each with its time in milliseconds, into a function's log group."""
    logs, group = target.client("logs"), target.log_groups[function]
    there = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    if group not in {each["logGroupName"] for each in there}:
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=_STREAM)
    events = [{"timestamp": at, "message": text} for at, text in sorted(texts)]
    logs.put_log_events(logGroupName=group, logStreamName=_STREAM, logEvents=events)


def write_lines(target: Target, *lines: Line) -> None:
    """As the functions write them."""
    for line in lines:
        write(target, line.function, (line.at, json.dumps(as_written(line))))


def as_written(line: Line) -> dict[str, Any]:
    names = ("outcome", "event_id", "event_source", "event_type", "correlation_id", "causation_id", "customer_id")
    more = ("invoice_id", "attempts", "duration_ms", "reason", "error_class", "error_message", "message_id")
    said = {name: getattr(line, name) for name in (*names, *more) if getattr(line, name)}
    return {
        "level": "INFO",
        "message": line.outcome,
        line.role: line.function,
        **said,
        "events_out": [*line.events_out],
    }


def put_letter(target: Target, owner: str, body: str, attributes: Mapping[str, str]) -> None:
    sqs = target.client("sqs")
    url = sqs.get_queue_url(QueueName=target.stage.resource_name(f"{owner}-dlq"))["QueueUrl"]
    texts = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=texts)


def seconds_before(now: datetime, seconds: float) -> int:
    """In milliseconds since the epoch."""
    return round((now.timestamp() - seconds) * 1000)
