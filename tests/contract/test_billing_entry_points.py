"""Billing's functions as Lambda calls them: wired by the environment, on moto."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError, ConnectTimeoutError
from moto import mock_aws

from functions.billing import accounts as due_accounts
from functions.billing import api, close, handler, relay, usage, wiring
from functions.billing.adapters.accounts import DynamoDbAccounts
from functions.billing.adapters.dynamodb import DynamoDbInvoices, DynamoDbLedger, Table
from functions.billing.periods import months_before, period_of
from functions.billing.ports import Account, Tally
from runtime.aws import client
from runtime.errors import ConfigurationError, Conflict, DependencyUnavailable, Throttled
from tests.unit.billing_builders import (
    CUSTOMER,
    NOW,
    answered,
    http_event,
    issued,
    settled_event,
    usage_event,
    usage_record,
)
from tests.unit.runtime_fakes import FakeClock, FakeContext, sqs_record

CACHES = (
    wiring.billing,
    wiring.metering,
    wiring.closing,
    wiring.agenda,
    wiring.answers,
    api._app,
    handler._consumer,
    usage._consumer,
    relay._relay,
    due_accounts._consumer,
    client,
)
TABLES = {"BILLING_TABLE": "billing", "IDEMPOTENCY_TABLE": "answers"}


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Nothing is left over from an invocation in another test."""
    for cached in CACHES:
        cached.cache_clear()
    yield
    for cached in CACHES:
        cached.cache_clear()


@pytest.fixture
def cloud(monkeypatch) -> Iterator[Any]:
    with mock_aws():
        dynamodb = client("dynamodb")
        _create(dynamodb, "billing", ("pk", "sk"), index=("gsi1pk", "gsi1sk"))
        _create(dynamodb, "answers", ("id",))
        queue = boto3.client("sqs").create_queue(QueueName="billing")["QueueUrl"]
        client("events").create_event_bus(Name="bus")
        names = TABLES | {
            "QUEUE_URL": queue,
            "DEAD_LETTER_QUEUE_URL": queue,
            "STAGE": "test",
            "EVENT_BUS_NAME": "bus",
            "CLAIM_BUCKET": "payloads",
        }
        for name, value in names.items():
            monkeypatch.setenv(name, value)
        yield dynamodb


def _create(dynamodb: Any, name: str, key: tuple[str, ...], index: tuple[str, ...] = ()) -> None:
    def schema(names: tuple[str, ...]) -> list[dict[str, str]]:
        return [{"AttributeName": n, "KeyType": t} for n, t in zip(names, ("HASH", "RANGE"), strict=False)]

    by_customer = {"IndexName": "by-customer", "KeySchema": schema(index), "Projection": {"ProjectionType": "ALL"}}
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in key + index],
        KeySchema=schema(key),
        **({"GlobalSecondaryIndexes": [by_customer]} if index else {}),
    )


def last_month(day: int = 3) -> str:
    return f"{months_before(period_of(datetime.now(UTC)), 1)}-{day:02}T12:00:00Z"


def post(key: str = "key-1", **changes: Any) -> dict[str, Any]:
    line = {"description": "Onboarding", "quantity": 1, "unit_amount": 49_900}
    body = {"customer_id": CUSTOMER, "currency": "USD", "lines": [line]} | changes
    request = http_event("POST", "/invoices", body=body, headers={"idempotency-key": key})
    return api.handle(request, FakeContext())


def test_the_api_issues_once_and_refuses_a_reused_key(cloud):
    first, second, other = post(), post(), post(currency="EUR")

    assert (first["statusCode"], other["statusCode"]) == (201, 422)
    assert (second["statusCode"], second["body"], second["headers"]) == (201, first["body"], first["headers"])


def test_the_api_makes_a_twin_wait_when_a_request_is_at_work(cloud, monkeypatch):
    billing = wiring.billing()
    issue, answers = billing.issue_invoice, []

    def while_at_work(order):
        answers.append(post())
        return issue(order)

    monkeypatch.setattr(billing, "issue_invoice", while_at_work)

    outer = post()

    assert outer["statusCode"] == 201
    assert [a["statusCode"] for a in answers] == [409]


def test_the_api_says_try_again_when_its_memory_of_answers_is_away(cloud):
    cloud.delete_table(TableName="answers")

    assert post()["statusCode"] == 503


