"""What generated code calls things: by type and version, so that a later version changes no name that is in use."""

from __future__ import annotations

import re

from contracts.shapes import Contract


def class_name(contract: Contract) -> str:
    """`BillingInvoicePaidV1`."""
    return f"{_capitals(contract.type)}V{contract.version}"


def part_name(contract: Contract, part: str) -> str:
    """Of an object inside a payload: `BillingInvoiceIssuedV1InvoiceLine`."""
    return f"{class_name(contract)}{part}"


def function_name(contract: Contract) -> str:
    """`billingInvoicePaidV1`."""
    name = class_name(contract)
    return name[:1].lower() + name[1:]


def _capitals(type_: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", type_))
