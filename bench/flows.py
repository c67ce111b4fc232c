"""The company in the memory cloud, put to work: whole flows through all services, and what is left of them.

    payments   partner.payment.settled ─► ingestion ─► billing ─► relay ─► notification: an e-mail    4 records a flow
    usage      partner.usage.reported ─► ingestion ─► billing-usage: the ledger                       2 records a flow

A record is one message or stream record that one function has handled.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count, islice
from typing import Final

from events.catalog import (
    Channels,
    CustomerContactUpdated,
    PartnerPaymentSettled,
    PartnerUsageReported,
    initial,
)
from events.envelope import CloudEvent
from functions.billing.domain import Line, draft, issue
from functions.billing.ports import Stored
from local.memory.company import Company

#: In the middle of a month, so that nothing is closed meanwhile.
NOW: Final = datetime(2026, 5, 20, 14, 30, tzinfo=UTC)
CUSTOMER: Final = "cus_bench"
ADDRESS: Final = "ada@example.com"
AMOUNT: Final = 49_900

PAYMENT_RECORDS: Final = 4
USAGE_RECORDS: Final = 2

#: Flows that are under way at the same time.
_AT_ONCE: Final = 500


class Unfinished(Exception):
    """Not every flow came to its end: what it took means nothing."""


def contact() -> CloudEvent:
    made = CustomerContactUpdated(customer_id=CUSTOMER, name="Ada Lovelace", channels=Channels(email=ADDRESS))
    return initial(made, id="contact", source="/crm", time=NOW)


def payment(n: int) -> PartnerPaymentSettled:
    return PartnerPaymentSettled(payment_id=f"pay_{n}", invoice_id=f"inv_{n}", amount=AMOUNT, currency="USD")


class CompanyAtWork:
    """One company; each call goes on where the last one ended. Raises Unfinished."""

    def __init__(self) -> None:
        self.company = Company(seed=1, start=NOW)
        self.company.cloud.publish(contact())
        self.company.cloud.run()
        self._numbers = count()

    def owe(self, flows: int) -> list[CloudEvent]:
        """So many payments, for invoices that are owed. To issue those is no part of the flow."""
        return [self._owed(n) for n in islice(self._numbers, flows)]

    def pay(self, payments: list[CloudEvent]) -> None:
        sent = len(self.company.mail)
        for chunk in _chunks(payments):
            self._run(chunk)
        if len(self.company.mail) - sent != len(payments):
            raise Unfinished(f"{len(payments)} payments, but {len(self.company.mail) - sent} e-mails")

    def use(self, flows: int) -> None:
        """Of a customer of its own."""
        numbers = list(islice(self._numbers, flows))
        customer = f"cus_{numbers[0]}"
        for chunk in _chunks([_usage(n, customer) for n in numbers]):
            self._run(chunk)
        totals = self.company.billing.ledger.totals(customer, f"{NOW:%Y-%m}")
        if sum(totals.values()) != flows:
            raise Unfinished(f"{flows} reports of usage, but in the ledger are {totals}")

    def _owed(self, n: int) -> CloudEvent:
        told = payment(n)
        line = Line.priced("Onboarding", quantity=1, unit_amount=AMOUNT)
        made = draft(id=told.invoice_id, customer_id=CUSTOMER, currency="USD", lines=(line,), now=NOW)
        self.company.billing.invoices.restore(Stored(invoice=issue(made, now=NOW).invoice, version=1))
        return initial(told, id=f"payment-{n}", source="/payments", time=NOW)

    def _run(self, events: list[CloudEvent]) -> None:
        self.company.cloud.publish(*events)
        self.company.cloud.run()


def _usage(n: int, customer: str) -> CloudEvent:
    used = PartnerUsageReported(customer_id=customer, meter="api_calls", quantity=1, used_at=NOW)
    return initial(used, id=f"usage-{n}", source="/metering", time=NOW)


def _chunks(events: list[CloudEvent]) -> Iterator[list[CloudEvent]]:
    for start in range(0, len(events), _AT_ONCE):
        yield events[start : start + _AT_ONCE]
