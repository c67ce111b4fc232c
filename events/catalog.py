"""Every event type and version there is: one frozen payload model each.

The models are the only hand-written contract; `schemas/` is derived from them. Readers are tolerant:
fields a model does not know are carried along, never dropped and never an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    Strict,
    ValidationError,
    model_serializer,
)

from events.envelope import CloudEvent, InvalidEvent, Problem, format_time, parse_time, problems_in
from events.money import Currency, MinorUnits

_SCHEMA: Final = "urn:breakwater:schema:{type}:v{version}"
_SCHEMA_VERSION: Final = re.compile(r"urn:breakwater:schema:(?P<type>.+):v(?P<version>[1-9]\d*)", re.ASCII)


_PLAIN: Final = r"^[^\x00-\x1f\x7f]*$"
#: Deliverability is the mail server's to judge; this keeps out what could never be an address.
_E_MAIL: Final = r"^[^@\s\x00-\x1f,;<>\"]{1,64}@[^@\s\x00-\x1f,;<>\"]+\.[^@\s\x00-\x1f,;<>\".]+$"


def _no_control_characters(value: str) -> str:
    if not re.fullmatch(_PLAIN, value):
        raise ValueError("must not contain control characters")
    return value


def _e_mail(value: str) -> str:
    if not re.fullmatch(_E_MAIL, value):
        raise ValueError("must be an e-mail address, such as ada@example.com")
    return value


def _moment(value: object) -> object:
    return parse_time(value) if isinstance(value, str) else value


# Each type, or a field of its own, brings an example: contracts/examples.py makes events of them.
Moment = Annotated[AwareDatetime, BeforeValidator(_moment), Strict(), Field(examples=["2026-05-20T14:30:00Z"])]
Identifier = Annotated[str, Field(strict=True, min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:\-]*$")]
Name = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=200, json_schema_extra={"pattern": _PLAIN}, examples=["Ada Lovelace"]),
    AfterValidator(_no_control_characters),
]
Reason = Annotated[str, Field(strict=True, min_length=1, max_length=1000, examples=["card declined"])]
EmailAddress = Annotated[
    str,
    Field(strict=True, max_length=254, json_schema_extra={"pattern": _E_MAIL}, examples=["ada@example.com"]),
    AfterValidator(_e_mail),
]
WebUrl = Annotated[
    str,
    Field(strict=True, max_length=2048, pattern=r"^https?://[^\s/?#]+\S*$", examples=["https://example.com/webhooks"]),
]
Period = Annotated[
    str,
    Field(strict=True, pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", description="a UTC calendar month", examples=["2026-04"]),
]
#: A bound that prices can be multiplied with, and sums be made of, in integers that every JSON reader keeps exact.
Quantity = Annotated[int, Field(strict=True, ge=0, le=10**9, examples=[1200])]
#: What quantities add up to.
Total = Annotated[int, Field(strict=True, ge=0, le=2**53 - 1, examples=[24950])]


class _Open(BaseModel):
    """Knows some fields, and carries the others along."""

    model_config = ConfigDict(frozen=True, extra="allow")

    @model_serializer(mode="wrap")
    def _without_absent(self, serialized: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A known field that is null is absent; what a null means in an unknown one is not for us to say."""
        known = type(self).model_fields
        return {name: value for name, value in serialized(self).items() if value is not None or name not in known}


class Payload(_Open):
    """An event's `data`. Subclasses with a `type` enter the catalog.

    `produced_elsewhere` and `consumed_elsewhere`: systems that are not ours send it, or take it from the bus.
    """

    type: ClassVar[str]
    version: ClassVar[int] = 1
    produced_elsewhere: ClassVar[bool] = False
    consumed_elsewhere: ClassVar[bool] = False

    def to_data(self) -> dict[str, Any]:
        """Plain JSON values, absent fields left out, unknown fields carried along."""
        return self.model_dump(mode="json")


class _Usage(Payload):
    customer_id: Identifier = Field(examples=["cus_abc123"])
    meter: Identifier = Field(description="what was used, such as api_calls", examples=["api_calls"])
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
    payment_id: Identifier = Field(examples=["pay_0001"])
    invoice_id: Identifier = Field(examples=["inv_20260520_001"])
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


class FieldProblem(_Open):
    field: str = Field(examples=["data.quantity"])
    message: str = Field(examples=["Input should be a valid integer"])


class IngestionRecordRejected(Payload):
    """A record that came over the bus could not be accepted; nothing will retry it."""

    type = "ingestion.record.rejected"
    consumed_elsewhere = True

    reason: Reason = Field(examples=["data.quantity: Input should be a valid integer"])
    problems: tuple[FieldProblem, ...] = ()
    record_type: str | None = Field(default=None, examples=["partner.usage.reported"])
    record_source: str | None = Field(default=None, examples=["partner/acme"])
    record_id: str | None = Field(default=None, examples=["use_0001"])
    record: str = Field(
        description="the message as it came, cut at 64 KiB",
        max_length=65536,
        examples=['{"specversion":"1.0","id":"use_0001","source":"partner/acme","data":{"quantity":"many"}}'],
    )


class InvoiceLine(_Open):
    description: Name = Field(examples=["API calls, April 2026"])
    quantity: Total
    amount: MinorUnits
    meter: Identifier | None = Field(default=None, examples=["api_calls"])


