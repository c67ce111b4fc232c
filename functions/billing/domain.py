"""Invoices and what may happen to them. Decisions only: values in, values and events out.

    draft ──issue──► issued ─────────settle────────► paid
                       └──fail──► payment_failed ──settle──┘

and from draft, issued and payment_failed: ──void──► void. `MOVES` is this picture as data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Literal

from events.catalog import (
    BillingInvoiceIssued,
    BillingInvoicePaid,
    BillingInvoicePaymentFailed,
    IngestionPaymentFailed,
    IngestionPaymentSettled,
    InvoiceLine,
    caused_by,
    initial,
)
from events.envelope import CloudEvent, derived_id, format_time
from events.money import format_money
from functions.billing.manifest import SOURCE
from functions.billing.rating import Charge
from runtime.errors import BusinessRuleViolated

#: The largest integer that every JSON reader keeps exact.
MAX_EXACT: Final = 2**53 - 1
#: Invoices for usage are due this long after they are issued.
PAYMENT_TERM: Final = timedelta(days=14)
#: Marks of applied events that an invoice keeps; the oldest go first.
MAX_MARKS: Final = 1_000


class State(StrEnum):
    DRAFT = "draft"
    ISSUED = "issued"
    PAID = "paid"
    PAYMENT_FAILED = "payment_failed"
    VOID = "void"


Action = Literal["issue", "settle", "fail", "void"]
Payment = IngestionPaymentSettled | IngestionPaymentFailed

#: Every move that there is. What is not here is against the rules.
MOVES: Final[Mapping[tuple[Action, State], State]] = MappingProxyType(
    {
        ("issue", State.DRAFT): State.ISSUED,
        ("settle", State.ISSUED): State.PAID,
        ("settle", State.PAYMENT_FAILED): State.PAID,
        ("fail", State.ISSUED): State.PAYMENT_FAILED,
        ("fail", State.PAYMENT_FAILED): State.PAYMENT_FAILED,
        ("void", State.DRAFT): State.VOID,
        ("void", State.ISSUED): State.VOID,
        ("void", State.PAYMENT_FAILED): State.VOID,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`amount` is for the whole quantity; `unit_amount` is unknown where units are priced by a price book."""

    description: str
    quantity: int
    amount: int
    unit_amount: int | None = None
    meter: str | None = None

    @classmethod
    def priced(cls, description: str, *, quantity: int, unit_amount: int) -> Line:
        return cls(description=description, quantity=quantity, amount=quantity * unit_amount, unit_amount=unit_amount)

    @classmethod
    def of(cls, charge: Charge) -> Line:
        return cls(description=charge.description, quantity=charge.quantity, amount=charge.amount, meter=charge.meter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """One customer's debt. `applied` maps the marks of events that changed it to when they did."""

    id: str
    customer_id: str
    currency: str
    lines: tuple[Line, ...]
    created_at: datetime
    state: State = State.DRAFT
    period: str | None = None
    due_at: datetime | None = None
    issued_at: datetime | None = None
    paid_at: datetime | None = None
    voided_at: datetime | None = None
    payment_id: str | None = None
    failure_reason: str | None = None
    applied: Mapping[str, str] = field(default_factory=dict)

    @property
    def amount(self) -> int:
        """Minor units of the currency."""
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What an invoice becomes, and the events that say so. Both are stored in one write, or neither is.

    `repeated` says that the cause was applied before, and so changes nothing now.
    """

    invoice: Invoice
    events: tuple[CloudEvent, ...] = ()
    repeated: bool = False


def invoice_id(day: datetime, *parts: str | int) -> str:
    """`inv_20260520_1f0c…`: the same parts on one day always give the same id."""
    return f"inv_{day:%Y%m%d}_{derived_id('invoice', *parts)[:20]}"


def draft(
    *,
    id: str,  # noqa: A002 - the field's own name
    customer_id: str,
    currency: str,
    lines: tuple[Line, ...],
    now: datetime,
    period: str | None = None,
    due_at: datetime | None = None,
) -> Invoice:
    """An invoice that nobody owes yet. Raises BusinessRuleViolated without lines, or for inexactly large numbers."""
    invoice = Invoice(
        id=id, customer_id=customer_id, currency=currency, lines=lines, created_at=now, period=period, due_at=due_at
    )
    if not lines:
        raise BusinessRuleViolated("an invoice needs at least one line")
    if max(invoice.amount, *(line.quantity for line in lines)) > MAX_EXACT:
        raise BusinessRuleViolated(f"quantities and the amount of an invoice are at most {MAX_EXACT}")
    return invoice


def issue(invoice: Invoice, *, now: datetime, cause: CloudEvent | None = None) -> Decision:
    """The customer owes it from now on. The event's id follows from the invoice's, whatever message was the cause."""
    issued = _moved(invoice, "issue", issued_at=now)
    payload = BillingInvoiceIssued(
        invoice_id=issued.id,
        customer_id=issued.customer_id,
        amount=issued.amount,
        currency=issued.currency,
        period=issued.period,
        due_at=issued.due_at,
        lines=tuple(_public(line) for line in issued.lines),
    )
    id_ = derived_id(payload.type, issued.id)
    event = initial(payload, id=id_, source=SOURCE, time=now, subject=issued.id)
    return Decision(invoice=issued, events=(event if cause is None else event.because_of(cause),))


def settle(invoice: Invoice, payment: IngestionPaymentSettled, *, cause: CloudEvent, now: datetime) -> Decision:
    """Paid in full, by the time that the payment's event names.

    Raises BusinessRuleViolated for another amount or currency, and for an invoice that is void or was
    paid by another payment: a person has to pay back.
    """
    if _is_applied(invoice, cause) or (invoice.state is State.PAID and invoice.payment_id == payment.payment_id):
        return Decision(invoice=invoice, repeated=True)
    _check_money(invoice, payment)
    paid_at = cause.occurred_at or now
    paid = _moved(invoice, "settle", paid_at=paid_at, payment_id=payment.payment_id, failure_reason=None)
    payload = BillingInvoicePaid(
        invoice_id=paid.id,
        customer_id=paid.customer_id,
        amount=paid.amount,
        currency=paid.currency,
        payment_id=payment.payment_id,
        paid_at=paid_at,
    )
    return _caused(paid, payload, cause=cause, now=now)


def fail(invoice: Invoice, payment: IngestionPaymentFailed, *, cause: CloudEvent, now: datetime) -> Decision:
    """A try to pay did not go through; the invoice is still owed.

    Events come in any order: the failure of a try changes nothing once the invoice is paid or void.
    Raises BusinessRuleViolated for another amount or currency.
    """
    if _is_applied(invoice, cause):
        return Decision(invoice=invoice, repeated=True)
    _check_money(invoice, payment)
    if invoice.state in (State.PAID, State.VOID):
        return Decision(invoice=invoice)
    failed = _moved(invoice, "fail", failure_reason=payment.reason)
    payload = BillingInvoicePaymentFailed(
        invoice_id=failed.id,
        customer_id=failed.customer_id,
        amount=failed.amount,
        currency=failed.currency,
        reason=payment.reason,
        payment_id=payment.payment_id,
    )
    return _caused(failed, payload, cause=cause, now=now)


def void(invoice: Invoice, *, now: datetime) -> Decision:
    """Nobody owes it any more, and the usage on it is waived: no later invoice charges for it again.

    Voiding it again changes nothing. Raises BusinessRuleViolated for a paid invoice.
    """
    if invoice.state is State.VOID:
        return Decision(invoice=invoice)
    return Decision(invoice=_moved(invoice, "void", voided_at=now))


def _moved(invoice: Invoice, action: Action, **changes: Any) -> Invoice:
    target = MOVES.get((action, invoice.state))
    if target is None:
        raise BusinessRuleViolated(f"invoice {invoice.id} is {invoice.state}: it cannot {_TELLING[action]}")
    return replace(invoice, state=target, **changes)


_TELLING: Final[Mapping[Action, str]] = MappingProxyType(
    {"issue": "be issued", "settle": "be paid", "fail": "have a payment fail", "void": "be voided"}
)


def _check_money(invoice: Invoice, payment: Payment) -> None:
    if (payment.amount, payment.currency) != (invoice.amount, invoice.currency):
        owed, offered = (format_money(m.amount, m.currency) for m in (invoice, payment))
        raise BusinessRuleViolated(f"payment {payment.payment_id} is {offered}, but invoice {invoice.id} is {owed}")


def _caused(
    invoice: Invoice, payload: BillingInvoicePaid | BillingInvoicePaymentFailed, *, cause: CloudEvent, now: datetime
) -> Decision:
    newest = sorted(invoice.applied.items(), key=lambda item: item[1])[1 - MAX_MARKS :]
    marked = replace(invoice, applied={**dict(newest), _mark(cause): format_time(now)})
    return Decision(invoice=marked, events=(caused_by(cause, payload, source=SOURCE, time=now, subject=invoice.id),))


def _is_applied(invoice: Invoice, cause: CloudEvent) -> bool:
    return _mark(cause) in invoice.applied


def _mark(event: CloudEvent) -> str:
    return derived_id(event.source, event.id)


def _public(line: Line) -> InvoiceLine:
    return InvoiceLine(description=line.description, quantity=line.quantity, amount=line.amount, meter=line.meter)