def test_the_consumers_apply_usage_and_a_payment(cloud):
    invoice = api.handle(http_event("GET", post()["headers"]["Location"]), FakeContext())
    owed = wiring.billing().invoice(answered(invoice)["id"])
    reports = [sqs_record(usage_event(used_at=last_month()), id_=str(n)) for n in range(2)]

    answers = (
        usage.consume({"Records": reports}, FakeContext()),
        handler.consume({"Records": [sqs_record(settled_event(owed))]}, FakeContext()),
    )

    assert answers == ({"batchItemFailures": []}, {"batchItemFailures": []})
    assert wiring.billing().invoice(owed.id).state == "paid"
    assert wiring.billing().usage(CUSTOMER, last_month()[:7]).amount == 3_000


def work_off_agenda() -> Counter[str]:
    """The queue's messages, handed to their consumer one after the other; how many of each type."""
    sqs, url, types = client("sqs"), os.environ["QUEUE_URL"], Counter[str]()
    while found := sqs.receive_message(QueueUrl=url).get("Messages"):
        (message,) = found
        record = sqs_record(message["Body"])
        assert due_accounts.consume({"Records": [record]}, FakeContext()) == {"batchItemFailures": []}
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        types[json.loads(message["Body"])["type"]] += 1
    return types


@pytest.mark.skipif(datetime.now(UTC).day == 1, reason="last month may still be in its grace")
def test_the_schedule_bills_last_month(cloud):
    usage.consume({"Records": [sqs_record(usage_event(used_at=last_month()))]}, FakeContext())

    summary = close.handle({}, FakeContext(remaining=300_000))
    worked_off = work_off_agenda()

    assert (summary, worked_off) == ({"shards": 17}, {"billing.shard.due": 17, "billing.account.due": 1})
    assert [i.amount for i in wiring.billing().invoices_of(CUSTOMER, limit=9).invoices] == [3_000]


def test_the_relay_publishes_what_the_table_s_stream_says_of_an_invoice(cloud, monkeypatch):
    sent = []
    bus = client("events")
    monkeypatch.setattr(bus, "put_events", lambda Entries: sent.extend(Entries) or {"Entries": [{}] * len(Entries)})  # noqa: N803
    id_ = answered(post())["id"]
    key = {"pk": {"S": f"INVOICE#{id_}"}, "sk": {"S": "INVOICE"}}
    image = cloud.get_item(TableName="billing", Key=key)["Item"]

    relay.handle({"Records": [{"eventName": "INSERT", "dynamodb": {"Keys": key, "NewImage": image}}]}, FakeContext())

    assert [(e["Source"], e["DetailType"]) for e in sent] == [("billing-service", "billing.invoice.issued")]
    assert json.loads(sent[0]["Detail"])["data"]["invoice_id"] == id_


def test_the_relay_has_nothing_to_say_of_usage(cloud, monkeypatch):
    usage.consume({"Records": [sqs_record(usage_event(used_at=last_month()))]}, FakeContext())
    items = cloud.scan(TableName="billing")["Items"]

    relay.handle({"Records": [{"dynamodb": {"Keys": {"pk": i["pk"]}, "NewImage": i}} for i in items]}, FakeContext())

    assert len(items) == 2


def test_an_item_holds_what_the_index_and_an_operator_look_for(cloud):
    id_ = answered(post())["id"]

    (item,) = cloud.scan(TableName="billing")["Items"]

    members = {name: TypeDeserializer().deserialize(value) for name, value in item.items()}
    assert members["gsi1pk"] == f"CUSTOMER#{CUSTOMER}"
    assert members["gsi1sk"].endswith(f"Z#{id_}")
    assert (members["state"], members["amount"], members["version"]) == ("issued", 49_900, 1)


@pytest.mark.parametrize("build", [wiring.billing, wiring.closing])
def test_what_is_missing_in_the_environment_is_named(build):
    with pytest.raises(ConfigurationError, match="BILLING_TABLE: is not set"):
        build()


def test_the_close_needs_to_know_the_queue_of_what_is_due(cloud, monkeypatch):
    monkeypatch.delenv("QUEUE_URL")

    with pytest.raises(ConfigurationError, match="QUEUE_URL: is not set"):
        wiring.agenda()


def test_all_that_the_api_misses_is_named_at_once():
    with pytest.raises(ConfigurationError, match=r"(?s)BILLING_TABLE.*IDEMPOTENCY_TABLE"):
        wiring.answers()


