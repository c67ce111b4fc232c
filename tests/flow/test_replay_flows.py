"""Replays as `python -m ops replay` plans them, on the memory cloud: state comes back, nobody is written to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.company import SERVICES
from events.envelope import CloudEvent
from infra.config import STAGES
from local.memory.company import Company
from ops.replay.plan import Choice, plan
from ops.replay.window import Window
from tests.unit.event_builders import members, paid, usage

START = datetime(2026, 5, 20, 14, tzinfo=UTC)


@pytest.fixture
def company() -> Company:
    return Company(seed=1, start=START, archive=True)


def contact(customer: str) -> CloudEvent:
    data = {"customer_id": customer, "name": "Ada", "email": f"{customer}@example.com"}
    members_ = members(id=f"c-{customer}", type="customer.contact.updated", source="crm", data=data)
    return CloudEvent.parse(members_ | {"time": "2026-05-20T13:00:00Z"})


def publish(company: Company, *events: CloudEvent) -> None:
    company.cloud.publish(*events)
    company.cloud.run()


def replay(company: Company, **choice: Any) -> None:
    """Its temporary rules come before it, and go after it."""
    window = Window(start=START - timedelta(days=1), end=START + timedelta(days=1))
    planned = plan(
        Choice(window=window, **choice),
        stage=STAGES["dev"],
        services=SERVICES,
        now=company.cloud.clock.now(),
        token="t",
    )
    bus, queue = company.cloud.bus, company.cloud.queue
    for rule in planned.temporary:
        bus.add_rule(rule.name, rule.pattern, queue(rule.consumer), dead_letter_queue=company.cloud.dlq(rule.consumer))
    names = {
        rule.name.removeprefix("breakwater-dev-") if not rule.is_temporary else rule.name for rule in planned.rules
    }
    bus.replay(window.start, window.end, name=planned.name, rules=names)
    company.cloud.run()
    for rule in planned.temporary:
        bus.remove_rule(rule.name)


def test_the_contact_book_is_rebuilt_and_nobody_is_written_to(company: Company) -> None:
    publish(company, contact("cus_abc123"), contact("cus_2"))
    publish(company, paid())
    book = dict(company.notification.book.contacts)
    company.notification.book.contacts.clear()

    replay(company, consumers=("notification-contacts",))

    assert company.notification.book.contacts == book
    assert len(company.mail) == 1


def test_only_what_was_chosen_comes_back(company: Company) -> None:
    publish(company, contact("cus_1"), contact("cus_2"))
    company.notification.book.contacts.clear()

    replay(company, customers=("cus_2",), types=("customer.contact.updated",))

    assert list(company.notification.book.contacts) == ["cus_2"]


def test_usage_is_counted_once_however_often_it_is_replayed(company: Company) -> None:
    company.post_events(
        usage(data={"customer_id": "c", "meter": "seats", "quantity": 3, "used_at": "2026-05-20T13:00:00Z"})
    )
    company.cloud.run()

    for _ in range(2):
        replay(company, consumers=("billing-usage",))
        replay(company, customers=("c",))

    _, seen = company.bill("GET", "/customers/c/usage?period=2026-05")
    assert seen["meters"][0]["quantity"] == 3


def test_effects_that_never_happened_happen_once_when_they_are_wanted(company: Company) -> None:
    publish(company, paid())  # nobody knows the customer yet
    publish(company, contact("cus_abc123"))

    replay(company, customers=("cus_abc123",), types=("billing.invoice.paid",))
    silent = len(company.mail)
    for _ in range(2):
        replay(company, customers=("cus_abc123",), types=("billing.invoice.paid",), with_effects=True)

    assert (silent, len(company.mail)) == (0, 1)


def test_a_rule_that_was_removed_delivers_nothing_more(company: Company) -> None:
    rules = [rule.name for rule in company.cloud.bus.rules]
    replay(company, customers=("cus_2",))

    assert [rule.name for rule in company.cloud.bus.rules] == rules
