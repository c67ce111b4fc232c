"""What a message on a dead-letter queue says: who put it there, why, and about which event.

Sources: runtime.queue.reason; "Using dead-letter queues to process undelivered events" (EventBridge), "Configuring a
dead-letter queue for EventBridge Scheduler", "Capturing records of Lambda asynchronous invocations", "Retain discarded
records for a DynamoDB event source in Lambda".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from events.binding import batch_in, from_sqs_body
from events.envelope import InvalidEvent, parse_time
from ops.letters.fingerprints import fingerprint
from ops.letters.letter import Letter, Origin, Subject
from ops.letters.places import Place
from runtime.manifest import BACKSTOP_RECEIVES

#: Reasons that no error of the runtime has.
RULE_TARGET: Final = "rule_target"
GAVE_UP: Final = "gave_up"
NOT_CALLED: Final = "not_called"
CALL_FAILED: Final = "call_failed"
STREAM_FORGOT: Final = "stream_forgot"
UNKNOWN: Final = "unknown"

_NO_LETTER_OF_OURS: Final = "it carries no reason: it was put there by hand, or by something that is not ours"
_GIVEN_UP: Final = (
    f"SQS gave it up after {BACKSTOP_RECEIVES} receives: the function could not start, or not reach its DLQ"
)


class _Cause(NamedTuple):
    """Why it is there. `failed_at` is empty where only SQS knows."""

    origin: Origin
    reason: str
    error: str
    error_class: str = ""
    attempts: str = ""
    failed_at: str = ""


def letter_of(message: Mapping[str, Any], place: Place) -> Letter:
    """From a message as ReceiveMessage returns it, with all of its attributes. Understands anything."""
    attributes = message.get("MessageAttributes", {})
    system = message.get("Attributes", {})
    texts = {name: str(value.get("StringValue", "")) for name, value in attributes.items()}
    body = message["Body"]
    cause = _cause(texts, system, body, place)
    subject = _subject(texts, body)
    return Letter(
        id=message["MessageId"],
        place=place,
        origin=cause.origin,
        body=body,
        attributes=attributes,
        system=system,
        subject=subject,
        reason=cause.reason,
        error=cause.error,
        error_class=cause.error_class,
        attempts=int(cause.attempts) if cause.attempts.isdecimal() else None,
        first_seen=_time(texts.get("first_seen", "")),
        failed_at=_time(cause.failed_at) or _sent(system),
        fingerprint=fingerprint(place=place.name, event_type=subject.type, reason=cause.reason, error=cause.error),
        receipt=message.get("ReceiptHandle", ""),
    )


def _cause(texts: Mapping[str, str], system: Mapping[str, str], body: str, place: Place) -> _Cause:
    if "reason" in texts:
        return _told(texts)
    if "RULE_ARN" in texts:
        return _refused(Origin.RULE, RULE_TARGET, texts)
    if "SCHEDULE_ARN" in texts or (place.kind in ("schedule", "group") and "ERROR_CODE" in texts):
        return _refused(Origin.SCHEDULER, NOT_CALLED, texts)
    if place.kind != "consumer" and (record := destination_record(body)):
        return _recorded(record)
    if "DeadLetterQueueSourceArn" in system:
        return _Cause(Origin.QUEUE, GAVE_UP, _GIVEN_UP, attempts=str(BACKSTOP_RECEIVES))
    return _Cause(Origin.UNKNOWN, UNKNOWN, _NO_LETTER_OF_OURS)


def _told(texts: Mapping[str, str]) -> _Cause:
    return _Cause(
        Origin.RUNTIME,
        texts["reason"],
        texts.get("error_message", ""),
        error_class=texts.get("error_class", ""),
        attempts=texts.get("attempts", ""),
        failed_at=texts.get("failed_at", ""),
    )


def _refused(origin: Origin, reason: str, texts: Mapping[str, str]) -> _Cause:
    """EventBridge's and the scheduler's six attributes are the same but for whose ARN it is."""
    code, exhausted = texts.get("ERROR_CODE", ""), texts.get("EXHAUSTED_RETRY_CONDITION", "")
    parts = (code, texts.get("ERROR_MESSAGE", ""), f"({exhausted})" if exhausted else "")
    retries = texts.get("RETRY_ATTEMPTS", "")
    attempts = str(int(retries) + 1) if retries.isdecimal() else ""
    return _Cause(origin, reason, " ".join(filter(None, parts)), error_class=code, attempts=attempts)


def destination_record(body: str) -> Mapping[str, Any] | None:
    """What Lambda's on-failure destination wrote, of a call or of a stream; None for any other body."""
    try:
        record = json.loads(body)
    except ValueError:
        return None
    is_one = isinstance(record, dict) and isinstance(record.get("requestContext"), dict)
    return record if is_one else None


def _recorded(record: Mapping[str, Any]) -> _Cause:
    context = record["requestContext"]
    condition, times = str(context.get("condition", "")), str(context.get("approximateInvokeCount", ""))
    failed_at = str(record.get("timestamp", ""))
    if "DDBStreamBatchInfo" in record:
        batch = record["DDBStreamBatchInfo"]
        error = f"{condition}: {batch.get('batchSize', '?')} records of {batch.get('streamArn', 'the stream')}"
        return _Cause(Origin.STREAM, STREAM_FORGOT, error, condition, times, failed_at)
    said = record.get("responsePayload")
    said = said if isinstance(said, dict) else {}
    error = f"{condition}: {said.get('errorMessage', 'the function said nothing')}"
    return _Cause(Origin.INVOCATION, CALL_FAILED, error, str(said.get("errorType", condition)), times, failed_at)


def _subject(texts: Mapping[str, str], body: str) -> Subject:
    """By its attributes where they say, since that needs no parsing; a consumer reads no event without all three."""
    if texts.get("event_id"):
        return Subject(source=texts.get("event_source", ""), id=texts["event_id"], type=texts.get("event_type", ""))
    try:
        event = from_sqs_body(body)
    except InvalidEvent:
        return _claimed(body)
    return Subject(source=event.source, id=event.id, type=event.type)


def _claimed(body: str) -> Subject:
    """What an event that cannot be read says of itself: a lead, and no more."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return Subject()
    if not isinstance(message, dict):
        return Subject()
    detail = message.get("detail")
    if batch_in(detail) is not None:
        return Subject(source=_text(message.get("source")), type=_text(message.get("detail-type")))
    inner = detail if isinstance(detail, dict) and "specversion" in detail else message
    return Subject(
        source=_text(inner.get("source")),
        id=_text(inner.get("id")),
        type=_text(inner.get("type") or inner.get("detail-type")),
    )


def _text(value: object) -> str:
    return value[:256] if isinstance(value, str) else ""


def _sent(system: Mapping[str, str]) -> datetime:
    return datetime.fromtimestamp(int(system.get("SentTimestamp", 0)) / 1000, UTC)


def _time(text: str) -> datetime | None:
    try:
        return parse_time(text).astimezone(UTC)
    except ValueError:
        return None
