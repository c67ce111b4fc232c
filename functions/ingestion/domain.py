"""What becomes of a record: checked against the catalog, normalised, or refused with every field named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from events.binding import batch_in
from events.catalog import (
    CustomerContactUpdated,
    FieldProblem,
    IngestionPaymentFailed,
    IngestionPaymentSettled,
    IngestionRecordRejected,
    IngestionUsageRecorded,
    PartnerPaymentFailed,
    PartnerPaymentSettled,
    PartnerUsageReported,
    Payload,
    UnknownEvent,
    caused_by,
    initial,
    payload_of,
)
from events.envelope import CloudEvent, InvalidEvent, Problem, derived_id
from functions.ingestion.manifest import SOURCE

#: Lambda takes requests of 6 MB, in base64. Data over the queue's and the bus's own limits is checked in.
MAX_EVENT_BYTES: Final = 4_000_000
#: Of an event without its data: that is what queue and bus carry in any case, and what its descendants inherit.
MAX_ATTRIBUTE_BYTES: Final = 65_536
_MAX_RECORD_BYTES: Final = 65_536

Normalise = Callable[[CloudEvent, Payload, datetime], CloudEvent]


class TooLarge(InvalidEvent):
    """More than is taken in."""


def _becomes(model: type[Payload], *, about: str) -> Normalise:
    """The same facts under our own name and source, fields that we don't know carried along.

    The time stays the record's own: it says when it happened, and a second run gives the very same event.
    """

    def normalise(event: CloudEvent, payload: Payload, now: datetime) -> CloudEvent:
        data = payload.to_data()
        return caused_by(
            event, model.model_validate(data), source=SOURCE, time=event.occurred_at or now, subject=data[about]
        )

    return normalise


def _forwarded(event: CloudEvent, _: Payload, __: datetime) -> CloudEvent:
    """The event itself, for those who subscribe to it on the bus: the newest by `time` stands, so it needs one."""
    problems = []
    if event.time is None:
        problems.append(Problem("time", "is required: the newest contact stands"))
    if event.source.startswith("aws."):
        problems.append(Problem("source", "must not start with 'aws.': the bus reserves that"))
    if problems:
        raise InvalidEvent(problems)
    return event


#: What comes in, and what it becomes.
ROUTES: Final[Mapping[str, Normalise]] = {
    PartnerUsageReported.type: _becomes(IngestionUsageRecorded, about="customer_id"),
    PartnerPaymentSettled.type: _becomes(IngestionPaymentSettled, about="invoice_id"),
    PartnerPaymentFailed.type: _becomes(IngestionPaymentFailed, about="invoice_id"),
    CustomerContactUpdated.type: _forwarded,
}


def normalised(event: CloudEvent, now: datetime) -> CloudEvent:
    """The event to put on the bus.

    Raises InvalidEvent: UnknownEvent for a type that is not taken in, TooLarge, or the fields at fault.
    """
    _refuse_reference(event)
    _refuse_size(event)
    route = ROUTES.get(event.type)
    if route is None:
        raise UnknownEvent([Problem("type", f"{event.type} is not taken in here; known: {', '.join(ROUTES)}")])
    return route(event, payload_of(event), now)


def _refuse_reference(event: CloudEvent) -> None:
    """Our own references have been exchanged for the data by now; others are never followed."""
    if "dataref" in event.extensions and event.data is None:
        raise InvalidEvent([Problem("dataref", "is not followed: send the data itself")])


def _refuse_size(event: CloudEvent) -> None:
    size = _size(event)
    if size <= MAX_ATTRIBUTE_BYTES:  # and so are its attributes alone
        return
    attributes = _size(event.model_copy(update={"data": None, "data_base64": None}))
    if size > MAX_EVENT_BYTES:
        raise TooLarge([Problem("event", f"{size} bytes are over the limit of {MAX_EVENT_BYTES}")])
    if attributes > MAX_ATTRIBUTE_BYTES:
        raise TooLarge(
            [Problem("event", f"{attributes} bytes beside the data are over the limit of {MAX_ATTRIBUTE_BYTES}")]
        )


def _size(event: CloudEvent) -> int:
    return len(event.to_json().encode())


def rejected(event: CloudEvent, error: InvalidEvent, now: datetime) -> CloudEvent:
    """The news that a CloudEvent was refused. Refusing it again gives the same id."""
    return caused_by(event, _rejection(event.to_json(), event.to_dict(), error.problems), source=SOURCE, time=now)


def unreadable(body: str, error: InvalidEvent, now: datetime) -> CloudEvent:
    """The news that a message was refused that is not even a CloudEvent.

    Its id follows from whatever identity the message has, or else from its text: refusing it again gives the same.
    """
    claims = _claims(body)
    identity = (claims.get("source"), claims.get("id"))
    parts = identity if all(isinstance(part, str) and part for part in identity) else ("sha256", _digest(body))
    return initial(
        _rejection(body, claims, error.problems),
        id=derived_id(*map(str, parts), IngestionRecordRejected.type, 0),
        source=SOURCE,
        time=now,
    )


def _rejection(record: str, claims: Mapping[str, Any], problems: Sequence[Problem]) -> IngestionRecordRejected:
    return IngestionRecordRejected(
        reason=_cut("; ".join(map(str, problems)), 1000) or "it is not acceptable",
        problems=tuple(FieldProblem(field=p.field, message=p.message) for p in problems),
        record_type=_claimed(claims, "type"),
        record_source=_claimed(claims, "source"),
        record_id=_claimed(claims, "id"),
        record=_cut(record, _MAX_RECORD_BYTES),
    )


def _claims(body: str) -> Mapping[str, Any]:
    """What a message that is no CloudEvent says about itself: the event inside it before its envelope.

    An envelope's own id is that of all who share it: of one of them it says nothing.
    """
    message: Any = None
    with suppress(ValueError, RecursionError):
        message = json.loads(body)
    if not isinstance(message, dict):
        return {}
    detail = message.get("detail")
    if isinstance(detail, dict) and "specversion" in detail:
        return detail
    if (batch := batch_in(detail)) is not None:
        alone = batch[0] if len(batch) == 1 and isinstance(batch[0], dict) else {}
        return {"source": message.get("source"), **alone}
    return {"type": message.get("detail-type"), **message}


def _claimed(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return _cut(value, 1000) if isinstance(value, str) else None


def _cut(text: str, size: int) -> str:
    """At most `size` bytes of UTF-8, whole characters, and nothing that UTF-8 cannot carry."""
    return text.encode("utf-8", errors="replace")[:size].decode("utf-8", errors="ignore")


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8", errors="replace")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one event of a request.

    `failed` means that nothing is wrong with the event, and that it was not accepted all the same: send it
    again. `refusal` is set when it is `rejected`.
    """

    status: Literal["accepted", "rejected", "failed"]
    event: CloudEvent | None = None
    refusal: InvalidEvent | None = None
