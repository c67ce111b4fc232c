"""Billing's values as DynamoDB items, and back.

| item    | pk                            | sk                   |
|---------|-------------------------------|----------------------|
| usage   | USAGE#<customer_id>#<period>  | <source>#<id>        |
| account | PERIOD#<period>               | CUSTOMER#<id>        |
| invoice | INVOICE#<id>                  | INVOICE              |

Invoices alone have gsi1pk (CUSTOMER#<id>) and gsi1sk (creation time and id): the index `by-customer`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from events.envelope import derived_id, format_time, parse_time
from functions.billing.adapters import attributes
from functions.billing.adapters.cursors import place_of
from functions.billing.domain import Invoice, Line, State
from functions.billing.ports import Account, Stored, UsageRecord
from runtime.outbox import ATTRIBUTE as OUTBOX

Item = dict[str, Any]

INVOICE_SK: Final = "INVOICE"

#: DynamoDB's limit for a sort key is 1,024 bytes.
_MAX_SORT_KEY: Final = 1_024


def packed(members: Mapping[str, Any]) -> Item:
    """Attribute values as the low-level client wants them. Absent (None) members are left out."""
    return {name: attributes.packed(value) for name, value in members.items() if value is not None}


def unpacked(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: attributes.unpacked(value) for name, value in item.items()}


def usage_pk(customer_id: str, period: str) -> str:
    return f"USAGE#{customer_id}#{period}"


def usage_sk(source: str, id: str) -> str:  # noqa: A002 - the attribute's own name
    """No two identities share one: `#` is escaped inside the parts, and only a digest starts with it."""
    plain = f"{quote(source, safe=':/')}#{quote(id, safe=':/')}"
    return plain if len(plain) <= _MAX_SORT_KEY else f"#{derived_id(source, id)}"


def usage_item(usage: UsageRecord) -> Item:
    return packed(
        {
            "pk": usage_pk(usage.customer_id, usage.period),
            "sk": usage_sk(usage.source, usage.id),
            "source": usage.source,
            "id": usage.id,
            "meter": usage.meter,
            "quantity": usage.quantity,
            "used_at": format_time(usage.used_at),
        }
    )


def account_key(period: str, customer_id: str) -> Item:
    return packed({"pk": f"PERIOD#{period}", "sk": f"CUSTOMER#{customer_id}"})


def account_of(item: Mapping[str, Any]) -> Account:
    members = unpacked(item)
    return Account(
        period=members["pk"].partition("#")[2],
        customer_id=members["sk"].partition("#")[2],
        touched=int(members["touched"]),
        closed=int(members.get("closed", 0)),
        billed={meter: int(units) for meter, units in members.get("billed", {}).items()},
        invoices=int(members.get("invoices", 0)),
    )


def invoice_key(invoice_id: str) -> Item:
    return packed({"pk": f"INVOICE#{invoice_id}", "sk": INVOICE_SK})


def customer_pk(customer_id: str) -> str:
    return f"CUSTOMER#{customer_id}"


def invoice_item(stored: Stored) -> Item:
    invoice = stored.invoice
    return invoice_key(invoice.id) | packed(
        {
            "gsi1pk": customer_pk(invoice.customer_id),
            "gsi1sk": place_of(invoice),
            "id": invoice.id,
            "customer_id": invoice.customer_id,
            "currency": invoice.currency,
            "amount": invoice.amount,
            "state": invoice.state.value,
            "lines": [{k: v for k, v in asdict(line).items() if v is not None} for line in invoice.lines],
            "period": invoice.period,
            **{name: _text(getattr(invoice, name)) for name in _TIMES},
            "payment_id": invoice.payment_id,
            "failure_reason": invoice.failure_reason,
            "applied": dict(invoice.applied),
            "version": stored.version,
            OUTBOX: list(stored.outbox),
        }
    )


def stored_of(item: Mapping[str, Any]) -> Stored:
    """From a whole item, or from what the index projects of it: there `applied` and the outbox may be missing."""
    members = unpacked(item)
    invoice = Invoice(
        id=members["id"],
        customer_id=members["customer_id"],
        currency=members["currency"],
        state=State(members["state"]),
        lines=tuple(_line(line) for line in members["lines"]),
        period=members.get("period"),
        payment_id=members.get("payment_id"),
        failure_reason=members.get("failure_reason"),
        applied=members.get("applied", {}),
        **{name: parse_time(members[name]) for name in _TIMES if name in members},
    )
    return Stored(invoice=invoice, version=int(members["version"]), outbox=tuple(members.get(OUTBOX, ())))


_TIMES: Final = ("created_at", "issued_at", "due_at", "paid_at", "voided_at")


def _text(moment: datetime | None) -> str | None:
    return format_time(moment) if moment else None


def _line(members: Mapping[str, Any]) -> Line:
    unit_amount = members.get("unit_amount")
    return Line(
        description=members["description"],
        quantity=int(members["quantity"]),
        amount=int(members["amount"]),
        unit_amount=None if unit_amount is None else int(unit_amount),
        meter=members.get("meter"),
    )
