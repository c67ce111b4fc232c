"""The service as Lambda runs it, against moto: from the request to what is on the bus."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.ingestion import api, files, wiring
from functions.ingestion.handler import consume
from functions.ingestion.ports import FileRef
from runtime.aws import client
from runtime.errors import ConfigurationError
from tests.unit.bulk_builders import csv, news_of, row
from tests.unit.event_builders import known_events
from tests.unit.ingestion_builders import http_request, usage
from tests.unit.runtime_fakes import FakeContext, sqs_record

BUS = "breakwater"


def forget() -> None:
    for cached in (client, wiring.consumer, wiring.file_consumer, wiring.intake, api._app):
        cached.cache_clear()


class Cloud:
    """The ingestion queue, and a queue that sees all that is on the bus."""

    def __init__(self) -> None:
        self._sqs = boto3.client("sqs")
        self.urls = {name: self._sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("queue", "dlq", "bus")}
        self.s3 = boto3.client("s3")
        self.s3.create_bucket(Bucket="files")
        boto3.client("dynamodb").create_table(
            TableName="checkpoints",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "file", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "file", "AttributeType": "S"}],
        )
        events = boto3.client("events")
        events.create_event_bus(Name=BUS)
        events.put_rule(Name="all", EventBusName=BUS, EventPattern=json.dumps({"source": ["ingestion-service"]}))
        arn = self._sqs.get_queue_attributes(QueueUrl=self.urls["bus"], AttributeNames=["QueueArn"])["Attributes"]
        events.put_targets(Rule="all", EventBusName=BUS, Targets=[{"Id": "t", "Arn": arn["QueueArn"]}])

    def bodies(self, name: str) -> list[str]:
        answer = self._sqs.receive_message(QueueUrl=self.urls[name], MaxNumberOfMessages=10)
        return [message["Body"] for message in answer.get("Messages", [])]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    forget()
    with mock_aws():
        made = Cloud()
        boto3.client("s3").create_bucket(Bucket="payloads-of-tests")
        environment = {
            "STAGE": "test",
            "EVENT_BUS_NAME": BUS,
            "QUEUE_URL": made.urls["queue"],
            "DEAD_LETTER_QUEUE_URL": made.urls["dlq"],
            "CLAIM_BUCKET": "payloads-of-tests",
            "INGESTION_QUEUE_URL": made.urls["queue"],
            "CHECKPOINTS_TABLE": "checkpoints",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield made
    forget()


def run(*bodies: str) -> dict[str, Any]:
    return consume({"Records": [sqs_record(body, id_=f"m-{i}") for i, body in enumerate(bodies)]}, FakeContext())


def test_what_is_posted_ends_on_the_bus(cloud: Cloud) -> None:
    answer = api.handle(http_request(usage().to_json()), FakeContext())

    done = run(*cloud.bodies("queue"))

    (event,) = map(json.loads, cloud.bodies("bus"))
    assert (answer["statusCode"], done) == (202, {"batchItemFailures": []})
    assert (event["detail-type"], event["detail"]["data"]["quantity"]) == ("ingestion.usage.recorded", 10)


def test_rejections_are_events_and_not_tried_again(cloud: Cloud) -> None:
    done = run("{nonsense", usage(data={}).to_json(), usage(id="e-2").to_json())

    types = sorted(json.loads(body)["detail-type"] for body in cloud.bodies("bus"))
    assert done == {"batchItemFailures": []}
    assert types == ["ingestion.record.rejected", "ingestion.record.rejected", "ingestion.usage.recorded"]
    assert cloud.bodies("dlq") == []


def test_a_file_ends_on_the_bus_and_as_a_result_and_its_news_come_twice(cloud: Cloud) -> None:
    etag = cloud.s3.put_object(Bucket="files", Key="incoming/a.csv", Body=csv(row(1), "bad", row(2)))["ETag"]
    news = news_of(FileRef(bucket="files", key="incoming/a.csv", etag=etag.strip('"')))
    batch = {"Records": [sqs_record(news)]}

    answers = [files.consume(batch, FakeContext()) for _ in range(2)]

    result = json.loads(cloud.s3.get_object(Bucket="files", Key="results/a.csv.json")["Body"].read())
    assert answers == [{"batchItemFailures": []}] * 2
    assert (result["accepted"], result["rejected"]) == (2, 1)
    assert [len(known_events(body)) for body in cloud.bodies("bus")] == [2]
    assert cloud.bodies("dlq") == []


def test_a_missing_setting_is_named(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INGESTION_QUEUE_URL")

    with pytest.raises(ConfigurationError, match="INGESTION_QUEUE_URL"):
        wiring.intake()
