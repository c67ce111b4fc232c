"""Billing in memory: events in, invoices and their events out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from events.catalog import IngestionUsageRecorded
from events.envelope import InvalidEvent
from functions.billing.adapters.memory import MemoryAccounts, MemoryInvoices, MemoryLedger
from functions.billing.domain import State
from functions.billing.manifest import PAYMENTS, SERVICE, USAGE
from functions.billing.metering import Metering
from functions.billing.prices import PRICES
from functions.billing.process import ROUTES, TRIES, Billing, KeyReused
from runtime.errors import BusinessRuleViolated, Conflict, UnreadableMessage
from tests.unit.billing_builders import (
    CUSTOMER,
    NOW,
    World,
    event,
    failed_event,
    issued,
    line,
    metered,
    order,
    settled_event,
    usage_event,
)
from tests.unit.runtime_fakes import FakeClock


def test_the_routes_are_what_the_manifest_subscribes_to():
    (payments,), (usage,) = PAYMENTS.subscriptions, USAGE.subscriptions

    assert set(ROUTES) == set(payments.pattern["detail-type"])
    assert usage.pattern["detail-type"] == [IngestionUsageRecorded.type]


def test_usage_counts_once_when_it_is_delivered_twice():
    world = World()

    for _ in range(2):
        world.tell(usage_event("u-1"))

    assert [(c.meter, c.quantity) for c in world.billing.usage(CUSTOMER).charges] == [("seats", 2)]


def test_usage_counts_by_source_and_id():
    world = World()

    for told in (usage_event("u-1"), usage_event("u-2"), usage_event("u-1").model_copy(update={"source": "other"})):
        world.tell(told)

    assert world.billing.usage(CUSTOMER).charges[0].quantity == 6


def test_usage_counts_for_the_month_in_which_it_was_used():
    world = World()

    world.tell(usage_event(used_at="2026-05-01T01:00:00+02:00"))

    assert world.billing.usage(CUSTOMER, "2026-05").charges == ()
    assert world.billing.usage(CUSTOMER, "2026-04").amount == 3_000


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"meter": "lunches"}, "has no price"),
        ({"used_at": "2031-01-01T00:00:00Z"}, "future"),
        ({"used_at": "2016-01-01T00:00:00Z"}, "no longer billed"),
    ],
)
def test_usage_is_refused_for_good_when_it_could_never_be_billed(wrong, reason):
    with pytest.raises(BusinessRuleViolated, match=reason):
        World().tell(usage_event(**wrong))


@pytest.mark.parametrize(
    ("told", "field"),
    [
        (usage_event(quantity=-1), "data.quantity"),
        (event("customer.contact.updated", {}), "type"),
        (
            event("ingestion.usage.recorded", {}, dataschema="urn:breakwater:schema:ingestion.usage.recorded:v9"),
            "dataschema",
        ),
    ],
)
def test_an_event_is_refused_for_good_when_it_cannot_be_understood(told, field):
    with pytest.raises((InvalidEvent, UnreadableMessage)) as refused:
        World().tell(told)

    assert field in [problem.field for problem in refused.value.problems]


class CountingAccounts(MemoryAccounts):
    touches = 0

    def touch(self, period, customer_id):
        self.touches += 1
        super().touch(period, customer_id)


def metering_on(accounts, clock=None) -> Metering:
    return Metering(ledger=MemoryLedger(), accounts=accounts, prices=PRICES, clock=clock or FakeClock(NOW))


def billing_with(*, invoices) -> Billing:
    return Billing(
        ledger=MemoryLedger(),
        accounts=MemoryAccounts(invoices),
        invoices=invoices,
        prices=PRICES,
        clock=FakeClock(NOW),
    )


def test_an_account_of_the_running_month_is_touched_once():
    accounts = CountingAccounts(MemoryInvoices(lambda _: None))
    metering = metering_on(accounts)

    for id_ in ("u-1", "u-2", "u-2"):
        metered(metering, usage_event(id_))

    assert accounts.touches == 1


def test_an_account_of_an_ended_month_is_touched_every_time():
    accounts = CountingAccounts(MemoryInvoices(lambda _: None))
    metering = metering_on(accounts)

    for id_ in ("u-1", "u-2", "u-2"):
        metered(metering, usage_event(id_, used_at="2026-04-30T12:00:00Z"))

    assert accounts.touches == 3


def test_an_account_is_touched_again_when_the_month_that_it_was_touched_in_is_over():
    clock = FakeClock(NOW)
    accounts = CountingAccounts(MemoryInvoices(lambda _: None))
    metering = metering_on(accounts, clock)
    metered(metering, usage_event("u-1"))

    clock.time = datetime(2026, 6, 2, tzinfo=UTC)
    metered(metering, usage_event("u-2"))

    assert accounts.touches == 2


def test_a_payment_pays_and_says_so_once_when_it_is_delivered_twice():
    world = World()
    invoice = world.issue()

    outcomes = [world.tell(settled_event(invoice)) for _ in range(2)]

    assert [(o.events, o.duplicate) for o in outcomes] == [((), False), ((), True)]
    assert [e.type for e in world.published] == ["billing.invoice.issued", "billing.invoice.paid"]
    assert len(world.changes) == 2
    assert world.billing.invoice(invoice.id).state is State.PAID


def test_a_failure_and_then_a_payment_end_in_paid():
    world = World()
    invoice = world.issue()

    world.tell(failed_event(invoice))
    world.tell(settled_event(invoice))

    assert world.billing.invoice(invoice.id).state is State.PAID
    assert [e.type for e in world.published][1:] == ["billing.invoice.payment_failed", "billing.invoice.paid"]


def test_a_failure_changes_nothing_when_it_comes_after_the_payment():
    world = World()
    invoice = world.issue()
    world.tell(settled_event(invoice))

    outcome = world.tell(failed_event(invoice))

    assert outcome == ((), False)
    assert world.billing.invoice(invoice.id).state is State.PAID
    assert len(world.published) == 2


def test_a_second_payment_of_a_paid_invoice_is_refused_for_good():
    world = World()
    invoice = world.issue()
    world.tell(settled_event(invoice))

    with pytest.raises(BusinessRuleViolated, match="is paid: it cannot be paid"):
        world.tell(settled_event(invoice, "p-2", payment_id="pay_2"))


def test_a_payment_is_refused_for_good_when_there_is_no_such_invoice():
    with pytest.raises(BusinessRuleViolated, match="there is no invoice inv_"):
        World().tell(settled_event(issued().invoice))


class ContestedInvoices(MemoryInvoices):
    """Somebody else is faster the first `lost` times."""

    lost = 0

    def save(self, decision, *, over, now):
        if over and self.lost:
            self.lost -= 1
            there = self._stored[decision.invoice.id]
            self._stored[decision.invoice.id] = replace(there, version=there.version + 1)
        super().save(decision, over=over, now=now)


def test_a_payment_is_decided_anew_when_somebody_else_was_faster():
    invoices = ContestedInvoices(lambda _: None)
    billing = billing_with(invoices=invoices)
    invoice = billing.issue_invoice(order())
    invoices.lost = TRIES - 1

    billing.handle(settled_event(invoice))

    assert billing.invoice(invoice.id).state is State.PAID


def test_a_payment_is_left_to_the_queue_when_somebody_else_is_faster_every_time():
    invoices = ContestedInvoices(lambda _: None)
    billing = billing_with(invoices=invoices)
    invoice = billing.issue_invoice(order())
    invoices.lost = TRIES

    with pytest.raises(Conflict):
        billing.handle(settled_event(invoice))

    assert invoices.lost == 0


@pytest.mark.parametrize("later", [timedelta(0), timedelta(hours=12), timedelta(hours=24)])
def test_an_order_issues_one_invoice_when_it_is_given_twice(later):
    world = World()
    first = world.issue()

    world.clock.time += later
    second = world.issue()

    assert second == first
    assert len(world.published) == 1


def test_an_order_is_refused_when_its_key_belongs_to_another():
    world = World()
    world.issue()

    with pytest.raises(KeyReused):
        world.issue(lines=(line(quantity=2),))


def test_another_key_issues_another_invoice():
    world = World()

    assert world.issue("key-1").id != world.issue("key-2").id


def test_a_void_invoice_cannot_be_paid():
    world = World()
    invoice = world.issue()

    voided = world.billing.void_invoice(invoice.id)

    assert voided.state is State.VOID
    with pytest.raises(BusinessRuleViolated, match="is void: it cannot be paid"):
        world.tell(settled_event(invoice))


def test_what_billing_emits_is_what_its_manifest_says():
    world = World()
    invoice = world.issue()
    world.tell(failed_event(invoice))
    world.tell(settled_event(invoice))

    assert {e.type for e in world.published} == set(SERVICE.emits)
