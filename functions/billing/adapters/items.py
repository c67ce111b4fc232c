"""Billing's values as DynamoDB items, and back.

| item    | pk                            | sk                   |
|---------|-------------------------------|----------------------|
| usage   | USAGE#<customer_id>#<period>  | <source>#<id>        |
| account | PERIOD#<period>#<shard>       | CUSTOMER#<id>        |
| invoice | INVOICE#<id>                  | INVOICE              |

Accounts lay in PERIOD#<period> before they were spread: what is there still is read, and moved by the next close.
Invoices alone have gsi1pk (CUSTOMER#<id>) and gsi1sk (creation time and id): the index `by-customer`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from events.envelope import derived_id, format_time, parse_time
from functions.billing.adapters import attributes
from functions.billing.adapters.cursors import place_of
from functions.billing.domain import Invoice, Line, State
from functions.billing.due import UNSPREAD, shard_of
from functions.billing.ports import Account, Stored, Tally, UsageRecord
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


def shard_pk(period: str, shard: str) -> str:
    return f"PERIOD#{period}#{shard}" if shard else f"PERIOD#{period}"


def account_key(period: str, customer_id: str) -> Item:
    return key_in(shard_of(customer_id), period, customer_id)


def unspread_key(period: str, customer_id: str) -> Item:
    return key_in(UNSPREAD, period, customer_id)


def key_in(shard: str, period: str, customer_id: str) -> Item:
    return packed({"pk": shard_pk(period, shard), "sk": f"CUSTOMER#{customer_id}"})


def account_of(item: Mapping[str, Any]) -> Account:
    """What one item says: of an account in its shard, or of its unspread part."""
    members = unpacked(item)
    return Account(
        period=members["pk"].split("#")[1],
        customer_id=members["sk"].partition("#")[2],
        touched=int(members.get("touched", 0)),
        closed=int(members.get("closed", 0)),
        billed=_units(members.get("billed", {})),
        invoices=int(members.get("invoices", 0)),
        tally=_tally(members.get("tally")),
    )


def together(account: Account, unspread: Account) -> Account:
    """An account of which a part is still unspread. Of what both have billed, the most is right: none bills less."""
    meters = {**unspread.billed, **account.billed}
    return replace(
        account,
        touched=account.touched + unspread.touched,
        closed=account.closed + unspread.closed,
        billed={m: max(account.billed.get(m, 0), unspread.billed.get(m, 0)) for m in meters},
        invoices=account.invoices + unspread.invoices,
        unspread=(unspread.touched, unspread.closed),
    )


def tally_item(tally: Tally) -> Any:
    return {"touched": tally.touched, "units": dict(tally.units), "upto": tally.after}


def _tally(members: Mapping[str, Any] | None) -> Tally | None:
    if members is None:
        return None
    return Tally(touched=int(members["touched"]), units=_units(members["units"]), after=members["upto"])


def _units(members: Mapping[str, Any]) -> dict[str, int]:
    return {meter: int(units) for meter, units in members.items()}


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
