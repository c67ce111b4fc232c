"""What the API takes and gives, as JSON documents. The OpenAPI document is built from these models."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from events.catalog import Identifier, Moment, Name, Period
from events.envelope import format_time
from events.money import Currency, MinorUnits
from functions.billing.domain import Invoice, Line
from functions.billing.ports import Page
from functions.billing.process import InvoiceOrder, Usage

MAX_LINES = 100
MAX_PAGE = 100
DEFAULT_PAGE = 25

IdempotencyKey = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")]
Instant = Annotated[
    datetime,
    PlainSerializer(format_time, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must be between the years 1 and 9999 in UTC") from error


Positive = Annotated[int, Field(strict=True, ge=1, le=2**53 - 1)]


class _Asked(BaseModel):
    """Strict about what it does not know: a misspelt field must not be ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NewLine(_Asked):
    """`quantity` things at `unit_amount` minor units each."""

    description: Name
    quantity: Positive
    unit_amount: MinorUnits


class NewInvoice(_Asked):
    """An invoice to issue at once."""

    customer_id: Identifier
    currency: Currency
    lines: tuple[NewLine, ...] = Field(min_length=1, max_length=MAX_LINES)
    due_at: Annotated[Moment, AfterValidator(_in_utc)] | None = Field(
        default=None, description="without it, the invoice is due when it is issued"
    )

    def to_order(self, key: str) -> InvoiceOrder:
        return InvoiceOrder(
            key=key,
            customer_id=self.customer_id,
            currency=self.currency,
            lines=tuple(
                Line.priced(line.description, quantity=line.quantity, unit_amount=line.unit_amount)
                for line in self.lines
            ),
            due_at=self.due_at,
        )


class RequestHeaders(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True)

    idempotency_key: IdempotencyKey = Field(alias="Idempotency-Key")


class InvoiceQuery(_Asked):
    customer_id: Identifier
    limit: int = Field(default=DEFAULT_PAGE, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(default=None, min_length=1, max_length=512)


class UsageQuery(_Asked):
    period: Period | None = Field(default=None, description="a UTC calendar month; by default the current one")


class _Given(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True)


class InvoiceLineDocument(_Given):
    """`amount` is for the whole quantity. Lines for usage name the meter and have no unit amount."""

    description: str
    quantity: int
    amount: MinorUnits
    unit_amount: MinorUnits | None = None
    meter: str | None = None


class InvoiceDocument(_Given):
    """An invoice as it is now. Moments that have not come are absent."""

    id: str
    customer_id: str
    state: Literal["draft", "issued", "paid", "payment_failed", "void"]
    amount: MinorUnits
    currency: Currency
    lines: tuple[InvoiceLineDocument, ...]
    period: Period | None = None
    created_at: Instant
    issued_at: Instant | None = None
    due_at: Instant | None = None
    paid_at: Instant | None = None
    voided_at: Instant | None = None
    payment_id: str | None = None
    failure_reason: str | None = None

    @classmethod
    def of(cls, invoice: Invoice) -> Self:
        return cls.model_validate(invoice, from_attributes=True)


class InvoicePage(_Given):
    """Invoices, newest first. `next_cursor` opens the next page; without it, this is the last."""

    invoices: tuple[InvoiceDocument, ...]
    next_cursor: str | None = None

    @classmethod
    def of(cls, page: Page) -> Self:
        return cls(invoices=tuple(InvoiceDocument.of(invoice) for invoice in page.invoices), next_cursor=page.cursor)


class MeterUsage(_Given):
    """`amount` is what the quantity costs by the price book of today, `billed_quantity` what is on invoices."""

    meter: str
    description: str
    quantity: int
    amount: MinorUnits
    billed_quantity: int


class UsageDocument(_Given):
    """A customer's usage in one period, rated as if the period ended now."""

    customer_id: str
    period: Period
    currency: Currency
    amount: MinorUnits
    meters: tuple[MeterUsage, ...]

    @classmethod
    def of(cls, usage: Usage) -> Self:
        return cls(
            customer_id=usage.customer_id,
            period=usage.period,
            currency=usage.currency,
            amount=usage.amount,
            meters=tuple(
                MeterUsage(
                    meter=charge.meter,
                    description=charge.description,
                    quantity=charge.quantity,
                    amount=charge.amount,
                    billed_quantity=usage.billed.get(charge.meter, 0),
                )
                for charge in usage.charges
            ),
        )