class _Invoice(Payload):
    invoice_id: Identifier = Field(examples=["inv_20260520_001"])
    customer_id: Identifier = Field(examples=["cus_abc123"])
    amount: MinorUnits
    currency: Currency


class BillingInvoiceIssued(_Invoice):
    """An invoice is owed."""

    type = "billing.invoice.issued"

    period: Period | None = None
    due_at: Moment | None = Field(default=None, examples=["2026-06-19T14:30:00Z"])
    lines: tuple[InvoiceLine, ...] = ()


class BillingInvoicePaid(_Invoice):
    """An invoice was paid in full."""

    type = "billing.invoice.paid"

    payment_id: Identifier | None = Field(default=None, examples=["pay_0001"])
    paid_at: Moment | None = None


class BillingInvoicePaymentFailed(_Invoice):
    """A payment for an invoice failed; the invoice is still owed."""

    type = "billing.invoice.payment_failed"

    reason: Reason
    payment_id: Identifier | None = Field(default=None, examples=["pay_0001"])


class CustomerContactUpdated(Payload):
    """The CRM's whole contact record of one customer; the newest by the event's `time` stands."""

    type = "customer.contact.updated"
    produced_elsewhere = True

    customer_id: Identifier = Field(examples=["cus_abc123"])
    name: Name
    email: EmailAddress | None = None
    webhook_url: WebUrl | None = None


class _Message(Payload):
    message_id: Identifier = Field(examples=["msg_0001"])
    customer_id: Identifier = Field(examples=["cus_abc123"])
    channel: Annotated[str, Field(pattern=r"^[a-z]+$", description="email or webhook", examples=["email"])]
    template: str = Field(description="the event type that the message is about", examples=["billing.invoice.paid"])
    about_id: str = Field(description="the `id` of the event that the message is about", examples=["evt_01J2XYZ"])
    about_source: str = Field(
        description="the `source` of the event that the message is about", examples=["billing-service"]
    )


class NotificationMessageSent(_Message):
    """A message was handed over to the mail service or accepted by the customer's endpoint."""

    type = "notification.message.sent"
    consumed_elsewhere = True

    provider_id: str | None = Field(default=None, examples=["ses-0100018f"])


class NotificationMessageFailed(_Message):
    """A message was refused for good; nothing will retry it."""

    type = "notification.message.failed"
    consumed_elsewhere = True

    reason: Reason = Field(examples=["the mailbox does not exist"])


def _models(root: type[Payload]) -> list[type[Payload]]:
    return [m for c in root.__subclasses__() for m in ([c] if "type" in vars(c) else _models(c))]


#: (type, version) -> payload model.
CATALOG: Final[Mapping[tuple[str, int], type[Payload]]] = MappingProxyType(
    {(model.type, model.version): model for model in _models(Payload)}
)
TYPES: Final = frozenset(type_ for type_, _ in CATALOG)


class UnknownEvent(InvalidEvent):
    """The catalog has no such event type, or not in that version."""


def dataschema(type_: str, version: int = 1) -> str:
    """The URN that names one version of one type's schema."""
    return _SCHEMA.format(type=type_, version=version)


def version_of(event: CloudEvent) -> int:
    """The payload version that `dataschema` names; 1 without one or with a foreign one.

    Raises UnknownEvent when it names another type's schema.
    """
    match = _SCHEMA_VERSION.fullmatch(event.dataschema or "")
    if match is None:
        return 1
    if match["type"] != event.type:
        raise UnknownEvent([Problem("dataschema", f"names {match['type']}, but type is {event.type}")])
    return int(match["version"])


def payload_of(event: CloudEvent) -> Payload:
    """The event's data as its catalog model.

    Raises UnknownEvent for a type or version that the catalog lacks, and InvalidEvent naming each
    field (`data.amount`) for data that does not fit.
    """
    version = version_of(event)
    model = CATALOG.get((event.type, version))
    if model is None:
        known = ", ".join(f"v{v}" for t, v in CATALOG if t == event.type)
        field, hint = ("dataschema", f"known: {known}") if known else ("type", "it is not in the catalog")
        raise UnknownEvent([Problem(field, f"{event.type} v{version} is unknown: {hint}")])
    if not isinstance(event.data, dict):
        raise InvalidEvent([Problem("data", "must be a JSON object")])
    try:
        return model.model_validate(event.data)
    except ValidationError as error:
        raise InvalidEvent(problems_in(error, under="data")) from error


def caused_by(
    cause: CloudEvent, payload: Payload, *, source: str, time: datetime, index: int = 0, subject: str | None = None
) -> CloudEvent:
    """The event with `payload` that `cause` brought about, its id derived from `cause` (see CloudEvent.caused)."""
    return cause.caused(
        payload.type,
        source=source,
        data=payload.to_data(),
        time=time,
        index=index,
        subject=subject,
        dataschema=dataschema(payload.type, payload.version),
    )


def initial(payload: Payload, *, id: str, source: str, time: datetime, subject: str | None = None) -> CloudEvent:  # noqa: A002
    """The first event of a flow: no event caused it, a request or a clock did. `id` is the caller's to derive."""
    return CloudEvent(
        id=id,
        source=source,
        type=payload.type,
        time=format_time(time),
        subject=subject,
        datacontenttype="application/json",
        dataschema=dataschema(payload.type, payload.version),
        data=payload.to_data(),
    )
