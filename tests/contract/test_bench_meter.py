"""The meter on real calls (moto's): what each operation is counted as."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from bench.meter import Meter, Tables, Tally, UnknownCost

LARGE = {"S": "x" * 2_000}
SMALL = {"S": "x"}


class Metered:
    def __init__(self) -> None:
        self.dynamodb = boto3.client("dynamodb")
        self.dynamodb.create_table(
            TableName="t",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("id", "group")],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by-group",
                    "KeySchema": [{"AttributeName": "group", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
        self.meter = Meter(Tables(dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"]))
        self.meter.watch(self.dynamodb)

    def put(self, id_: str, **attributes: Any) -> Any:
        return {"TableName": "t", "Item": {"id": {"S": id_}, **attributes}}

    def counted(self, operation: str, client: Any = None, **params: Any) -> dict[str, float]:
        tally = Tally()
        with self.meter.counting(tally):
            getattr(client or self.dynamodb, operation)(**params)
        assert (tally.round_trips, tally.calls.total()) == (1, 1)
        return {kind: count for kind, count in tally.units.items() if count}

    def watched(self, service: str) -> Any:
        client = boto3.client(service)
        self.meter.watch(client)
        return client


@pytest.fixture
def metered() -> Iterator[Metered]:
    with mock_aws():
        yield Metered()


def test_a_put_over_a_larger_item_counts_the_larger_one(metered):
    assert metered.counted("put_item", **metered.put("a", text=LARGE)) == {"table_writes": 2}
    assert metered.counted("put_item", **metered.put("a", text=SMALL)) == {"table_writes": 2}
    assert metered.counted("put_item", **metered.put("a", text=SMALL)) == {"table_writes": 1}


def test_a_write_that_an_index_carries_counts_there_too(metered):
    assert metered.counted("put_item", **metered.put("a", text=LARGE, group=SMALL)) == {
        "table_writes": 2,
        "index_writes": 2,
    }


def test_an_update_counts_the_whole_item(metered):
    metered.dynamodb.put_item(**metered.put("a", text=LARGE))

    assert metered.counted(
        "update_item",
        TableName="t",
        Key={"id": {"S": "a"}},
        UpdateExpression="ADD seen :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    ) == {"table_writes": 2}


def test_a_delete_counts_what_it_deletes(metered):
    metered.dynamodb.put_item(**metered.put("a", text=LARGE))

    assert metered.counted("delete_item", TableName="t", Key={"id": {"S": "a"}}) == {"table_writes": 2}
    assert metered.counted("delete_item", TableName="t", Key={"id": {"S": "a"}}) == {"table_writes": 1}


def test_a_batch_counts_each_item_by_itself(metered):
    writes = [{"PutRequest": {"Item": metered.put(str(n), text=SMALL)["Item"]}} for n in range(24)]
    writes.append({"DeleteRequest": {"Key": {"id": {"S": "x"}}}})

    assert metered.counted("batch_write_item", RequestItems={"t": writes}) == {"table_writes": 25}


def test_a_transaction_counts_twice(metered):
    check = {"TableName": "t", "Key": {"id": {"S": "b"}}, "ConditionExpression": "attribute_not_exists(id)"}
    actions = [{"Put": metered.put("a", text=LARGE)}, {"ConditionCheck": check}]

    assert metered.counted("transact_write_items", TransactItems=actions) == {"table_writes": 2 * (2 + 1)}


def test_a_condition_that_does_not_hold_counts_what_lies_there(metered):
    metered.dynamodb.put_item(**metered.put("a", text=LARGE, group=SMALL))
    tally = Tally()

    with metered.meter.counting(tally), pytest.raises(ClientError, match="ConditionalCheckFailed"):
        metered.dynamodb.put_item(**metered.put("a", text=SMALL), ConditionExpression="attribute_not_exists(id)")

    assert (tally.units["table_writes"], tally.units["index_writes"]) == (2, 0)


def test_a_read_counts_by_its_consistency(metered):
    key = {"TableName": "t", "Key": {"id": {"S": "a"}}}

    assert metered.counted("get_item", **key, ConsistentRead=True) == {"reads": 1}
    assert metered.counted("get_item", **key) == {"reads": 0.5}


def test_messages_count_by_their_size(metered):
    sqs = metered.watched("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    entries = [{"Id": str(n), "MessageBody": "x" * 40_000} for n in range(2)]

    assert metered.counted("send_message", sqs, QueueUrl=url, MessageBody="x") == {"queue_requests": 1}
    assert metered.counted("send_message_batch", sqs, QueueUrl=url, Entries=entries) == {"queue_requests": 2}


def test_events_count_one_by_one_and_by_their_size(metered):
    events = metered.watched("events")
    entry = {"Source": "s", "DetailType": "t", "Detail": "{}"}
    large = entry | {"Detail": f'{{"a":"{"x" * 70_000}"}}'}

    assert metered.counted("put_events", events, Entries=[entry, large]) == {"bus_events": 1 + 2}


def test_what_happens_while_nobody_counts_is_not_counted(metered):
    tally = Tally()
    with metered.meter.counting(tally):
        pass

    metered.dynamodb.put_item(**metered.put("a"))

    assert tally.round_trips == 0


def test_the_meter_stops_rather_than_counting_too_little(metered):
    with pytest.raises(UnknownCost, match="Scan"):
        metered.counted("scan", TableName="t")
