"""CloudEvents on EventBridge, SQS and HTTP.

The binding in full: docs/cloudevents-eventbridge-binding.md. The HTTP part follows the CloudEvents 1.0.2
HTTP protocol binding in its structured, binary and batched content modes.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NotRequired, TypedDict
from urllib.parse import quote, unquote_to_bytes

from events.envelope import BATCH_MEDIA_TYPE, MEDIA_TYPE, CloudEvent, InvalidEvent, Problem, strict_json
from events.strict_json import measured_json
from events.trace_context import TRACEPARENT, TraceContext, passed_on

#: What AWS counts for an entry's `Time`, whatever its value. Source: "Calculating PutEvents event entry size".
_TIME_BYTES: Final = 14
_MODES: Final = f"{MEDIA_TYPE}, {BATCH_MEDIA_TYPE}, or any media type with ce-* headers"
#: The extension attribute that tells which replay of an EventBridge archive has brought an event (again).
REPLAY: Final = "replayname"
#: The one member of a detail that is a batch of events.
BATCH: Final = "cloudevents"
_NEVER_IN_CE_HEADERS: Final = ("data", "data_base64", "datacontenttype")


class Entry(TypedDict):
    """One entry of a PutEvents call."""

    EventBusName: str
    Source: str
    DetailType: str
    Detail: str
    Time: NotRequired[datetime]
    TraceHeader: NotRequired[str]


class UnsupportedMediaType(ValueError):
    """The content type is none of the binding's three modes."""


class TooManyEvents(ValueError):
    """The batch is longer than its receiver allows."""


def to_entry(event: CloudEvent, bus_name: str) -> Entry:
    """The event as a PutEvents entry: whole in `Detail`, mirrored where rules look, and where AWS X-Ray looks."""
    entry = Entry(EventBusName=bus_name, Source=event.source, DetailType=event.type, Detail=event.to_json())
    if event.occurred_at is not None:
        entry["Time"] = event.occurred_at
    if (context := TraceContext.of(event.extensions)) is not None:
        entry["TraceHeader"] = context.to_xray()
    return entry


def entry_size(entry: Entry) -> int:
    """Bytes of an entry as AWS counts them against the limit of a PutEvents call."""
    texts = _bytes(entry["Source"]) + _bytes(entry["DetailType"]) + _bytes(entry["Detail"])
    return texts + (_TIME_BYTES if "Time" in entry else 0)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def from_sqs_body(body: str) -> CloudEvent:
    """The one event in a queue message (see events_in). Raises InvalidEvent, for a message with several, too."""
    events = events_in(body)
    if len(events) > 1:
        raise InvalidEvent([Problem("message", f"holds {len(events)} events")])
    (event,) = events
    if isinstance(event, InvalidEvent):
        raise event
    return event


def events_in(body: str) -> list[CloudEvent | InvalidEvent]:
    """The events in a queue message: an EventBridge event (whose detail is a CloudEvent, a batch of them, or neither),
    a CloudEvent, or a batch of them.

    Of a batch, what is no CloudEvent stands in its place as the InvalidEvent that says why. Raises InvalidEvent for
    any other message without an event.
    """
    try:
        message, modest = measured_json(body)
    except ValueError as error:
        raise InvalidEvent([Problem("message", "is not JSON")]) from error
    if isinstance(message, list):
        return _each(message, lambda element: CloudEvent.parse(element, modest=modest))
    if not isinstance(message, dict):
        raise InvalidEvent([Problem("message", f"must be a JSON object, not {type(message).__name__}")])
    if "detail-type" not in message or "detail" not in message:
        return [CloudEvent.parse(message, modest=modest)]
    if (batch := batch_in(message["detail"])) is None:
        return [from_eventbridge(message, modest=modest)]
    return _each(batch, lambda element: _mirrored(element, message, modest=modest))


