"""Every event type and version there is: one frozen payload model each.

The models are the only hand-written contract; `schemas/` is derived from them. The newest version of a type has the
plain name; an older one that is still read has its number behind it (see events.upcasting).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import Field, ValidationError

from events.envelope import CloudEvent, InvalidEvent, Problem, problems_in
from events.money import Currency, MinorUnits
from events.payload import (
    EmailAddress,
    Identifier,
    Moment,
    Name,
    Open,
    Payload,
    Period,
    Quantity,
    Reason,
    Total,
    WebUrl,
    caused_by,
    initial,
)
from events.upcasting import upcast
from events.versions import (
    Deprecated,
    Retired,
    UnknownEvent,
    dataschema,
    retired,
    unknown_type,
    unknown_version,
    version_of,
)

#: What the catalog is made with, for those who use the catalog.
__all__ = [
    "Identifier",
    "Moment",
    "Name",
    "Payload",
    "Period",
    "UnknownEvent",
    "caused_by",
    "dataschema",
    "initial",
    "version_of",
]


class _Usage(Payload):
    customer_id: Identifier
    meter: Identifier = Field(description="what was used, such as api_calls")
    quantity: Quantity
    used_at: Moment = Field(description="when it was used; it decides the billing period")


class PartnerUsageReported(_Usage):
    """A partner's system reports usage."""

    type = "partner.usage.reported"
    produced_elsewhere = True


class IngestionUsageRecorded(_Usage):
    """Usage was checked and accepted."""

    type = "ingestion.usage.recorded"


class _Payment(Payload):
    payment_id: Identifier
    invoice_id: Identifier
    amount: MinorUnits
    currency: Currency


class PartnerPaymentSettled(_Payment):
    """A payment provider says that money arrived."""

    type = "partner.payment.settled"
    produced_elsewhere = True


class IngestionPaymentSettled(_Payment):
    """A settled payment was checked and accepted."""

    type = "ingestion.payment.settled"


class _FailedPayment(_Payment):
    reason: Reason


class PartnerPaymentFailed(_FailedPayment):
    """A payment provider says that a payment did not go through."""

    type = "partner.payment.failed"
    produced_elsewhere = True


class IngestionPaymentFailed(_FailedPayment):
    """A failed payment was checked and accepted."""

    type = "ingestion.payment.failed"


class FieldProblem(Open):
    field: str
    message: str


class IngestionRecordRejected(Payload):
    """A record that came over the bus could not be accepted; nothing will retry it."""

    type = "ingestion.record.rejected"
    consumed_elsewhere = True

    reason: Reason
    problems: tuple[FieldProblem, ...] = ()
    record_type: str | None = None
    record_source: str | None = None
    record_id: str | None = None
    record: str = Field(description="the message as it came, cut at 64 KiB", max_length=65536)


class InvoiceLine(Open):
    description: Name
    quantity: Total
    amount: MinorUnits
    meter: Identifier | None = None


class _Invoice(Payload):
    invoice_id: Identifier
    customer_id: Identifier
    amount: MinorUnits
    currency: Currency


class BillingInvoiceIssued(_Invoice):
    """An invoice is owed."""

    type = "billing.invoice.issued"

    period: Period | None = None
    due_at: Moment | None = None
    lines: tuple[InvoiceLine, ...] = ()


class BillingInvoicePaid(_Invoice):
    """An invoice was paid in full."""

    type = "billing.invoice.paid"

    payment_id: Identifier | None = None
    paid_at: Moment | None = None


class BillingInvoicePaymentFailed(_Invoice):
    """A payment for an invoice failed; the invoice is still owed."""

    type = "billing.invoice.payment_failed"

    reason: Reason
    payment_id: Identifier | None = None


class Channels(Open):
    """The ways to reach a customer; each that is given is used. One more is one more optional member here."""

    email: EmailAddress | None = None
    webhook_url: WebUrl | None = None


class CustomerContactUpdated(Payload):
    """The CRM's whole contact record of one customer; the newest by the event's `time` stands."""

    type = "customer.contact.updated"
    version = 2
    produced_elsewhere = True

    customer_id: Identifier
    name: Name
    channels: Channels


class CustomerContactUpdatedV1(Payload):
    """The CRM's whole contact record of one customer; the newest by the event's `time` stands."""

    type = "customer.contact.updated"
    lifecycle = Deprecated(since=date(2026, 11, 27), sunset=date(2027, 11, 27))
    produced_elsewhere = True

    customer_id: Identifier
    name: Name
    email: EmailAddress | None = None
    webhook_url: WebUrl | None = None


class _Message(Payload):
    message_id: Identifier
    customer_id: Identifier
    channel: Annotated[str, Field(pattern=r"^[a-z]+$", description="email or webhook")]
    template: str = Field(description="the event type that the message is about")
    about_id: str = Field(description="the `id` of the event that the message is about")
    about_source: str = Field(description="the `source` of the event that the message is about")


class NotificationMessageSent(_Message):
    """A message was handed over to the mail service or accepted by the customer's endpoint."""

    type = "notification.message.sent"
    consumed_elsewhere = True

    provider_id: str | None = None


class NotificationMessageFailed(_Message):
    """A message was refused for good; nothing will retry it."""

    type = "notification.message.failed"
    consumed_elsewhere = True

    reason: Reason


def _models(root: type[Payload]) -> list[type[Payload]]:
    return [m for c in root.__subclasses__() for m in ([c] if "type" in vars(c) else _models(c))]


#: (type, version) -> payload model.
CATALOG: Final[Mapping[tuple[str, int], type[Payload]]] = MappingProxyType(
    {(model.type, model.version): model for model in _models(Payload)}
)
TYPES: Final = frozenset(type_ for type_, _ in CATALOG)
#: type -> the newest version's model.
NEWEST: Final[Mapping[str, type[Payload]]] = MappingProxyType(
    {type_: CATALOG[type_, v] for type_, v in sorted(CATALOG)}
)


def readable_versions(type_: str) -> tuple[int, ...]:
    """The versions of a type that are read, oldest first: those that are not retired."""
    versions = sorted(version for known, version in CATALOG if known == type_)
    return tuple(v for v in versions if not isinstance(CATALOG[type_, v].lifecycle, Retired))


def payload_of(event: CloudEvent) -> Payload:
    """The event's data as its type's newest model, whatever version it came in.

    Raises UnknownEvent for a type or version that the catalog lacks or has retired, and InvalidEvent naming each
    field (`data.amount`), in the words of the event's own version, for data that does not fit.
    """
    version = version_of(event)
    newest = NEWEST.get(event.type)
    if newest is None:
        raise unknown_type(event)
    model = CATALOG.get((event.type, version))
    if model is None:
        raise unknown_version(event, readable_versions(event.type), newest=newest.version)
    if isinstance(model.lifecycle, Retired):
        raise retired(event, model.lifecycle, newest=newest.version)
    payload = _fitted(model, event.data)
    return (
        payload if model is newest else _fitted(newest, upcast(payload.to_data(), event.type, version, newest.version))
    )


def _fitted(model: type[Payload], data: object) -> Payload:
    if not isinstance(data, dict):
        raise InvalidEvent([Problem("data", "must be a JSON object")])
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InvalidEvent(problems_in(error, under="data")) from error
