"""What a payload is made of: the fields' types, and the base class of all payload models.

Readers are tolerant: fields that a model does not know are carried along, never dropped and never an error.
"""

from __future__ import annotations

import re
from datetime import datetime
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
    model_serializer,
)

from events.envelope import CloudEvent, format_time, parse_time
from events.versions import Active, Lifecycle, Mode, dataschema

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


class Open(BaseModel):
    """Knows some fields, and carries the others along."""

    # Its validator is built at its first use: a cold start pays for the few models that its function needs.
    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    @model_serializer(mode="wrap")
    def _without_absent(self, serialized: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A known field that is null is absent; what a null means in an unknown one is not for us to say."""
        known = type(self).model_fields
        return {name: value for name, value in serialized(self).items() if value is not None or name not in known}


class Payload(Open):
    """An event's `data`. Subclasses with a `type` enter the catalog.

    `version` is the major one: a change that could break anybody is a new model with the next version, and the old
    one's name gets its version's number. `compatibility` holds a version's own releases to each other.
    `produced_elsewhere` and `consumed_elsewhere`: systems that are not ours send it, or take it from the bus.
    """

    type: ClassVar[str]
    version: ClassVar[int] = 1
    compatibility: ClassVar[Mode] = Mode.FULL_TRANSITIVE
    lifecycle: ClassVar[Lifecycle] = Active()
    produced_elsewhere: ClassVar[bool] = False
    consumed_elsewhere: ClassVar[bool] = False

    def to_data(self) -> dict[str, Any]:
        """Plain JSON values, absent fields left out, unknown fields carried along."""
        return self.model_dump(mode="json")


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
    return CloudEvent.of(
        id=id,
        source=source,
        type=payload.type,
        time=format_time(time),
        subject=subject,
        datacontenttype="application/json",
        dataschema=dataschema(payload.type, payload.version),
        data=payload.to_data(),
    )