def batch_in(detail: object) -> list[Any] | None:
    """The elements of a batch, in a detail that is one."""
    batch = detail.get(BATCH) if isinstance(detail, dict) and len(detail) == 1 else None
    return batch if isinstance(batch, list) else None


def _each(elements: Sequence[Any], parse: Callable[[Mapping[str, Any]], CloudEvent]) -> list[CloudEvent | InvalidEvent]:
    if not elements:
        raise InvalidEvent([Problem("message", "is a batch without an event")])
    return [_judged(element, parse) for element in elements]


def _judged(element: Any, parse: Callable[[Mapping[str, Any]], CloudEvent]) -> CloudEvent | InvalidEvent:
    if not isinstance(element, dict):
        return InvalidEvent([Problem("event", f"must be a JSON object, not {type(element).__name__}")])
    try:
        return parse(element)
    except InvalidEvent as error:
        return _anew(error)


def from_eventbridge(envelope: Mapping[str, Any], *, modest: bool = False) -> CloudEvent:
    """The CloudEvent that an EventBridge event carries, or the one that a bare EventBridge event is.

    An event that comes from a replay has the replay's name as extension `replayname`. `modest` is CloudEvent.parse's.
    Raises InvalidEvent when the envelope does not mirror the CloudEvent inside: rules have routed the one, code would
    act on the other.
    """
    detail = envelope["detail"]
    if not isinstance(detail, dict) or "specversion" not in detail:
        return CloudEvent.parse(_bare(envelope) | _replay(envelope), modest=modest)
    return _mirrored(detail, envelope, modest=modest)


def _mirrored(detail: Mapping[str, Any], envelope: Mapping[str, Any], *, modest: bool) -> CloudEvent:
    members = {**detail, **_replay(envelope)} if "replay-name" in envelope else detail
    event = CloudEvent.parse(members, modest=modest)
    if event.source == envelope.get("source") and event.type == envelope.get("detail-type"):
        return event
    raise InvalidEvent(_differences(event, envelope))


def _differences(event: CloudEvent, envelope: Mapping[str, Any]) -> list[Problem]:
    return [
        Problem(attribute, f"is {own!r} in the event, but {mirror!r} in its EventBridge envelope")
        for attribute, own, mirror in (
            ("source", event.source, envelope.get("source")),
            ("type", event.type, envelope.get("detail-type")),
        )
        if own != mirror
    ]


def _replay(envelope: Mapping[str, Any]) -> dict[str, Any]:
    return {REPLAY: envelope["replay-name"]} if "replay-name" in envelope else {}


def _bare(envelope: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": envelope.get("id"),
        "source": envelope.get("source"),
        "type": envelope.get("detail-type"),
        "time": envelope.get("time"),
        "datacontenttype": "application/json",
        "data": envelope["detail"],
        "account": envelope.get("account"),
        "region": envelope.get("region"),
    }


def from_http(headers: Mapping[str, str], body: bytes, *, most: int | None = None) -> list[CloudEvent | InvalidEvent]:
    """The events of one HTTP request: one in structured and binary mode, at most `most` in batched mode.

    An event that names no trace in which it began takes over the request's `traceparent` and `tracestate`. What is no
    CloudEvent stands in its place as the InvalidEvent that says why. Raises UnsupportedMediaType, TooManyEvents
    before any is judged, and InvalidEvent for a batch that is no JSON array.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    events = _from_http(lowered, body, most)
    context = passed_on(lowered) if TRACEPARENT in lowered else {}
    return [_begun_in(event, context) for event in events] if context else events


def _begun_in(event: CloudEvent | InvalidEvent, context: Mapping[str, str]) -> CloudEvent | InvalidEvent:
    """An event's own context is where its way began, and this request may be a later hop."""
    if isinstance(event, InvalidEvent) or TraceContext.of(event.extensions) is not None:
        return event
    return event.in_trace(context)


