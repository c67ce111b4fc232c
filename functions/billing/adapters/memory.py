"""Billing's store in memory: the twin of dynamodb.py. For one thread."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from events.envelope import CloudEvent
from functions.billing.adapters.cursors import cursor_at, place_at, place_of
from functions.billing.closing import PeriodClosing
from functions.billing.domain import Decision
from functions.billing.due import Place, shard_of
from functions.billing.manifest import ACCOUNT_SECONDS
from functions.billing.metering import Metering
from functions.billing.ports import Account, AccountPage, LedgerPage, Page, Stored, Tally, UsageRecord
from functions.billing.prices import PRICES
from functions.billing.process import Billing
from functions.billing.rating import PriceBook
from runtime.clock import Clock
from runtime.errors import Conflict, InFlightElsewhere, TransientError
from runtime.outbox import Change, extended
from runtime.outcome import Handle, Together
from runtime.tracing import begun_here

#: Called after each write of an item with an outbox, as a table's stream would tell of it.
OnChange = Callable[[Change], None]


class MemoryLedger:
    """`page` is how many entries a page has at most."""

    def __init__(self, *, page: int = 1_000) -> None:
        self._page = page
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

    def pages(self, customer_id: str, period: str, *, after: str | None = None) -> Iterator[LedgerPage]:
        entries = self._entries.get((customer_id, period), {})
        left = sorted(
            (place, entries[identity]) for identity in entries if (place := json.dumps(identity)) > (after or "")
        )
        return iter(
            [
                self._paged(left[at : at + self._page], last=at + self._page >= len(left))
                for at in range(0, len(left), self._page)
            ]
        )

    def _paged(self, entries: Sequence[tuple[str, UsageRecord]], *, last: bool) -> LedgerPage:
        units = Counter[str]()
        for _, usage in entries:
            units[usage.meter] += usage.quantity
        return LedgerPage(units=units, after=None if last else entries[-1][0])


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

    def unsettled(self, shard: str, periods: Sequence[str], *, after: Place | None = None) -> Iterator[AccountPage]:
        """A page of each period. No account was ever here before they were spread."""
        found = sorted((a for a in self._accounts.values() if shard_of(a.customer_id) == shard), key=_in_order)
        first = (after.period, after.customer_id) if after else ("", "")
        left = [a for a in found if not a.is_settled and a.period in periods and _in_order(a) > first]
        return iter([AccountPage(accounts=tuple(accounts)) for _, accounts in groupby(left, lambda a: a.period)])

    def keep(self, account: Account, tally: Tally) -> None:
        there = self.find(account.period, account.customer_id)
        if (there.closed, there.tally) != (account.closed, account.tally):
            raise InFlightElsewhere(
                f"account {account.customer_id} of {account.period} is added up elsewhere, or closed"
            )
        self._keep(replace(there, tally=tally))

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
                tally=None,
            )
        )

    def _keep(self, account: Account) -> None:
        self._accounts[account.period, account.customer_id] = account


def _in_order(account: Account) -> tuple[str, str]:
    return (account.period, account.customer_id)


class MemoryAgenda:
    """Hands each message's body to `deliver`, which raises TransientError for what it does not take."""

    def __init__(self, deliver: Callable[[str], None]) -> None:
        self._deliver = deliver

    def add(self, due: Sequence[CloudEvent]) -> None:
        for event in due:
            self._deliver(begun_here(event).to_json())


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryBilling:
    """The whole service: `payments`, `usage` and `due` for its consumers, `billing` for its API, `closing` for its
    schedule. What is due waits in `agenda`.
    """

    agenda: list[str]
    accounts: MemoryAccounts
    billing: Billing
    closing: PeriodClosing
    metering: Metering

    @property
    def payments(self) -> Handle:
        return self.billing.handle

    @property
    def usage(self) -> Together:
        return Together(self.metering.record)

    @property
    def due(self) -> Handle:
        return self.closing.handle


def memory_billing(
    clock: Clock,
    on_change: OnChange,
    *,
    prices: PriceBook = PRICES,
    page: int = 1_000,
    seconds: float = ACCOUNT_SECONDS,
) -> MemoryBilling:
    """The service on a store of its own. A second call is a second, empty company. `page` is MemoryLedger's, `seconds`
    PeriodClosing's.
    """
    agenda: list[str] = []
    invoices = MemoryInvoices(on_change)
    accounts, ledger = MemoryAccounts(invoices), MemoryLedger(page=page)
    return MemoryBilling(
        agenda=agenda,
        accounts=accounts,
        billing=Billing(ledger=ledger, accounts=accounts, invoices=invoices, prices=prices, clock=clock),
        closing=PeriodClosing(
            ledger=ledger,
            accounts=accounts,
            agenda=MemoryAgenda(agenda.append),
            prices=prices,
            clock=clock,
            seconds=seconds,
        ),
        metering=Metering(ledger=ledger, accounts=accounts, prices=prices, clock=clock),
    )
