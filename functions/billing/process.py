"""What billing does with a payment, and with a request. Events leave by the outbox: outcomes carry none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from events.catalog import IngestionPaymentFailed, IngestionPaymentSettled, payload_of
from events.envelope import CloudEvent, Problem
from functions.billing.domain import Decision, Invoice, Line, draft, fail, invoice_id, issue, settle, void
from functions.billing.periods import period_of
from functions.billing.ports import Accounts, Invoices, Page, UsageLedger
from functions.billing.rating import Charge, PriceBook
from runtime.clock import Clock
from runtime.errors import BusinessRuleViolated, Conflict, UnreadableMessage
from runtime.outcome import Outcome

#: Tries at read, decide, write before a conflict is left to the queue.
TRIES: Final = 4

APPLIED: Final = Outcome()
REPEATED: Final = Outcome(duplicate=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceOrder:
    """A request for an invoice. `key` is the client's name for it: one key, one invoice."""

    key: str
    customer_id: str
    currency: str
    lines: tuple[Line, ...]
    due_at: datetime | None = None


class KeyReused(BusinessRuleViolated):
    """The key of an order belongs to another order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A customer's usage in one period, rated as if it ended now. `billed` are units on invoices by meter."""

    customer_id: str
    period: str
    currency: str
    charges: tuple[Charge, ...]
    billed: Mapping[str, int]

    @property
    def amount(self) -> int:
        return sum(charge.amount for charge in self.charges)


class Billing:
    """The service, whatever it stores things in."""

    def __init__(
        self, *, ledger: UsageLedger, accounts: Accounts, invoices: Invoices, prices: PriceBook, clock: Clock
    ) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._invoices = invoices
        self._prices = prices
        self._clock = clock

    def handle(self, event: CloudEvent) -> Outcome:
        """Apply what a payment's event tells. Once is enough, and again changes nothing (see Handle)."""
        route = ROUTES.get(event.type)
        if route is None:
            raise UnreadableMessage([Problem("type", f"billing has no use for {event.type}")])
        return route(self, event, payload_of(event))

    def settle_payment(self, event: CloudEvent, payload: IngestionPaymentSettled) -> Outcome:
        return self._apply(payload.invoice_id, lambda invoice, now: settle(invoice, payload, cause=event, now=now))

    def fail_payment(self, event: CloudEvent, payload: IngestionPaymentFailed) -> Outcome:
        return self._apply(payload.invoice_id, lambda invoice, now: fail(invoice, payload, cause=event, now=now))

    def issue_invoice(self, order: InvoiceOrder) -> Invoice:
        """The invoice for an order, issued once however often the order is given on the same or the next day.

        Raises KeyReused when its key belongs to another order, and BusinessRuleViolated as `draft` does.
        """
        now = self._clock.now()
        earlier = self._invoices.find(_ordered_id(order, now - timedelta(days=1)))
        return _same(earlier.invoice, order) if earlier else self._issue(order, now)

    def void_invoice(self, id_: str) -> Invoice | None:
        """The invoice, void; None when there is none. Raises BusinessRuleViolated for a paid one."""
        decision = self._decide(id_, lambda invoice, now: void(invoice, now=now))
        return decision.invoice if decision else None

    def invoice(self, id_: str) -> Invoice | None:
        stored = self._invoices.find(id_)
        return stored.invoice if stored else None

    def invoices_of(self, customer_id: str, *, limit: int, cursor: str | None = None) -> Page:
        """See Invoices.of_customer."""
        return self._invoices.of_customer(customer_id, limit=limit, cursor=cursor)

    def usage(self, customer_id: str, period: str | None = None) -> Usage:
        """What a customer used in a period, by default the current one."""
        period = period or period_of(self._clock.now())
        totals = self._ledger.totals(customer_id, period)
        return Usage(
            customer_id=customer_id,
            period=period,
            currency=self._prices.currency,
            charges=self._prices.rate_all({}, totals),
            billed=self._accounts.find(period, customer_id).billed,
        )

    def _issue(self, order: InvoiceOrder, now: datetime) -> Invoice:
        new = draft(
            id=_ordered_id(order, now),
            customer_id=order.customer_id,
            currency=order.currency,
            lines=order.lines,
            due_at=order.due_at,
            now=now,
        )
        decision = issue(new, now=now)
        try:
            self._invoices.save(decision, over=None, now=now)
        except Conflict:
            there = self._invoices.find(new.id)
            if there is None:
                raise
            return _same(there.invoice, order)
        return decision.invoice

    def _apply(self, id_: str, decide: Callable[[Invoice, datetime], Decision]) -> Outcome:
        decision = self._decide(id_, decide)
        if decision is None:
            raise BusinessRuleViolated(f"there is no invoice {id_}")
        return REPEATED if decision.repeated else APPLIED

    def _decide(self, id_: str, decide: Callable[[Invoice, datetime], Decision]) -> Decision | None:
        """Read, decide, write, and from the start when somebody else was faster. Raises Conflict after TRIES."""
        for _ in range(TRIES - 1):
            with suppress(Conflict):
                return self._attempt(id_, decide)
        return self._attempt(id_, decide)

    def _attempt(self, id_: str, decide: Callable[[Invoice, datetime], Decision]) -> Decision | None:
        stored = self._invoices.find(id_)
        if stored is None:
            return None
        now = self._clock.now()
        decision = decide(stored.invoice, now)
        if decision.invoice != stored.invoice:
            self._invoices.save(decision, over=stored, now=now)
        return decision


def _ordered_id(order: InvoiceOrder, day: datetime) -> str:
    return invoice_id(day, "order", order.key)


def _same(invoice: Invoice, order: InvoiceOrder) -> Invoice:
    asked = (order.customer_id, order.currency, order.lines, order.due_at)
    if (invoice.customer_id, invoice.currency, invoice.lines, invoice.due_at) != asked:
        raise KeyReused(f"the key {order.key!r} belongs to another request, which gave {invoice.id}")
    return invoice


#: A payment's event type -> what billing does with it.
ROUTES: Final[Mapping[str, Callable[[Billing, CloudEvent, Any], Outcome]]] = MappingProxyType(
    {
        IngestionPaymentSettled.type: Billing.settle_payment,
        IngestionPaymentFailed.type: Billing.fail_payment,
    }
)