def _from_http(lowered: Mapping[str, str], body: bytes, most: int | None) -> list[CloudEvent | InvalidEvent]:
    media_type = lowered.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == BATCH_MEDIA_TYPE:
        return [_attempt(element) for element in _batch(body, most)]
    if media_type == MEDIA_TYPE:
        return [_attempt(body)]
    if "ce-specversion" in lowered and not media_type.startswith("application/cloudevents"):
        return [_binary(lowered, media_type, body)]
    raise UnsupportedMediaType(f"content type {media_type or '(none)'} is not one of: {_MODES}")


def to_http(event: CloudEvent, mode: Literal["structured", "binary"] = "structured") -> tuple[dict[str, str], bytes]:
    """Headers and body that carry the event over HTTP."""
    if mode == "structured":
        return {"content-type": f"{MEDIA_TYPE}; charset=utf-8"}, event.to_json().encode()
    return dict(_binary_headers(event)), _binary_body(event)


def _attempt(raw: bytes | Mapping[str, Any]) -> CloudEvent | InvalidEvent:
    try:
        return CloudEvent.parse(raw)
    except InvalidEvent as error:
        return _anew(error)


def _binary(headers: Mapping[str, str], media_type: str, body: bytes) -> CloudEvent | InvalidEvent:
    try:
        return CloudEvent.parse(_binary_members(headers, media_type, body))
    except InvalidEvent as error:
        return _anew(error)


def _anew(error: InvalidEvent) -> InvalidEvent:
    """Without its traceback, which holds on to the whole input."""
    return InvalidEvent(error.problems)


def _batch(body: bytes, most: int | None) -> list[bytes]:
    elements = _json(body, "batch", "is not JSON")
    if not isinstance(elements, list):
        raise InvalidEvent([Problem("batch", "must be a JSON array of events")])
    if most is not None and len(elements) > most:
        raise TooManyEvents(f"{len(elements)} events: send {most} at most at a time")
    # Each element is judged alone and by the one parser of texts.
    return [json.dumps(element).encode() for element in elements]


def _binary_members(headers: Mapping[str, str], media_type: str, body: bytes) -> dict[str, Any]:
    members: dict[str, Any] = {
        name[3:]: _header_text(value)
        for name, value in headers.items()
        if name.startswith("ce-") and name[3:] not in _NEVER_IN_CE_HEADERS
    }
    if media_type:
        members["datacontenttype"] = headers["content-type"]
    return members | _binary_data(media_type, body)


def _binary_data(media_type: str, body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    if media_type.endswith(("/json", "+json")):
        return {"data": _json(body, "data", "is not JSON, as its content type says")}
    return {"data_base64": base64.b64encode(body).decode()}


def _binary_headers(event: CloudEvent) -> Iterator[tuple[str, str]]:
    if event.datacontenttype or event.data is not None:
        yield "content-type", event.datacontenttype or "application/json"
    for name, value in event.to_dict().items():
        if name not in _NEVER_IN_CE_HEADERS:
            yield f"ce-{name}", _header_value(value)


def _binary_body(event: CloudEvent) -> bytes:
    if event.data_base64 is not None:
        return base64.b64decode(event.data_base64)
    return b"" if event.data is None else json.dumps(event.data, ensure_ascii=False).encode()


def _header_value(value: str | int | bool) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    # Printable ASCII but space, quote and percent; the rest is percent-encoded UTF-8.
    return quote(text, safe="!#$&'()*+,-./:;<=>?@[\\]^_`{|}~")


def _header_text(value: str) -> str:
    unquoted = re.sub(r'\\(.)|"', r"\1", value) if value.startswith('"') else value
    return unquote_to_bytes(unquoted.encode(errors="replace")).decode(errors="replace")


def _json(text: str | bytes, what: str, otherwise: str) -> Any:
    try:
        return strict_json(text)
    except ValueError as error:
        raise InvalidEvent([Problem(what, otherwise)]) from error
