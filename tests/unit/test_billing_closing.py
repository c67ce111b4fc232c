"""The close: each unit of usage is on one invoice, whenever it came in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.envelope import CloudEvent
from functions.billing.adapters.memory import MemoryAccounts, MemoryAgenda, MemoryInvoices, MemoryLedger
from functions.billing.close import run
from functions.billing.closing import PeriodClosing
from functions.billing.due import SHARDS, Place, account_due, all_shards, due_in, shard_due, shard_of
from functions.billing.manifest import CLOSE
from functions.billing.periods import GRACE
from functions.billing.ports import AccountPage, Tally
from functions.billing.prices import PRICES
from runtime.errors import (
    BusinessRuleViolated,
    Conflict,
    DependencyUnavailable,
    InFlightElsewhere,
    Unfinished,
    UnreadableMessage,
)
from tests.unit.billing_builders import CUSTOMER, NOW, World, event, usage_event, usage_record

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
    assert (report.accounts, report.invoices) == (1, (invoice.id,))
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
        assert world.close(moment).accounts == 0


def test_a_second_close_changes_nothing():
    world = World()
    world.tell(usage_event())
    world.close(JUNE)

    report = world.close(JUNE + timedelta(days=1))

    assert (report.accounts, report.invoices) == (0, ())


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

    assert (report.accounts, report.invoices) == (1, ())


def test_no_invoice_is_issued_when_usage_costs_nothing_but_it_counts_for_later():
    world = World()
    world.tell(usage_event("u-1", meter="api_calls", quantity=10_000))
    first = world.close(JUNE)
    world.clock.time = JUNE
    world.tell(usage_event("u-2", meter="api_calls", quantity=1_000))

    second = world.close(JUNE + timedelta(days=1))

    assert (first.accounts, first.invoices) == (1, ())
    assert len(second.invoices) == 1
    assert invoices_of(world)[0].amount == 40


def owing(world: World, *customers: str) -> None:
    """Customers with usage in the period that was closable in June."""
    for customer in customers:
        world.tell(usage_event(f"u-{customer}", customer_id=customer))


def test_every_customer_of_every_shard_gets_an_invoice():
    world = World()
    customers = [f"cus_{n}" for n in range(100)]
    owing(world, *customers)

    report = world.close(JUNE)

    assert {shard_of(customer) for customer in customers} == set(SHARDS)
    assert (report.accounts, len(report.invoices)) == (100, 100)
    assert {e.data["customer_id"] for e in world.published} == set(customers)


def test_a_customer_is_billed_once_when_the_schedule_runs_twice():
    world = World()
    owing(world, "cus_1", "cus_2")
    world.clock.time = JUNE
    for _ in range(2):
        world.begin()

    report = world.work_off()

    assert (report.accounts, len(report.invoices), report.errors) == (2, 2, [])


def test_an_account_holds_up_no_other_when_it_cannot_be_closed():
    world = World()
    ledger, accounts = MemoryLedger(), MemoryAccounts(MemoryInvoices(world.changes.append))
    for customer, meter in (("cus_1", "abolished"), ("cus_2", "seats")):
        ledger.record_all([usage_record(customer_id=customer, meter=meter)])
        accounts.touch("2026-05", customer)
    world.service = replace(world.service, closing=closing_of(world, ledger, accounts))

    report = world.close(JUNE)

    assert len(report.invoices) == 1
    assert [(type(e), str(e)) for e in report.errors] == [(BusinessRuleViolated, "meter 'abolished' has no price")]


def due_now(world: World, customer_id: str = CUSTOMER, period: str = "2026-05") -> CloudEvent:
    return account_due(Place(period=period, customer_id=customer_id), 1, now=world.clock.now())


def test_a_period_that_has_not_ended_is_not_closed_whoever_asks_for_it():
    world = World()
    owing(world, CUSTOMER)

    with pytest.raises(BusinessRuleViolated, match="2026-05 has not ended"):
        world.service.due(due_now(world))

    assert world.published == []


@pytest.mark.parametrize(
    "message",
    [
        event("billing.account.due", {"period": "May", "customer_id": CUSTOMER}),
        event("billing.account.due", {"period": "2026-05"}),
        event("billing.shard.due", {"shard": "all"}),
        event("billing.invoice.paid", {"period": "2026-05", "customer_id": CUSTOMER}),
    ],
)
def test_what_cannot_be_due_is_unreadable(message):
    with pytest.raises(UnreadableMessage):
        World().service.due(message)


def test_an_account_that_nobody_ever_touched_is_settled():
    world = World()
    world.clock.time = JUNE

    assert world.service.due(due_now(world)).duplicate


def closing_of(world: World, ledger: MemoryLedger, accounts: MemoryAccounts) -> PeriodClosing:
    """A close on other stores than the world's own."""
    agenda = MemoryAgenda(world.service.agenda.append)
    return PeriodClosing(
        ledger=ledger, accounts=accounts, agenda=agenda, prices=PRICES, clock=world.clock, seconds=world.seconds
    )


class OvertakenAccounts(MemoryAccounts):
    """Another close comes in between read and write."""

    def close(self, account, **how):
        super().close(account, **how)
        super().close(account, **how)


def test_the_slower_close_writes_nothing_when_two_run_at_once():
    world, changes = World(), []
    world.clock.time = JUNE
    ledger, accounts = MemoryLedger(), OvertakenAccounts(MemoryInvoices(changes.append))
    ledger.record_all([usage_record()])
    accounts.touch("2026-05", CUSTOMER)
    closing = closing_of(world, ledger, accounts)

    with pytest.raises(Conflict):
        closing.handle(due_now(world))

    assert len(changes) == 1
    assert closing.handle(due_now(world)).duplicate


