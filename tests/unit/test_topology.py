"""The manifests, regrouped."""

from __future__ import annotations

import pytest

from contracts.company import SERVICES
from local.memory.patterns import compile as compiled
from runtime.manifest import Consumer, Function, Service, Subscription
from runtime.topology import InvalidTopology, topology


def test_services_apart_are_in_no_group() -> None:
    assert topology("services", SERVICES).groups == ()


def test_a_monolith_has_all_services_in_one_function_with_as_much_as_its_hungriest_part_needs() -> None:
    (group,) = topology("monolith", SERVICES).groups

    functions = [function for service in SERVICES for function in service.functions]
    assert group.services == tuple(SERVICES)
    assert group.function.timeout == max(function.timeout for function in functions)
    assert group.function.memory_mib == max(function.memory_mib for function in functions)


def test_a_service_that_stands_alone_is_as_its_manifest_says() -> None:
    found = topology(" notification, billing + ingestion", SERVICES)

    assert [group.name for group in found.groups] == ["ingestion-billing"]
    assert found.group_of("notification") is None
    assert found.deployed_as("notification-contacts") == "notification-contacts"
    assert found.deployed_as("billing-usage") == "ingestion-billing"


def test_a_grouping_that_is_wrong_is_told_all_that_is_wrong_and_what_is_right() -> None:
    with pytest.raises(InvalidTopology) as refused:
        topology("ingestion+biling,ingestion", SERVICES)

    for part in ("'biling'", "ingestion stands in it 2 times", "billing is missing", "notification is missing"):
        assert part in str(refused.value)
    assert "ingestion+billing,notification" in str(refused.value)


@pytest.mark.parametrize("text", ["", "+", ",", "monolith,services"])
def test_what_names_no_service_is_refused(text: str) -> None:
    with pytest.raises(InvalidTopology, match="there is no service"):
        topology(text, SERVICES)


def test_a_group_hears_of_what_its_members_hear_of_and_of_nothing_else() -> None:
    (group,) = topology("monolith", SERVICES).groups

    for bus in ("own", "default"):
        (subscription,) = (s for s in group.consumer.subscriptions if s.bus == bus)
        theirs = [s.pattern for c in group.consumers for s in c.subscriptions if s.bus == bus]
        for source in ("billing-service", "ingestion-service", "aws.s3", "crm"):
            for type_ in ("billing.invoice.paid", "ingestion.usage.recorded", "Object Created", "notification.sent"):
                event = {"source": source, "detail-type": type_, "detail": {"object": {"key": "incoming/a.csv"}}}
                expected = any(compiled(pattern).matches(event) for pattern in theirs)
                assert compiled(subscription.pattern).matches(event) is expected


def test_an_event_with_two_consumers_in_a_group_comes_by_one_rule() -> None:
    def consumer(name: str) -> Consumer:
        function = Function(name=name, handler=f"x.{name}", timeout=3)
        subscription = Subscription(name="them", pattern={"detail-type": ["it.happened"]})
        return Consumer(function=function, subscriptions=(subscription,), dedup="state")

    one, two = (Service(name=name, emits=(), consumers=(consumer(name),)) for name in ("one", "two"))

    (group,) = topology("one+two", (one, two)).groups

    assert len(group.consumer.subscriptions) == 1
