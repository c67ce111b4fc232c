"""The contact book: what holds for DynamoDB (moto) and for its memory twin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import boto3
import pytest
from moto import mock_aws

from functions.notification.adapters.dynamodb import DynamoDbContactBook
from functions.notification.adapters.memory import MemoryContactBook
from functions.notification.ports import ContactBook
from runtime.errors import DependencyUnavailable
from tests.unit.notification_builders import CUSTOMER, contact


def memory() -> Iterator[ContactBook]:
    yield MemoryContactBook()


def dynamodb() -> Iterator[ContactBook]:
    with mock_aws():
        client = boto3.client("dynamodb")
        client.create_table(
            TableName="contacts",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "customer_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "customer_id", "AttributeType": "S"}],
        )
        yield DynamoDbContactBook(client, "contacts")


@pytest.fixture(params=[memory, dynamodb], ids=["memory", "dynamodb"])
def book(request: pytest.FixtureRequest) -> Iterator[ContactBook]:
    yield from request.param()


def later(**difference: int):
    return contact().updated_at + timedelta(**difference)


def test_nobody_is_found_when_the_book_is_empty(book: ContactBook) -> None:
    assert book.find(CUSTOMER) is None


@pytest.mark.parametrize(
    "kept", [contact(), contact(email=None), contact(webhook_url="https://hooks.example.com"), contact(name="Zoë 🚢")]
)
def test_a_contact_is_found_as_it_was_kept(book: ContactBook, kept) -> None:
    assert book.offer(kept) is True

    assert book.find(CUSTOMER) == kept


def test_the_newer_contact_stands_when_it_comes_last(book: ContactBook) -> None:
    newer = contact(name="Ada King", email=None, updated_at=later(microseconds=1))
    book.offer(contact(webhook_url="https://hooks.example.com"))

    assert book.offer(newer) is True
    assert book.find(CUSTOMER) == newer


@pytest.mark.parametrize("difference", [{"microseconds": 1}, {"milliseconds": 500}, {"seconds": 1}, {"days": 3000}])
def test_the_newer_contact_stands_when_it_came_first(book: ContactBook, difference) -> None:
    newer = contact(name="Ada King", updated_at=later(**difference))
    book.offer(newer)

    assert book.offer(contact(event_id="z")) is False
    assert book.find(CUSTOMER) == newer


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_the_greater_id_stands_when_both_have_one_time(book: ContactBook, order: tuple[str, str]) -> None:
    for id_ in order:
        book.offer(contact(event_id=id_, name=f"Name of {id_}"))

    found = book.find(CUSTOMER)

    assert found is not None
    assert found.event_id == "b"


def test_nothing_changes_when_a_contact_comes_again(book: ContactBook) -> None:
    book.offer(contact())

    assert book.offer(contact()) is False


def test_customers_have_nothing_to_do_with_each_other(book: ContactBook) -> None:
    book.offer(contact(updated_at=later(days=1)))

    assert book.offer(contact(customer_id="cus_other")) is True
    assert book.find(CUSTOMER) is not None


def test_a_table_that_is_away_is_a_transient_failure() -> None:
    with mock_aws():
        book = DynamoDbContactBook(boto3.client("dynamodb"), "no-such-table")

        with pytest.raises(DependencyUnavailable):
            book.offer(contact())
        with pytest.raises(DependencyUnavailable):
            book.find(CUSTOMER)