# A ledger that is too long for one invocation


def long_ledger(entries: int = 7, **options) -> World:
    """Two entries a page, and a page an invocation."""
    world = World(page=2, seconds=0, **options)
    for n in range(entries):
        world.tell(usage_event(f"u-{n}", quantity=1))
    return world


def test_a_long_ledger_is_billed_by_one_invoice_after_as_many_invocations_as_it_takes():
    world = long_ledger()

    report = world.close(JUNE)

    (invoice,) = invoices_of(world)
    assert (report.unfinished, report.accounts) == (3, 1)
    assert [line.quantity for line in invoice.lines] == [7]
    assert world.service.accounts.find("2026-05", CUSTOMER).tally is None


def test_each_page_is_read_once_when_nothing_goes_wrong(monkeypatch):
    world, read = long_ledger(), []
    pages = MemoryLedger.pages
    monkeypatch.setattr(MemoryLedger, "pages", lambda *a, after, **k: read.append(after) or pages(*a, after=after, **k))

    world.close(JUNE)

    assert len(read) == len(set(read)) == 4


def test_usage_that_comes_behind_the_checkpoint_is_billed_by_the_next_close():
    world = long_ledger(entries=4)
    world.clock.time = JUNE
    with pytest.raises(Unfinished):
        world.service.due(due_now(world))
    world.tell(usage_event("a", quantity=10))  # sorts before what has been added up
    world.tell(usage_event("z", quantity=100))

    first = world.close(JUNE)
    second = world.close(JUNE + timedelta(days=1))

    assert [line.quantity for i in reversed(invoices_of(world)) for line in i.lines] == [104, 10]
    assert (first.accounts, second.accounts) == (1, 1)
    assert world.close(JUNE + timedelta(days=2)).accounts == 0


def test_two_that_add_one_ledger_up_do_not_lose_each_other_s_place():
    world = long_ledger()
    world.clock.time = JUNE
    stale = world.service.accounts.find("2026-05", CUSTOMER)
    with pytest.raises(Unfinished):
        world.service.due(due_now(world))

    with pytest.raises(InFlightElsewhere):
        world.service.accounts.keep(stale, Tally(touched=7, units={"seats": 4}, after="x"))

    world.close(JUNE)
    assert [line.quantity for i in invoices_of(world) for line in i.lines] == [7]


def test_what_was_added_up_is_kept_when_a_dependency_fails(monkeypatch):
    world = World(page=2)
    for n in range(5):
        world.tell(usage_event(f"u-{n}", quantity=1))
    world.clock.time = JUNE
    pages = MemoryLedger.pages

    def broken(self, *who, after):
        found = pages(self, *who, after=after)
        yield next(found)
        raise DependencyUnavailable("DynamoDB is away")

    monkeypatch.setattr(MemoryLedger, "pages", broken)

    with pytest.raises(DependencyUnavailable):
        world.service.due(due_now(world))

    tally = world.service.accounts.find("2026-05", CUSTOMER).tally
    assert tally.units == {"seats": 2}


class ManyPages(MemoryAccounts):
    """One account a page."""

    def unsettled(self, shard, periods, *, after=None):
        accounts = [a for page in super().unsettled(shard, periods, after=after) for a in page.accounts]
        return iter([AccountPage(accounts=(a,), after=a.place) for a in accounts])


def test_a_shard_that_takes_too_long_is_gone_through_in_several_invocations():
    world = World(seconds=0)
    world.clock.time = JUNE
    customers = [c for c in (f"cus_{n}" for n in range(100)) if shard_of(c) == "a"]
    ledger, accounts = MemoryLedger(), ManyPages(MemoryInvoices(world.changes.append))
    for customer in customers:
        ledger.record_all([usage_record(customer_id=customer)])
        accounts.touch("2026-05", customer)
    world.service = replace(world.service, closing=closing_of(world, ledger, accounts))

    world.service.due(shard_due("a", now=JUNE))
    first = [due_in(CloudEvent.parse(body)) for body in world.service.agenda]
    report = world.work_off()

    assert [type(due).__name__ for due in first] == ["AccountDue", "ShardDue"]
    assert report.accounts == len(customers) > 2


# Messages


def test_messages_of_one_day_and_of_one_state_have_one_identity():
    place = Place(period="2026-05", customer_id=CUSTOMER)
    later = JUNE + timedelta(hours=1)

    assert [e.id for e in all_shards(JUNE)] == [e.id for e in all_shards(later)]
    assert {e.id for e in all_shards(JUNE)}.isdisjoint(e.id for e in all_shards(JUNE + timedelta(days=1)))
    assert account_due(place, 3, now=JUNE).id == account_due(place, 3, now=later).id
    assert account_due(place, 3, now=JUNE).id != account_due(place, 4, now=JUNE).id


def test_a_customer_is_always_in_the_shard_that_it_was_in():
    assert [shard_of(c) for c in ("cus_abc123", "cus_1", "cus_2")] == ["b", "3", "5"]


def test_the_invoice_s_event_names_the_message_that_brought_it_about():
    world = World()
    owing(world, CUSTOMER)

    world.close(JUNE)

    (issued,) = world.published
    assert issued.extensions["causationid"] == due_now(world).id


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


def test_the_schedule_says_how_many_shards_are_to_be_looked_through():
    assert run(MemoryAgenda(lambda _: None), JUNE) == {"shards": 17}


def test_the_schedule_runs_when_the_grace_of_a_month_s_end_is_over():
    minute, hour = CLOSE.expression.removeprefix("cron(").split()[:2]

    assert timedelta(hours=int(hour), minutes=int(minute)) > GRACE
