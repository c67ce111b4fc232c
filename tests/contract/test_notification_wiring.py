"""The service as Lambda runs it, against moto: from the queue's batch to the mail that went out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from functions.notification import wiring
from functions.notification.contacts import consume as consume_contacts
from functions.notification.handler import consume as consume_messages
from runtime.aws import client
from runtime.errors import ConfigurationError
from tests.unit.event_builders import paid
from tests.unit.notification_builders import contact_updated
from tests.unit.runtime_fakes import FakeContext, sqs_record

SENDER = "billing@breakwater.example"
BUS = "breakwater"


def forget() -> None:
    for cached in (client, wiring.messages, wiring.contacts):
        cached.cache_clear()


def table(name: str, key: str) -> None:
    boto3.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
    )


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    forget()
    with mock_aws():
        table("contacts", "customer_id")
        table("idempotency", "id")
        boto3.client("events").create_event_bus(Name=BUS)
        boto3.client("sesv2").create_email_identity(EmailIdentity=SENDER)
        queues = {name: boto3.client("sqs").create_queue(QueueName=name)["QueueUrl"] for name in ("queue", "dlq")}
        environment = {
            "CLAIM_BUCKET": "payloads-of-tests",
            "STAGE": "test",
            "EVENT_BUS_NAME": BUS,
            "QUEUE_URL": queues["queue"],
            "DEAD_LETTER_QUEUE_URL": queues["dlq"],
            "CONTACTS_TABLE": "contacts",
            "IDEMPOTENCY_TABLE": "idempotency",
            "SENDER_ADDRESS": SENDER,
            "WEBHOOK_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:s",
            "WEBHOOK_TRUSTED_HOSTS": "",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield
    forget()


def mails() -> list[Any]:
    return ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages


def batch(*events: Any) -> dict[str, Any]:
    return {"Records": [sqs_record(event, id_=f"m-{i}") for i, event in enumerate(events)]}


@pytest.mark.usefixtures("cloud")
def test_a_receipt_goes_out_once_when_the_event_comes_three_times() -> None:
    consume_contacts(batch(contact_updated()), FakeContext())

    answers = [consume_messages(batch(*events), FakeContext()) for events in ([paid(), paid()], [paid()])]

    assert answers == [{"batchItemFailures": []}] * 2
    assert [m.destinations["ToAddresses"] for m in mails()] == [["ada@example.com"]]


@pytest.mark.usefixtures("cloud")
def test_only_the_unknown_customer_s_record_is_tried_again() -> None:
    consume_contacts(batch(contact_updated()), FakeContext())
    stranger = paid(id="e-2", data={**paid().data, "customer_id": "cus_stranger"})

    # A delay needs a message that SQS handed out; moto knows none, and the record is tried again all the same.
    answer = consume_messages(batch(paid(), stranger), FakeContext())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    assert len(mails()) == 1


@pytest.mark.usefixtures("cloud")
def test_everything_that_is_missing_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QUEUE_URL", "CONTACTS_TABLE", "SENDER_ADDRESS"):
        monkeypatch.delenv(name)

    with pytest.raises(ConfigurationError) as caught:
        wiring.messages()

    assert {p.field for p in caught.value.problems} == {"QUEUE_URL", "CONTACTS_TABLE", "SENDER_ADDRESS"}