class Failing:
    """A client all of whose calls end in one error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def call(**_: Any) -> Any:
            raise self._error

        return call


def refusal(code: str, *reasons: str) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "said AWS"}}
    return ClientError(response | {"CancellationReasons": [{"Code": r} for r in reasons]}, "Call")


CALLS = {
    "totals": lambda t: DynamoDbLedger(t, FakeClock()).totals(CUSTOMER, "2026-05"),
    "touch": lambda t: DynamoDbAccounts(t).touch("2026-05", CUSTOMER),
    "find account": lambda t: DynamoDbAccounts(t).find("2026-05", CUSTOMER),
    "unsettled": lambda t: list(DynamoDbAccounts(t).unsettled("a", ["2026-05"])),
    "keep": lambda t: DynamoDbAccounts(t).keep(Account(period="2026-05", customer_id=CUSTOMER), Tally(touched=1)),
    "find invoice": lambda t: DynamoDbInvoices(t).find("inv_1"),
    "save": lambda t: DynamoDbInvoices(t).save(issued(), over=None, now=NOW),
    "list": lambda t: DynamoDbInvoices(t).of_customer(CUSTOMER, limit=1),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (refusal("ThrottlingException"), Throttled),
        (refusal("ResourceNotFoundException"), DependencyUnavailable),
        (ConnectTimeoutError(endpoint_url="http://127.0.0.1"), DependencyUnavailable),
    ],
    ids=["throttled", "refused", "unreachable"],
)
def test_no_error_of_aws_s_gets_out_when_a_call_fails(call, error, ours):
    with pytest.raises(ours):
        call(Table(Failing(error), "billing"))

    (left,) = DynamoDbLedger(Table(Failing(error), "billing"), FakeClock()).record_all([usage_record()]).values()
    assert isinstance(left, ours)


TEN = [usage_record(str(n)) for n in range(10)]


class Leaving:
    """Writes all but some items of each call; which, `script` says by the items' number in it."""

    def __init__(self, *script: set[int]) -> None:
        self._script = list(script)
        self.calls: list[int] = []

    def batch_write_item(self, RequestItems: Any) -> Any:  # noqa: N803 - AWS's name
        writes = RequestItems["billing"]
        self.calls.append(len(writes))
        left = self._script.pop(0) if self._script else set()
        return {"UnprocessedItems": {"billing": [writes[n] for n in left]} if left else {}}


def test_usage_that_dynamodb_left_over_is_written_again_and_nothing_else():
    client = Leaving({3, 7}, {1})

    failures = DynamoDbLedger(Table(client, "billing"), FakeClock()).record_all(
        [usage_record(str(n)) for n in range(10)]
    )

    assert (failures, client.calls) == ({}, [10, 2, 1])


def test_usage_that_dynamodb_leaves_over_each_time_is_throttled():
    client = Leaving({3}, {0}, {0})

    failures = DynamoDbLedger(Table(client, "billing"), FakeClock()).record_all(
        [usage_record(str(n)) for n in range(10)]
    )

    assert [identity for _, identity in failures] == ["3"]
    assert isinstance(failures["ingestion-service", "3"], Throttled)


def test_a_table_that_takes_nothing_is_asked_once_for_a_whole_batch():
    class Down(Leaving):
        def batch_write_item(self, RequestItems: Any) -> Any:  # noqa: N803 - AWS's name
            self.calls.append(len(RequestItems["billing"]))
            raise ConnectTimeoutError(endpoint_url="http://127.0.0.1")

    client = Down()
    failures = DynamoDbLedger(Table(client, "billing"), FakeClock()).record_all(
        [usage_record(str(n)) for n in range(100)]
    )

    assert (len(failures), client.calls) == (100, [25])


@pytest.mark.parametrize(
    ("reasons", "ours"),
    [
        (("None", "ConditionalCheckFailed"), Conflict),
        (("TransactionConflict", "None"), Conflict),
        (("ThrottlingError", "None"), Throttled),
        (("ItemCollectionSizeLimitExceeded", "None"), DependencyUnavailable),
    ],
)
def test_a_cancelled_transaction_becomes_what_its_reasons_say(reasons, ours):
    accounts = DynamoDbAccounts(Table(Failing(refusal("TransactionCanceledException", *reasons)), "billing"))
    account = Account(period="2026-05", customer_id=CUSTOMER, touched=1)

    with pytest.raises(ours):
        accounts.close(account, billed={}, decision=issued(), now=NOW)


class Paged:
    """Two pages of a query."""

    def query(self, **how: Any) -> dict[str, Any]:
        entry = {"meter": {"S": "seats"}, "quantity": {"N": "2"}}
        more = {} if "ExclusiveStartKey" in how else {"LastEvaluatedKey": {"pk": {"S": "x"}, "sk": {"S": "y"}}}
        return {"Items": [entry], **more}


def test_totals_read_on_when_there_is_another_page():
    assert DynamoDbLedger(Table(Paged(), "billing"), FakeClock()).totals(CUSTOMER, "2026-05") == {"seats": 4}
