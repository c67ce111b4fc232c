"""The channels' guard: what holds for the idempotency table (moto) and for the its memory twin."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from functions.notification.adapters.guard import ChannelGuard
from functions.notification.adapters.memory import MemoryGuard
from functions.notification.domain import EMAIL, WEBHOOK
from functions.notification.ports import Guard
from runtime.errors import DependencyUnavailable
from runtime.idempotency import dynamodb_store
from tests.unit.event_builders import paid
from tests.unit.notification_builders import contact, service
from tests.unit.runtime_fakes import FakeContext

TABLE = "idempotency"


def memory() -> Iterator[Guard]:
    yield MemoryGuard()


def dynamodb() -> Iterator[Guard]:
    with mock_aws():
        boto3.client("dynamodb").create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )
        guard = ChannelGuard(dynamodb_store(TABLE), "notification", (EMAIL, WEBHOOK))
        guard.register(FakeContext())
        yield guard


@pytest.fixture(params=[memory, dynamodb], ids=["memory", "dynamodb"])
def guard(request: pytest.FixtureRequest) -> Iterator[Guard]:
    yield from request.param()


def test_each_channel_sends_once_when_the_event_comes_again(guard: Guard) -> None:
    made = service(contact(webhook_url="https://hooks.example.com"), guard=guard)

    first, second = made.messages(paid()), made.messages(paid())

    assert first.events == second.events
    assert (len(made.mailer.outbox), len(made.webhooks.outbox)) == (1, 1)


def test_only_the_channel_that_failed_is_tried_again(guard: Guard) -> None:
    made = service(contact(webhook_url="https://hooks.example.com"), guard=guard)

    def be_away(_: object) -> None:
        raise DependencyUnavailable("away")

    made.webhooks.trouble = be_away
    with pytest.raises(DependencyUnavailable):
        made.messages(paid())
    made.webhooks.trouble = lambda _: None

    events = made.messages(paid()).events

    assert len(events) == 2
    assert (len(made.mailer.outbox), len(made.webhooks.outbox)) == (1, 1)
