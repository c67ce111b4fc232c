"""The close: each unit of usage is on one invoice, whenever it came in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.billing.adapters.memory import MemoryAccounts, MemoryInvoices, MemoryLedger
from functions.billing.close import run
from functions.billing.closing import PeriodClosing
from functions.billing.manifest import CLOSE
from functions.billing.periods import GRACE
from functions.billing.prices import PRICES
from functions.billing.rating import PriceBook
from runtime.errors import TransientError
from tests.unit.billing_builders import CUSTOMER, NOW, World, usage_event, usage_record

JUNE = datetime(2026, 6, 1, 7, tzinfo=UTC)


def invoices_of(world: World, customer_id: str = CUSTOMER):
    return world.billing.invoices_of(customer_id, limit=100).invoices


def late(world: World, id_: str, quantity: int = 1) -> None:
    world.clock.time = JUNE + timedelta(hours=1)
    world.tell(usage_event(id_, quantity=quantity))


def test_a_month_s_usage_becomes_one_invoice_when_the_month_is_closed():
    world = World()
    world.tell(usage_event("u-1", quantity=2))
    world.tell(usage_event("u-2", meter="api_calls", quantity=12_000))

    report = world.close(JUNE)

    (invoice,) = invoices_of(world)
    assert (report.closed, report.invoices, report.complete) == (1, (invoice.id,), True)
    assert [(x.meter, x.quantity, x.amount) for x in invoice.lines] == [("api_calls", 12_000, 80), ("seats", 2, 3_000)]
    assert (invoice.period, invoice.due_at, invoice.amount) == ("2026-05", JUNE + timedelta(days=14), 3_080)
    assert world.published[0].data["period"] == "2026-05"


def test_a_month_s_usage_may_be_more_than_one_record_can_hold():
    world = World()
    for number in range(3):
        world.tell(usage_event(f"u-{number}", quantity=10**9))

    world.close(JUNE)

    assert [line.quantity for invoice in invoices_of(world) for line in invoice.lines] == [3 * 10**9]


def test_nothing_is_billed_when_the_month_is_still_running_or_in_its_grace():
    world = World()
    world.tell(usage_event())

    for moment in (NOW, datetime(2026, 6, 1, tzinfo=UTC) + GRACE - timedelta(seconds=1)):
        assert world.close(moment).closed == 0


def test_a_second_close_changes_nothing():
    world = World()
    world.tell(usage_event())
    world.close(JUNE)

    report = world.close(JUNE + timedelta(days=1))

    assert (report.closed, report.invoices) == (0, ())


def test_late_usage_is_billed_by_a_supplementary_invoice():
    world = World()
    world.tell(usage_event("u-1", quantity=2))
    world.close(JUNE)
    late(world, "u-2", quantity=3)

    report = world.close(JUNE + timedelta(days=1))

    newest, first = invoices_of(world)
    assert report.invoices == (newest.id,)
    assert (first.amount, newest.amount) == (3_000, 4_500)
    assert newest.period == first.period == "2026-05"


def test_a_late_duplicate_is_looked_at_and_billed_no_second_time():
    world = World()
    world.tell(usage_event("u-1"))
    world.close(JUNE)
    late(world, "u-1", quantity=2)

    report = world.close(JUNE + timedelta(days=1))

    assert (report.closed, report.invoices) == (1, ())


def test_no_invoice_is_issued_when_usage_costs_nothing_but_it_counts_for_later():
    world = World()
    world.tell(usage_event("u-1", meter="api_calls", quantity=10_000))
    first = world.close(JUNE)
    world.clock.time = JUNE
    world.tell(usage_event("u-2", meter="api_calls", quantity=1_000))

    second = world.close(JUNE + timedelta(days=1))

    assert (first.closed, first.invoices) == (1, ())
    assert len(second.invoices) == 1
    assert invoices_of(world)[0].amount == 40


def test_a_close_stops_when_its_time_runs_out_and_the_next_one_goes_on():
    world = World()
    for n in range(3):
        world.tell(usage_event(f"u-{n}", customer_id=f"cus_{n}"))
    seconds = iter([300.0, 29.9])

    stopped = world.service.closing.close_periods(now=JUNE, remaining_time=lambda: next(seconds))
    rest = world.close(JUNE)

    assert (stopped.closed, stopped.complete) == (1, False)
    assert (rest.closed, rest.complete) == (2, True)
    assert len(world.published) == 3


def test_an_account_holds_up_no_other_when_it_cannot_be_closed():
    on_change = []
    ledger, invoices = MemoryLedger(), MemoryInvoices(on_change.append)
    accounts = MemoryAccounts(invoices)
    for customer, meter in (("cus_1", "abolished"), ("cus_2", "seats")):
        ledger.record_all([usage_record(customer_id=customer, meter=meter)])
        accounts.touch("2026-05", customer)
    closing = PeriodClosing(ledger=ledger, accounts=accounts, prices=PRICES)

    report = closing.close_periods(now=JUNE, remaining_time=lambda: 300)

    assert report.closed == 1
    assert [(f.customer_id, str(f.error)) for f in report.failures] == [("cus_1", "meter 'abolished' has no price")]


class OvertakenAccounts(MemoryAccounts):
    """Another close comes in between read and write."""

    def close(self, account, **how):
        super().close(account, **how)
        super().close(account, **how)


def test_the_slower_close_writes_nothing_when_two_run_at_once():
    changes = []
    ledger, invoices = MemoryLedger(), MemoryInvoices(changes.append)
    accounts = OvertakenAccounts(invoices)
    ledger.record_all([usage_record()])
    accounts.touch("2026-05", CUSTOMER)
    closing = PeriodClosing(ledger=ledger, accounts=accounts, prices=PRICES)

    report = closing.close_periods(now=JUNE, remaining_time=lambda: 300)

    assert [f.error.code for f in report.failures] == ["conflict"]
    assert len(changes) == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400_000), st.booleans(), st.booleans()), min_size=1, max_size=12))
def test_all_invoices_of_a_month_add_up_to_its_usage_whatever_comes_late_or_twice(reports):
    world, total = World(), 0
    world.clock.time = JUNE
    moment = JUNE
    for n, (quantity, twice, close_after) in enumerate(reports):
        total += quantity
        for _ in range(1 + twice):
            world.tell(usage_event(f"u-{n}", meter="api_calls", quantity=quantity))
        if close_after:
            moment += timedelta(days=1)
            world.close(moment)

    world.close(moment + timedelta(days=1))

    assert sum(invoice.amount for invoice in invoices_of(world)) == PRICES.price("api_calls").cost(total)


def test_the_schedule_s_answer_sums_the_run_up():
    world = World()
    world.tell(usage_event())

    summary = run(world.service.closing, now=JUNE, remaining_time=lambda: 300)

    assert summary == {"closed": 1, "invoices": 1, "failed": 0, "complete": True}


def test_the_schedule_s_run_fails_when_an_account_could_not_be_closed():
    ledger, invoices = MemoryLedger(), MemoryInvoices(lambda _: None)
    accounts = MemoryAccounts(invoices)
    ledger.record_all([usage_record()])
    accounts.touch("2026-05", CUSTOMER)
    closing = PeriodClosing(ledger=ledger, accounts=accounts, prices=PriceBook(currency="USD", prices=()))

    with pytest.raises(TransientError, match="1 accounts could not be closed: meter 'seats' has no price"):
        run(closing, now=JUNE, remaining_time=lambda: 300)


def test_the_schedule_runs_when_the_grace_of_a_month_s_end_is_over():
    minute, hour = CLOSE.expression.removeprefix("cron(").split()[:2]

    assert timedelta(hours=int(hour), minutes=int(minute)) > GRACE
