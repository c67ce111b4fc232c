"""The close of a period with thousands of customers, from the schedule to the bus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from contracts.company import SERVICES
from functions.billing.manifest import ACCOUNTS
from functions.billing.ports import UsageRecord
from local.memory.company import Company
from runtime.topology import topology

JUNE = datetime(2026, 6, 1, 7, tzinfo=UTC)
USED_AT = datetime(2026, 5, 20, 13, tzinfo=UTC)
CUSTOMERS = 3_000
SEATS = 1_500  # minor units
#: Entries of the one customer that has many: six pages.
MANY = 5_500

pytestmark = pytest.mark.usefixtures("silent")


def company_of(customers: int, *, of: str = "services", **options) -> Company:
    """In June, with customers who used seats in May: the n-th n % 3 + 1 of them, each told of by itself."""
    company = Company(seed=1, start=JUNE, archive=True, topology=topology(of, SERVICES), **options)
    for n in range(customers):
        use(company, f"cus_{n}", n % 3 + 1)
    return company


def use(company: Company, customer: str, times: int, *, meter: str = "seats") -> None:
    entries = [
        UsageRecord(
            customer_id=customer,
            period="2026-05",
            source="/partners/acme",
            id=f"{customer}-{meter}-{n}",
            meter=meter,
            quantity=1,
            used_at=USED_AT,
        )
        for n in range(times)
    ]
    company.billing.ledger.record_all(entries)
    company.billing.accounts.touch("2026-05", customer)


def close(company: Company, schedules: int = 1) -> None:
    for _ in range(schedules):
        company.cloud.run_schedule("billing-close")
    company.cloud.run()


def billed(company: Company) -> Counter[str]:
    """By customer, what the invoices on the bus come to; each is told of once."""
    events = [e["detail"] for e in company.cloud.bus.archive or () if e["detail-type"] == "billing.invoice.issued"]
    assert len({event["id"] for event in events}) == len(events)
    amounts = Counter[str]()
    for event in events:
        amounts[event["data"]["customer_id"]] += event["data"]["amount"]
    return amounts


def letters(company: Company) -> list[Mapping[str, str]]:
    """What is told of the consumer's dead letters. In a group, others' are in the same DLQ."""
    attributes = (message.attributes for message in company.cloud.dlq(ACCOUNTS.name).peek())
    return [told for told in attributes if told["consumer"] == ACCOUNTS.name]


@pytest.mark.parametrize("of", ["services", "monolith"])
def test_thousands_of_customers_are_billed_once_each_when_the_schedule_runs_twice(of: str) -> None:
    company = company_of(CUSTOMERS, of=of)

    close(company, schedules=2)

    assert billed(company) == {f"cus_{n}": SEATS * (n % 3 + 1) for n in range(CUSTOMERS)}
    assert len(company.cloud.queue(ACCOUNTS.name)) == 0
    assert letters(company) == []


def test_one_message_takes_one_invocation_and_a_long_ledger_some_more() -> None:
    company = company_of(10, account_seconds=0)
    use(company, "cus_many", MANY)

    close(company)

    assert billed(company)["cus_many"] == SEATS * MANY
    assert company.cloud.function(ACCOUNTS.name).invocations == 17 + 10 + 6


def test_a_second_day_s_close_asks_of_no_customer_whose_account_is_settled() -> None:
    company = company_of(100)
    close(company)
    before = company.cloud.function(ACCOUNTS.name).invocations
    use(company, "cus_7", 9)

    company.cloud.clock.advance(86_400)
    close(company)

    assert company.cloud.function(ACCOUNTS.name).invocations == before + 17 + 1
    assert billed(company)["cus_7"] == SEATS * 9


def test_a_message_that_is_lost_is_made_up_for_by_the_next_day_s_close() -> None:
    company = company_of(50)
    company.cloud.run_schedule("billing-close")
    company.cloud.queue(ACCOUNTS.name).purge()

    company.cloud.clock.advance(timedelta(days=5).total_seconds())
    close(company)

    assert len(billed(company)) == 50


def test_an_account_that_cannot_be_closed_is_a_dead_letter_with_the_reason_and_holds_up_no_other() -> None:
    company = company_of(20)
    use(company, "cus_odd", 1, meter="abolished")

    close(company)

    (told,) = letters(company)
    assert (told["reason"], told["event_type"], told["attempts"]) == ("business_rule", "billing.account.due", "1")
    assert told["error_message"] == "meter 'abolished' has no price"
    assert len(billed(company)) == 20


def test_a_dead_letter_that_is_redriven_when_all_is_billed_changes_nothing() -> None:
    company = company_of(1)
    company.cloud.run_schedule("billing-close")
    company.cloud.run()
    due = '{"specversion":"1.0","id":"d","source":"billing-service","type":"billing.account.due",'
    due += '"data":{"period":"2026-05","customer_id":"cus_0"}}'
    company.cloud.dlq(ACCOUNTS.name).send(due, {"reason": "dependency_unavailable"})

    company.cloud.redrive(ACCOUNTS.name)
    company.cloud.run()

    assert billed(company) == {"cus_0": SEATS}
