from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent_function
from moto import mock_aws

from events.envelope import CloudEvent
from runtime.errors import Conflict, DependencyUnavailable, InFlightElsewhere
from runtime.idempotency import Once, dynamodb_store
from runtime.outcome import Outcome
from tests.unit.event_builders import paid, usage
from tests.unit.runtime_fakes import FakeClock, FakeContext

TABLE = "idempotency"


@pytest.fixture(autouse=True)
def table():
    with mock_aws():
        boto3.client("dynamodb", region_name="us-east-1").create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )
        yield


class Effect:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self, event: CloudEvent) -> Outcome:
        self.times += 1
        return Outcome.of([event.caused("sent", source="/n", data={"n": self.times}, time=FakeClock().now())])


def once(consumer: str = "notification") -> Once:
    guard = Once(dynamodb_store(TABLE), consumer)
    guard.register(FakeContext())
    return guard


def test_a_second_delivery_runs_nothing_and_returns_the_first_one_s_events() -> None:
    effect = Effect()

    first = once().run(effect, paid())
    second = once().run(effect, paid())

    assert effect.times == 1
    assert (first.duplicate, second.duplicate) == (False, True)
    assert second.events == first.events


def test_identity_is_source_and_id_and_nothing_else() -> None:
    effect = Effect()

    once().run(effect, paid(time="2030-01-01T00:00:00Z"))
    once().run(effect, paid(data={"other": True}))

    assert effect.times == 1


def test_the_same_id_from_another_source_is_another_event() -> None:
    effect = Effect()

    once().run(effect, usage(source="/a"))
    once().run(effect, usage(source="/b"))

    assert effect.times == 2


def test_each_consumer_has_a_memory_of_its_own() -> None:
    effect = Effect()

    once("notification").run(effect, paid())
    once("audit").run(effect, paid())

    assert effect.times == 2


def test_renaming_a_handler_forgets_nothing() -> None:
    effect = Effect()

    def handle_receipts(event: CloudEvent) -> Outcome:
        return effect(event)

    def a_much_better_name(event: CloudEvent) -> Outcome:
        return effect(event)

    once().run(handle_receipts, paid())
    once().run(a_much_better_name, paid())

    assert effect.times == 1


def test_a_failed_run_leaves_no_lock() -> None:
    effect = Effect()

    def fail(_: CloudEvent) -> Outcome:
        raise Conflict("busy")

    with pytest.raises(Conflict):
        once().run(fail, paid())
    once().run(effect, paid())

    assert effect.times == 1


def test_an_event_in_another_invocation_s_hands_is_left_to_it() -> None:
    effect = Effect()

    def nested(event: CloudEvent) -> Outcome:
        with pytest.raises(InFlightElsewhere):
            once().run(effect, event)
        return Outcome()

    once().run(nested, paid())

    assert effect.times == 0


def test_a_handler_without_events_is_remembered_too() -> None:
    runs: list[str] = []

    def quiet(event: CloudEvent) -> Outcome:
        runs.append(event.id)
        return Outcome()

    once().run(quiet, paid())

    assert once().run(quiet, paid()) == Outcome((), duplicate=True)
    assert len(runs) == 1


def test_records_live_for_weeks() -> None:
    once().run(Effect(), paid())

    (item,) = boto3.client("dynamodb").scan(TableName=TABLE)["Items"]
    assert int(item["expiration"]["N"]) > time.time() + 34 * 86_400


def test_a_store_that_is_away_is_a_transient_failure() -> None:
    with pytest.raises(DependencyUnavailable):
        Once(dynamodb_store("no-such-table"), "notification").run(Effect(), paid())


class Calls:
    """A DynamoDB client that keeps what it is asked, and answers nothing."""

    def __init__(self) -> None:
        self.made: list[tuple[str, dict[str, Any]]] = []
        self.exceptions = boto3.client("dynamodb", region_name="us-east-1").exceptions
        self.meta = boto3.client("dynamodb", region_name="us-east-1").meta

    def __getattr__(self, name: str) -> Any:
        return lambda **asked: self.made.append((name, asked)) or {}

    @property
    def told(self) -> list[tuple[str, dict[str, Any]]]:
        """Without times, and without the order and the space that JSON leaves open."""
        return [(name, {key: self._bare(value) for key, value in asked.items()}) for name, asked in self.made]

    def _bare(self, value: Any) -> Any:
        if isinstance(value, dict) and value.keys() == {"N"}:
            return "a time"
        if isinstance(value, dict):
            return {key: self._bare(inner) for key, inner in value.items()}
        return json.loads(value) if isinstance(value, str) and value.startswith("[") else value


@pytest.mark.parametrize("fails", [False, True])
def test_a_run_asks_of_dynamodb_what_powertools_own_decorator_does(fails: bool, monkeypatch) -> None:
    def handle(event: CloudEvent) -> Outcome:
        if fails:
            raise Conflict("busy")
        return Effect()(event)

    ours, theirs = Calls(), Calls()
    monkeypatch.setattr("runtime.idempotency.later", lambda _: ours)
    config = IdempotencyConfig(event_key_jmespath="[source, id]")
    config.register_lambda_context(FakeContext())
    layer = DynamoDBPersistenceLayer(table_name=TABLE, expiry_attr="expiration", boto3_client=theirs)
    decorated = idempotent_function(
        lambda identity: [event.to_dict() for event in handle(paid()).events],
        data_keyword_argument="identity",
        persistence_store=layer,
        config=config,
        key_prefix="notification",
    )

    with suppress(Conflict):
        once().run(handle, paid())
    with suppress(Conflict):
        decorated(identity={"source": paid().source, "id": paid().id})

    assert ours.told == theirs.told
    assert [name for name, _ in ours.told] == ["put_item", "delete_item" if fails else "update_item"]
