"""Billing's store in memory: the twin of dynamodb.py. For one thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from functions.billing.adapters.cursors import cursor_at, place_at, place_of
from functions.billing.closing import PeriodClosing
from functions.billing.domain import Decision
from functions.billing.metering import Metering
from functions.billing.ports import Account, Page, Stored, UsageRecord
from functions.billing.prices import PRICES
from functions.billing.process import Billing
from functions.billing.rating import PriceBook
from runtime.clock import Clock
from runtime.errors import Conflict, TransientError
from runtime.outbox import Change, extended
from runtime.outcome import Handle, Together

#: Called after each write of an item with an outbox, as a table's stream would tell of it.
OnChange = Callable[[Change], None]


class MemoryLedger:
    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], dict[tuple[str, str], UsageRecord]] = {}

    def record_all(self, usages: Sequence[UsageRecord]) -> Mapping[tuple[str, str], TransientError]:
        for usage in usages:
            self._entries.setdefault((usage.customer_id, usage.period), {})[usage.identity] = usage
        return {}

    def totals(self, customer_id: str, period: str) -> Mapping[str, int]:
        totals = Counter[str]()
        for usage in self._entries.get((customer_id, period), {}).values():
            totals[usage.meter] += usage.quantity
        return totals


class MemoryInvoices:
    def __init__(self, on_change: OnChange) -> None:
        self._stored: dict[str, Stored] = {}
        self._on_change = on_change

    def find(self, invoice_id: str) -> Stored | None:
        return self._stored.get(invoice_id)

    def restore(self, stored: Stored) -> None:
        """As if it had always been there: nobody is told."""
        self._stored[stored.invoice.id] = stored

    def save(self, decision: Decision, *, over: Stored | None, now: datetime) -> None:
        id_ = decision.invoice.id
        there = self._stored.get(id_)
        if (there and there.version) != (over and over.version):
            raise Conflict(f"invoice {id_} was changed by somebody else")
        old = there.outbox if there else ()
        new = extended(old, decision.events, now)
        version = there.version + 1 if there else 1
        self._stored[id_] = Stored(invoice=decision.invoice, version=version, outbox=new)
        self._on_change(Change(key=f"INVOICE#{id_}", new=new, old=old))

    def of_customer(self, customer_id: str, *, limit: int, cursor: str | None = None) -> Page:
        invoices = (s.invoice for s in self._stored.values() if s.invoice.customer_id == customer_id)
        places = sorted(((place_of(invoice), invoice) for invoice in invoices), key=lambda p: p[0], reverse=True)
        after = place_at(cursor) if cursor else None
        rest = [(place, invoice) for place, invoice in places if after is None or place < after]
        more = len(rest) > limit
        return Page(
            invoices=tuple(invoice for _, invoice in rest[:limit]),
            cursor=cursor_at(rest[limit - 1][0]) if more else None,
        )


class MemoryAccounts:
    def __init__(self, invoices: MemoryInvoices) -> None:
        self._accounts: dict[tuple[str, str], Account] = {}
        self._invoices = invoices

    def touch(self, period: str, customer_id: str) -> None:
        account = self.find(period, customer_id)
        self._keep(replace(account, touched=account.touched + 1))

    def find(self, period: str, customer_id: str) -> Account:
        return self._accounts.get((period, customer_id), Account(period=period, customer_id=customer_id))

    def unsettled(self, period: str) -> Iterator[Account]:
        found = [a for a in self._accounts.values() if a.period == period and a.touched > a.closed]
        return iter(sorted(found, key=lambda account: account.customer_id))

    def close(self, account: Account, *, billed: Mapping[str, int], decision: Decision | None, now: datetime) -> None:
        there = self.find(account.period, account.customer_id)
        if there.closed != account.closed:
            raise Conflict(f"account {account.customer_id} of {account.period} was closed by somebody else")
        if decision:
            self._invoices.save(decision, over=None, now=now)
        self._keep(
            replace(
                there,
                closed=account.touched,
                billed=dict(billed),
                invoices=account.invoices + (decision is not None),
            )
        )

    def _keep(self, account: Account) -> None:
        self._accounts[account.period, account.customer_id] = account


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryBilling:
    """The whole service: `payments` and `usage` for consumers, `billing` for the API, `closing` for the schedule."""

    billing: Billing
    closing: PeriodClosing
    metering: Metering

    @property
    def payments(self) -> Handle:
        return self.billing.handle

    @property
    def usage(self) -> Together:
        return Together(self.metering.record)


def memory_billing(clock: Clock, on_change: OnChange, *, prices: PriceBook = PRICES) -> MemoryBilling:
    """The service on a store of its own. A second call is a second, empty company."""
    invoices = MemoryInvoices(on_change)
    accounts, ledger = MemoryAccounts(invoices), MemoryLedger()
    return MemoryBilling(
        billing=Billing(ledger=ledger, accounts=accounts, invoices=invoices, prices=prices, clock=clock),
        closing=PeriodClosing(ledger=ledger, accounts=accounts, prices=prices),
        metering=Metering(ledger=ledger, accounts=accounts, prices=prices, clock=clock),
    )
