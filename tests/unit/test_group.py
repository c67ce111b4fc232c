"""One function for several services."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.company import SERVICES
from functions.billing.manifest import ACCOUNTS, API, CLOSE, PAYMENTS, RELAY, USAGE
from functions.ingestion.manifest import API as INGESTION_API
from functions.ingestion.manifest import CONSUMER as INGESTION
from functions.ingestion.manifest import FILES
from functions.notification.manifest import CONTACTS, MESSAGES
from runtime.group import GroupFunction, UnknownCall
from runtime.manifest import Consumer, Function, Service, Subscription
from runtime.routing import UnroutablePattern
from runtime.topology import Group, topology

BODIES = {
    INGESTION.name: {"source": "partner", "detail-type": "partner.usage.reported", "detail": {}},
    PAYMENTS.name: {"source": "ingestion-service", "detail-type": "ingestion.payment.settled", "detail": {}},
    USAGE.name: {"source": "ingestion-service", "detail-type": "ingestion.usage.recorded", "detail": {}},
    MESSAGES.name: {"source": "billing-service", "detail-type": "billing.invoice.paid", "detail": {}},
    CONTACTS.name: {"source": "crm", "detail-type": "customer.contact.updated", "detail": {}},
    FILES.name: {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"object": {"key": "incoming/usage.csv"}},
    },
}

SCHEDULES = "arn:aws:scheduler:us-east-1:000000000000:schedule/default"
TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/breakwater-dev-billing"


class Calls:
    """Stands for every handler; `failing` says which ids a function gives back, `broken` which function is."""

    def __init__(self, *, failing: dict[str, list[str]] | None = None, broken: str = "") -> None:
        self.made: list[tuple[str, Any]] = []
        self._failing = failing or {}
        self._broken = broken

    def __call__(self, function: Function) -> Any:
        if function.name == self._broken:
            raise ImportError(f"{function.handler} has a mistake in it")

        def handle(event: Any, _: object) -> Any:
            self.made.append((function.name, event))
            return {"batchItemFailures": [{"itemIdentifier": id_} for id_ in self._failing.get(function.name, ())]}

        return handle

    @property
    def shares(self) -> dict[str, list[str]]:
        return {name: [record["messageId"] for record in event["Records"]] for name, event in self.made}


def monolith() -> Group:
    return topology("monolith", SERVICES).groups[0]


def record(id_: str, body: Any) -> dict[str, Any]:
    return {"messageId": id_, "eventSource": "aws:sqs", "body": body if isinstance(body, str) else json.dumps(body)}


def batch(*names: str) -> dict[str, Any]:
    return {"Records": [record(name, BODIES[name]) for name in names]}


def test_each_message_goes_to_the_consumer_whose_subscription_picks_it() -> None:
    calls = Calls()

    GroupFunction(monolith(), calls)(batch(*BODIES), None)

    assert calls.shares == {name: [name] for name in BODIES}


def test_who_may_take_minutes_comes_last() -> None:
    calls = Calls()

    GroupFunction(monolith(), calls)(batch(FILES.name, PAYMENTS.name), None)

    assert [name for name, _ in calls.made] == [PAYMENTS.name, FILES.name]


@pytest.mark.parametrize(
    "body",
    [
        "not JSON",
        "[]",
        "[7]",
        '{"specversion": "1.0", "type": "customer.contact.updated"}',
        '[{"specversion": "1.0", "type": "partner.usage.reported"}, {}]',
        "[" * 9999,
    ],
)
def test_what_came_by_no_rule_is_for_the_consumer_that_takes_messages_straight(body: str) -> None:
    calls = Calls()

    GroupFunction(monolith(), calls)({"Records": [record("m", body)]}, None)

    assert calls.shares == {INGESTION.name: ["m"]}


@pytest.mark.parametrize("type_", ACCOUNTS.sent_directly)
def test_of_two_that_take_messages_straight_each_gets_its_types(type_: str) -> None:
    calls = Calls()

    GroupFunction(monolith(), calls)({"Records": [record("m", {"specversion": "1.0", "type": type_})]}, None)

    assert calls.shares == {ACCOUNTS.name: ["m"]}


def test_what_came_by_a_rule_for_a_consumer_that_has_left_stays_on_the_queue() -> None:
    calls = Calls()
    left = {"Records": [record("m", {"source": "crm", "detail-type": "shipping.parcel.sent", "detail": {}})]}

    answer = GroupFunction(monolith(), calls)(left, None)

    assert (answer, calls.made) == ({"batchItemFailures": [{"itemIdentifier": "m"}]}, [])


def test_only_what_failed_is_tried_again() -> None:
    calls = Calls(failing={USAGE.name: [USAGE.name]})

    answer = GroupFunction(monolith(), calls)(batch(USAGE.name, MESSAGES.name), None)

    assert answer == {"batchItemFailures": [{"itemIdentifier": USAGE.name}]}


def test_a_consumer_whose_code_is_broken_holds_up_no_other() -> None:
    calls = Calls(broken=PAYMENTS.name)

    answer = GroupFunction(monolith(), calls)(batch(PAYMENTS.name, MESSAGES.name), None)

    assert answer == {"batchItemFailures": [{"itemIdentifier": PAYMENTS.name}]}
    assert calls.shares == {MESSAGES.name: [MESSAGES.name]}


def test_a_message_for_two_consumers_comes_back_until_both_are_done() -> None:
    def consumer(name: str) -> Consumer:
        subscription = Subscription(name="it", pattern={"detail-type": ["it.happened"]})
        function = Function(name=name, handler=f"x.{name}", timeout=3)
        return Consumer(function=function, subscriptions=(subscription,), dedup="state")

    services = tuple(Service(name=name, emits=(), consumers=(consumer(name),)) for name in ("one", "two"))
    calls = Calls(failing={"two": ["m"]})
    both = {"Records": [record("m", {"source": "x", "detail-type": "it.happened", "detail": {}})]}

    answer = GroupFunction(Group("both", services), calls)(both, None)

    assert calls.shares == {"one": ["m"], "two": ["m"]}
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m"}]}


@pytest.mark.parametrize(
    ("event", "function"),
    [
        ({"routeKey": "POST /events"}, INGESTION_API.function),
        ({"routeKey": "GET /invoices/{invoice_id}"}, API.function),
        ({"routeKey": "GET /openapi.json", "stageVariables": {"api": API.function.name}}, API.function),
        ({"routeKey": "$default", "stageVariables": {"api": API.function.name}}, API.function),
        ({"source": "aws.scheduler", "resources": [f"{SCHEDULES}/breakwater-dev-billing-close"]}, CLOSE.function),
        ({"Records": [{"eventSource": "aws:dynamodb", "eventSourceARN": f"{TABLE}/stream/1"}]}, RELAY.function),
    ],
)
def test_a_call_goes_to_the_function_that_it_is_meant_for(event: dict[str, Any], function: Function) -> None:
    calls = Calls()

    GroupFunction(monolith(), calls)(event, None)

    assert calls.made == [(function.name, event)]


def test_a_call_that_nothing_takes_is_refused() -> None:
    with pytest.raises(UnknownCall, match="hello"):
        GroupFunction(monolith(), Calls())({"hello": 1}, None)


def test_a_subscription_that_a_group_could_not_tell_from_others_is_refused_when_the_group_is_made() -> None:
    subscription = Subscription(name="it", pattern={"detail": {"amount": [{"numeric": [">", 5]}]}})
    function = Function(name="one", handler="x.y", timeout=3)
    consumer = Consumer(function=function, subscriptions=(subscription,), dedup="state")

    with pytest.raises(UnroutablePattern, match="stand alone"):
        GroupFunction(Group("g", (Service(name="one", emits=(), consumers=(consumer,)),)), Calls())
