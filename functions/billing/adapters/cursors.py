"""The place of an invoice in a customer's listing, and the opaque text that clients get of it."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC
from typing import Final

from functions.billing.domain import Invoice
from functions.billing.ports import InvalidCursor

_PLACE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z#[A-Za-z0-9_.:\-]{1,128}", re.ASCII)


def place_of(invoice: Invoice) -> str:
    """Sorts like the invoices were created; those of one moment by id."""
    return f"{invoice.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}#{invoice.id}"


def cursor_at(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def place_at(cursor: str) -> str:
    """Raises InvalidCursor."""
    try:
        place = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError) as error:
        raise InvalidCursor(cursor) from error
    if not _PLACE.fullmatch(place):
        raise InvalidCursor(cursor)
    return place


def invoice_id_at(place: str) -> str:
    return place.partition("#")[2]
