"""One suite for both stores of billing: the memory twin and DynamoDB's calls (on moto)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from events.envelope import CloudEvent, derived_id, format_time
from functions.billing.adapters.accounts import DynamoDbAccounts
from functions.billing.adapters.dynamodb import DynamoDbInvoices, DynamoDbLedger, Table
from functions.billing.adapters.items import packed
from functions.billing.adapters.memory import MemoryAccounts, MemoryAgenda, MemoryInvoices, MemoryLedger
from functions.billing.closing import PeriodClosing, begin
from functions.billing.documents import MAX_LINES
from functions.billing.domain import MAX_MARKS, Decision, Line, State, void
from functions.billing.due import SHARDS, UNSPREAD, Place, shard_of
from functions.billing.metering import Metering
from functions.billing.ports import Account, Accounts, InvalidCursor, Invoices, Tally, UsageLedger
from functions.billing.prices import PRICES
from functions.billing.process import REPEATED, Billing
from runtime.errors import Conflict, InFlightElsewhere, Unfinished, Unpublishable
from runtime.outbox import LARGEST_WRITE
from tests.unit.billing_builders import (
    CUSTOMER,
    NOW,
    failed_event,
    issued,
    line,
    metered,
    order,
    settled_event,
    usage_event,
    usage_record,
)
from tests.unit.runtime_fakes import FakeClock

TABLE = "billing"


@dataclass(frozen=True)
class Store:
    ledger: UsageLedger
    accounts: Accounts
    invoices: Invoices

    def metering(self, clock: FakeClock | None = None) -> Metering:
        return Metering(ledger=self.ledger, accounts=self.accounts, prices=PRICES, clock=clock or FakeClock(NOW))

    def billing(self, clock: FakeClock | None = None) -> Billing:
        return Billing(
            ledger=self.ledger,
            accounts=self.accounts,
            invoices=self.invoices,
            prices=PRICES,
            clock=clock or FakeClock(NOW),
        )


def in_memory() -> Iterator[Store]:
    invoices = MemoryInvoices(lambda _: None)
    yield Store(ledger=MemoryLedger(), accounts=MemoryAccounts(invoices), invoices=invoices)


def on_dynamodb() -> Iterator[Store]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        _create_table(client)
        table = Table(client, TABLE)
        yield Store(
            ledger=DynamoDbLedger(table, FakeClock()),
            accounts=DynamoDbAccounts(table),
            invoices=DynamoDbInvoices(table),
        )


def _create_table(client: Any) -> None:
    names = ("pk", "sk", "gsi1pk", "gsi1sk")
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=_keys("pk", "sk"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-customer",
                "KeySchema": _keys("gsi1pk", "gsi1sk"),
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )


def _keys(hash_key: str, range_key: str) -> list[dict[str, str]]:
    return [{"AttributeName": hash_key, "KeyType": "HASH"}, {"AttributeName": range_key, "KeyType": "RANGE"}]


@pytest.fixture(params=[in_memory, on_dynamodb])
def store(request) -> Iterator[Store]:
    make: Callable[[], Iterator[Store]] = request.param
    yield from make()


# The usage ledger


def test_totals_are_summed_by_meter(store):
    entries = (("1", "seats", 2), ("2", "api_calls", 2**53 - 1), ("3", "seats", 3))

    assert not store.ledger.record_all([usage_record(i, meter=meter, quantity=n) for i, meter, n in entries])

    assert dict(store.ledger.totals(CUSTOMER, "2026-05")) == {"seats": 5, "api_calls": 2**53 - 1}


def test_totals_are_of_one_customer_and_one_period(store):
    store.ledger.record_all([usage_record("1", customer_id="cus_other"), usage_record("2", period="2026-04")])

    assert dict(store.ledger.totals(CUSTOMER, "2026-05")) == {}


def test_an_identity_is_one_entry_when_it_is_recorded_again_or_twice_at_once(store):
    for batch in ([usage_record("1")], [usage_record("1"), usage_record("2"), usage_record("1")]):
        assert not store.ledger.record_all(batch)

    assert dict(store.ledger.totals(CUSTOMER, "2026-05")) == {"seats": 4}


def test_one_name_for_two_customers_is_an_entry_for_each(store):
    store.ledger.record_all([usage_record("1"), usage_record("1", customer_id="cus_other")])

    assert [dict(store.ledger.totals(c, "2026-05")) for c in (CUSTOMER, "cus_other")] == [{"seats": 2}] * 2


def test_any_number_of_entries_is_recorded_at_once(store):
    store.ledger.record_all([])
    store.ledger.record_all([usage_record(str(n)) for n in range(60)])

    assert dict(store.ledger.totals(CUSTOMER, "2026-05")) == {"seats": 120}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a", "b#c"), ("a#b", "c")),
        (("a%23b", "c"), ("a#b", "c")),
        (("a", "x" * 2000), ("a", "x" * 2001)),
        (("ü" * 500, "1"), ("ü" * 500, "2")),
        (("A", "1"), ("a", "1")),
    ],
)
def test_two_identities_are_two_entries_however_alike_they_look(store, one, other):
    store.ledger.record_all([usage_record(id_, source=source, quantity=1) for source, id_ in (one, other)])

    assert dict(store.ledger.totals(CUSTOMER, "2026-05")) == {"seats": 2}


# The accounts


def touched(store: Store, times: int = 1, customer_id: str = CUSTOMER) -> Account:
    for _ in range(times):
        store.accounts.touch("2026-05", customer_id)
    return store.accounts.find("2026-05", customer_id)


def unsettled(store: Store, *periods: str) -> list[Account]:
    found = (store.accounts.unsettled(shard, periods or ("2026-05",)) for shard in (*SHARDS, UNSPREAD))
    return [account for pages in found for page in pages for account in page.accounts]


def test_an_account_is_empty_when_nobody_touched_it(store):
    assert store.accounts.find("2026-05", CUSTOMER) == Account(period="2026-05", customer_id=CUSTOMER)


def test_touches_are_counted_by_period_and_customer(store):
    touched(store, 2)
    touched(store, 1, "cus_other")

    assert store.accounts.find("2026-05", CUSTOMER).touched == 2
    assert {a.customer_id: a.touched for a in unsettled(store)} == {CUSTOMER: 2, "cus_other": 1}
    assert unsettled(store, "2026-04") == []


def test_an_account_is_settled_when_it_was_closed_since_its_last_touch(store):
    account = touched(store)

    store.accounts.close(account, billed={"seats": 2}, decision=None, now=NOW)

    assert unsettled(store) == []
    assert store.accounts.find("2026-05", CUSTOMER) == replace(account, closed=1, billed={"seats": 2})


def test_an_account_is_unsettled_when_it_is_touched_while_it_is_closed(store):
    account = touched(store)
    store.accounts.touch("2026-05", CUSTOMER)

    store.accounts.close(account, billed={"seats": 2}, decision=None, now=NOW)

    (open_again,) = unsettled(store)
    assert (open_again.touched, open_again.closed, dict(open_again.billed)) == (2, 1, {"seats": 2})


def test_the_invoice_and_the_account_are_written_together(store):
    decision = issued(period="2026-05")

    store.accounts.close(touched(store), billed={"seats": 2}, decision=decision, now=NOW)

    stored = store.invoices.find(decision.invoice.id)
    assert (stored.invoice, stored.outbox) == (decision.invoice, (decision.events[0].to_json(),))
    assert store.accounts.find("2026-05", CUSTOMER).invoices == 1


def test_a_second_close_of_what_was_read_once_writes_nothing(store):
    account = touched(store)
    store.accounts.close(account, billed={"seats": 2}, decision=None, now=NOW)

    with pytest.raises(Conflict):
        store.accounts.close(account, billed={"seats": 2}, decision=issued(), now=NOW)

    assert store.invoices.find(issued().invoice.id) is None
    assert store.accounts.find("2026-05", CUSTOMER).invoices == 0


def test_a_second_close_works_on_what_the_first_left(store):
    store.accounts.close(touched(store), billed={"seats": 2}, decision=issued(id="inv_1"), now=NOW)

    store.accounts.close(touched(store), billed={"seats": 5}, decision=issued(id="inv_2"), now=NOW)

    account = store.accounts.find("2026-05", CUSTOMER)
    assert (account.touched, account.closed, dict(account.billed), account.invoices) == (2, 2, {"seats": 5}, 2)


def test_an_account_is_not_closed_when_its_invoice_exists(store):
    store.invoices.save(issued(), over=None, now=NOW)

    with pytest.raises(Conflict):
        store.accounts.close(touched(store), billed={"seats": 2}, decision=issued(), now=NOW)

    assert store.accounts.find("2026-05", CUSTOMER).closed == 0


def test_unsettled_accounts_are_found_by_period_and_customer_and_from_a_place_on(store):
    customers = sorted(c for c in (f"cus_{n}" for n in range(80)) if shard_of(c) == "7")
    for period in ("2026-05", "2026-03", "2026-04"):
        for customer in customers:
            store.accounts.touch(period, customer)

    def places(after=None):
        pages = store.accounts.unsettled("7", ("2026-03", "2026-05"), after=after)
        return [account.place for page in pages for account in page.accounts]

    everything = [Place(period=p, customer_id=c) for p in ("2026-03", "2026-05") for c in customers]
    assert len(customers) > 2
    assert places() == everything
    for number, place in enumerate(everything):
        assert places(after=place) == everything[number + 1 :]


def test_a_tally_is_kept_until_the_account_is_closed(store):
    account, tally = touched(store), Tally(touched=1, units={"seats": 2}, after="a#b")

    store.accounts.keep(account, tally)
    kept = store.accounts.find("2026-05", CUSTOMER)
    store.accounts.keep(kept, replace(tally, after="c"))
    store.accounts.close(kept, billed={"seats": 2}, decision=None, now=NOW)

    assert kept == replace(account, tally=tally)
    assert store.accounts.find("2026-05", CUSTOMER) == replace(account, closed=1, billed={"seats": 2})


def test_a_tally_is_not_kept_over_another_one_or_after_a_close(store):
    account, tally = touched(store), Tally(touched=1, units={"seats": 2}, after="a#b")
    store.accounts.keep(account, tally)

    with pytest.raises(InFlightElsewhere):
        store.accounts.keep(account, replace(tally, after="c"))
    store.accounts.close(account, billed={"seats": 2}, decision=None, now=NOW)
    with pytest.raises(InFlightElsewhere):
        store.accounts.keep(account, tally)

    assert store.accounts.find("2026-05", CUSTOMER).tally is None


# The accounts that were not spread yet: on DynamoDB alone


def unspread(table: Table, **members: Any) -> None:
    """An account as it was written before."""
    item = {"pk": "PERIOD#2026-05", "sk": f"CUSTOMER#{CUSTOMER}", "touched": 3} | members
    table.client.put_item(TableName=table.name, Item=packed(item))


@pytest.fixture
def table() -> Iterator[Table]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        _create_table(client)
        yield Table(client, TABLE)


BILLED = {"closed": 3, "billed": {"seats": 2}, "invoices": 1}


def test_an_account_that_lies_in_two_places_is_one(table):
    accounts = DynamoDbAccounts(table)
    unspread(table, **BILLED)
    accounts.touch("2026-05", CUSTOMER)

    account = accounts.find("2026-05", CUSTOMER)

    assert (account.touched, account.closed, account.billed, account.invoices) == (4, 3, {"seats": 2}, 1)


@pytest.mark.parametrize("decision", [None, issued()])
@pytest.mark.parametrize("before", [{}, BILLED])
@pytest.mark.parametrize("touches", [0, 2])
def test_a_close_moves_an_account_into_its_shard(table, decision, before, touches):
    accounts = DynamoDbAccounts(table)
    unspread(table, touched=4, **before)
    for _ in range(touches):
        accounts.touch("2026-05", CUSTOMER)
    read = accounts.find("2026-05", CUSTOMER)
    accounts.touch("2026-05", CUSTOMER)

    accounts.close(read, billed={"seats": 5}, decision=decision, now=NOW)

    account = accounts.find("2026-05", CUSTOMER)
    assert (account.touched, account.closed, account.billed) == (5 + touches, 4 + touches, {"seats": 5})
    assert account.unspread is None
    assert account.invoices == before.get("invoices", 0) + (decision is not None)
    assert [p.accounts for p in accounts.unsettled(UNSPREAD, ["2026-05"])] == [()]


def test_an_account_is_not_moved_when_an_old_process_has_touched_it_meanwhile(table):
    accounts = DynamoDbAccounts(table)
    unspread(table)
    read = accounts.find("2026-05", CUSTOMER)
    unspread(table, touched=4)

    with pytest.raises(Conflict):
        accounts.close(read, billed={"seats": 5}, decision=issued(), now=NOW)

    assert accounts.find("2026-05", CUSTOMER).closed == 0
    assert DynamoDbInvoices(table).find(issued().invoice.id) is None


def test_a_unit_that_was_billed_before_accounts_were_spread_is_not_billed_again(table):
    ledger, accounts = DynamoDbLedger(table, FakeClock()), DynamoDbAccounts(table)
    ledger.record_all([usage_record("1"), usage_record("2")])
    unspread(table, **BILLED)
    accounts.touch("2026-05", CUSTOMER)
    store = Store(ledger=ledger, accounts=accounts, invoices=DynamoDbInvoices(table))

    close(store, JUNE)
    close(store, JUNE)

    invoices = store.billing().invoices_of(CUSTOMER, limit=9).invoices
    assert [line.quantity for invoice in invoices for line in invoice.lines] == [2]


# The invoices


def test_an_invoice_comes_back_as_it_was_saved(store):
    full = issued(
        lines=(
            Line.priced("Ünïcode, 100 % “fine”", quantity=3, unit_amount=0),
            Line(description="Seats", quantity=2, amount=3_000, meter="seats"),
        ),
        period="2026-05",
        due_at=NOW + timedelta(days=14, microseconds=1),
    )
    marked = replace(
        full,
        invoice=replace(
            full.invoice,
            state=State.PAID,
            paid_at=NOW,
            voided_at=NOW,
            payment_id="pay_1",
            failure_reason="declined",
            applied={"m": "t"},
        ),
    )

    store.invoices.save(marked, over=None, now=NOW)

    stored = store.invoices.find(full.invoice.id)
    assert stored.invoice == marked.invoice
    assert (stored.version, stored.outbox) == (1, (full.events[0].to_json(),))


def test_there_is_nothing_when_nothing_was_saved(store):
    assert store.invoices.find("inv_0") is None


def test_a_new_invoice_is_refused_when_its_id_is_taken(store):
    store.invoices.save(issued(), over=None, now=NOW)

    with pytest.raises(Conflict):
        store.invoices.save(issued(customer_id="cus_other"), over=None, now=NOW)

    assert store.invoices.find(issued().invoice.id).invoice.customer_id == CUSTOMER


def test_a_decision_is_refused_when_somebody_else_wrote_since_the_read(store):
    store.invoices.save(issued(), over=None, now=NOW)
    read = store.invoices.find(issued().invoice.id)
    store.invoices.save(void(read.invoice, now=NOW), over=read, now=NOW)

    with pytest.raises(Conflict):
        store.invoices.save(replace(issued(), events=()), over=read, now=NOW)

    left = store.invoices.find(read.invoice.id)
    assert (left.invoice.state, left.version) == (State.VOID, 2)


def test_a_decision_is_refused_when_its_invoice_is_gone(store):
    store.invoices.save(issued(id="inv_1"), over=None, now=NOW)
    read = store.invoices.find("inv_1")

    with pytest.raises(Conflict):
        store.invoices.save(issued(id="inv_2"), over=read, now=NOW)


def test_events_of_the_last_days_stay_in_the_outbox_and_older_ones_go(store):
    store.invoices.save(issued(), over=None, now=NOW)
    id_ = issued().invoice.id
    clock = FakeClock(NOW + timedelta(hours=47))
    store.billing(clock).handle(failed_event(issued().invoice))
    both = [CloudEvent.parse(entry).type for entry in store.invoices.find(id_).outbox]

    clock.time = NOW + timedelta(hours=49)
    store.billing(clock).handle(settled_event(issued().invoice))

    assert both == ["billing.invoice.issued", "billing.invoice.payment_failed"]
    assert [CloudEvent.parse(entry).type for entry in store.invoices.find(id_).outbox] == [
        "billing.invoice.payment_failed",
        "billing.invoice.paid",
    ]


def test_the_largest_invoice_with_the_fullest_outbox_can_still_be_paid(store):
    lines = tuple(line(description="🚢" * 200, quantity=10**9, unit_amount=9) for _ in range(MAX_LINES))
    decision = issued(lines=lines)
    marks = {derived_id(n): format_time(NOW) for n in range(MAX_MARKS)}
    store.invoices.save(replace(decision, invoice=replace(decision.invoice, applied=marks)), over=None, now=NOW)
    clock = FakeClock(NOW)
    for n in range(30):
        failed = failed_event(decision.invoice, f"f-{n}", reason="🚢" * 1_000)
        store.billing(clock).handle(failed)

    largest = failed_event(decision.invoice, "largest")
    stored = store.invoices.find(decision.invoice.id)
    full = largest.model_copy(update={"data": "x" * (LARGEST_WRITE - 1_000)})
    store.invoices.save(Decision(invoice=stored.invoice, events=(full,)), over=stored, now=NOW)

    store.billing(clock).handle(settled_event(decision.invoice))
    assert store.invoices.find(decision.invoice.id).invoice.state is State.PAID


def test_a_decision_is_refused_when_no_outbox_could_hold_its_events(store):
    decision = issued()
    store.invoices.save(decision, over=None, now=NOW)
    too_large = failed_event(decision.invoice).model_copy(update={"data": "x" * LARGEST_WRITE})
    read = store.invoices.find(decision.invoice.id)

    with pytest.raises(Unpublishable, match="one write's outbox takes"):
        store.invoices.save(Decision(invoice=decision.invoice, events=(too_large,)), over=read, now=NOW)

    assert store.invoices.find(decision.invoice.id) == read


def saved(store: Store, count: int, **changes: Any) -> list[str]:
    """Invoices a second apart; their ids, newest first."""
    ids = []
    for n in range(count):
        decision = issued(id=f"inv_{n}", now=NOW + timedelta(seconds=n), **changes)
        store.invoices.save(decision, over=None, now=NOW)
        ids.insert(0, decision.invoice.id)
    return ids


@pytest.mark.parametrize(("count", "limit", "pages"), [(0, 2, 1), (4, 2, 2), (5, 2, 3), (5, 5, 1), (3, 1, 3)])
def test_a_customer_s_invoices_come_newest_first_and_each_once(store, count, limit, pages):
    ids = saved(store, count)

    seen, cursor = [], None
    for _ in range(pages):
        page = store.invoices.of_customer(CUSTOMER, limit=limit, cursor=cursor)
        seen += [invoice.id for invoice in page.invoices]
        cursor = page.cursor

    assert cursor is None
    assert seen == ids


def test_invoices_of_one_moment_are_all_listed(store):
    for n in range(3):
        store.invoices.save(issued(id=f"inv_{n}"), over=None, now=NOW)

    first = store.invoices.of_customer(CUSTOMER, limit=2)
    rest = store.invoices.of_customer(CUSTOMER, limit=2, cursor=first.cursor)

    assert [i.id for i in first.invoices + rest.invoices] == ["inv_2", "inv_1", "inv_0"]


def test_a_page_goes_on_where_the_last_one_ended_when_an_invoice_came_in_between(store):
    saved(store, 2)
    first = store.invoices.of_customer(CUSTOMER, limit=1)
    store.invoices.save(issued(id="inv_new", now=NOW + timedelta(days=1)), over=None, now=NOW)

    rest = store.invoices.of_customer(CUSTOMER, limit=5, cursor=first.cursor)

    assert [invoice.id for invoice in rest.invoices] == ["inv_0"]


def test_a_listing_is_one_customer_s(store):
    saved(store, 2)

    assert store.invoices.of_customer("cus_other", limit=10).invoices == ()


@pytest.mark.parametrize("cursor", ["x", "ü", "AAAA", "bm90IGEgcGxhY2U"])
def test_a_cursor_is_refused_when_no_listing_gave_it(store, cursor):
    with pytest.raises(InvalidCursor):
        store.invoices.of_customer(CUSTOMER, limit=1, cursor=cursor)


# The service on each


def test_usage_and_payments_end_the_same_on_every_store(store):
    billing = store.billing()
    metered(store.metering(), usage_event("u-1"))
    invoice = billing.issue_invoice(order())

    metered(store.metering(), usage_event("u-1"))
    assert billing.issue_invoice(order()) == invoice
    assert not billing.handle(failed_event(invoice)).duplicate
    assert not billing.handle(settled_event(invoice)).duplicate
    assert billing.handle(settled_event(invoice)) == REPEATED
    assert billing.invoice(invoice.id).state is State.PAID
    assert billing.usage(CUSTOMER, "2026-05").amount == 3_000
    assert [i.state for i in billing.invoices_of(CUSTOMER, limit=10).invoices] == [State.PAID]
    assert store.accounts.find("2026-05", CUSTOMER).touched == 2


JUNE = datetime(2026, 6, 1, 7, tzinfo=UTC)


def close(store: Store, now: datetime, *, seconds: float = 20) -> int:
    """What the schedule and the queue do; how often an account was left unfinished."""
    agenda: list[str] = []
    unfinished = 0
    closing = PeriodClosing(
        ledger=store.ledger,
        accounts=store.accounts,
        agenda=MemoryAgenda(agenda.append),
        prices=PRICES,
        clock=FakeClock(now),
        seconds=seconds,
    )
    begin(MemoryAgenda(agenda.append), now)
    while agenda:
        body = agenda.pop(0)
        try:
            closing.handle(CloudEvent.parse(body))
        except Unfinished:
            unfinished += 1
            agenda.append(body)
    return unfinished


def test_a_close_bills_what_came_in_since_the_last_one_on_every_store(store):
    billing = store.billing(FakeClock(JUNE))

    for id_ in ("u-1", "u-2", "u-2"):
        metered(store.metering(FakeClock(JUNE)), usage_event(id_))
        close(store, JUNE)

    assert [invoice.amount for invoice in billing.invoices_of(CUSTOMER, limit=9).invoices] == [3_000, 3_000]


def test_a_ledger_of_several_pages_is_billed_whole_on_every_store(store, monkeypatch):
    query = Table.pages
    monkeypatch.setattr(Table, "pages", lambda self, *a, **how: query(self, *a, **{"Limit": 2} | how))
    store.ledger.__dict__["_page"] = 2
    store.ledger.record_all([usage_record(str(n)) for n in range(5)])
    store.accounts.touch("2026-05", CUSTOMER)

    unfinished = close(store, JUNE, seconds=0)

    (invoice,) = store.billing().invoices_of(CUSTOMER, limit=9).invoices
    assert (unfinished, [line.quantity for line in invoice.lines]) == (2, [10])
