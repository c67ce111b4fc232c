"""What holds for any input, whoever takes it in."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from events.batches import together
from events.binding import entry_size, from_http, from_sqs_body, to_entry, to_http
from events.envelope import MAX_DEPTH, MAX_PROBLEMS, CloudEvent, InvalidEvent, strict_json

#: What an SQS message may hold. Source: SendMessage.
_SQS_TEXT = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


def holds_for(event: CloudEvent) -> None:
    """An event that was taken in can be passed on, on every way, and comes back as it was."""
    text = event.to_json()
    assert CloudEvent.parse(text) == event
    assert CloudEvent.parse(text.encode()) == event
    assert depth_of(event.to_dict()) <= MAX_DEPTH
    assert entry_size(to_entry(event, "bus")) >= len(text.encode())
    assert from_sqs_body(text) == event
    assert from_sqs_body(envelope_of(event)) == event
    assert from_http(*to_http(event)) == [event]
    if _fits_binary_mode(event):
        (arrived,) = from_http(*to_http(event, "binary"))
        assert isinstance(arrived, CloudEvent)
        assert _as_text(arrived) == _as_text(event)


def holds_for_refusal(error: InvalidEvent) -> None:
    """A refusal names what is at fault, legibly, and not without end."""
    assert 1 <= len(error.problems) <= MAX_PROBLEMS
    for problem in error.problems:
        assert problem.field
        assert problem.message
        assert len(str(problem)) < 1_000
        assert is_sqs_text(str(problem))


def envelope_of(*events: CloudEvent) -> str:
    """As EventBridge delivers it, or several together."""
    entries = [to_entry(event, "bus") for event in events]
    entry = together(entries) if len(entries) > 1 else entries[0]
    source, type_ = json.dumps(entry["Source"]), json.dumps(entry["DetailType"])
    return f'{{"source":{source},"detail-type":{type_},"detail":{entry["Detail"]}}}'


def is_sqs_text(text: str) -> bool:
    return _SQS_TEXT.fullmatch(text) is not None


def is_reason(attributes: Mapping[str, str]) -> bool:
    """Message attributes that tell why, and that SQS takes."""
    told = {"reason", "error_class", "error_message", "attempts", "consumer"} <= attributes.keys()
    return told and len(attributes) <= 10 and all(map(is_sqs_text, attributes.values()))


def json_in(answer: Mapping[str, Any]) -> Any:
    """The answer's body, which is JSON by anybody's measure."""
    media_type = answer["headers"]["Content-Type"]
    assert media_type in {"application/json", "application/problem+json"}
    assert (media_type == "application/problem+json") == (answer["statusCode"] >= 400)
    return strict_json(answer["body"].encode())


def depth_of(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    inside = [depth_of(child) for child in children]
    return 1 + max(inside, default=0) if isinstance(value, dict | list) else 0


def _fits_binary_mode(event: CloudEvent) -> bool:
    """Bytes that are declared as JSON come back as JSON, and other data than JSON comes back as bytes."""
    implied = "application/json" if event.data is not None else ""
    media_type = (event.datacontenttype or implied).partition(";")[0].strip().lower()
    is_json = media_type.endswith(("/json", "+json"))
    if media_type.startswith("application/cloudevents"):
        return False
    return is_json if event.data is not None else not (event.data_base64 and is_json)


def _as_text(event: CloudEvent) -> dict[str, Any]:
    """HTTP headers know only text, and leave out what is implied."""
    members = event.to_dict()
    data = members.pop("data", None)
    encoded = base64.b64decode(members.pop("data_base64", ""))
    members.pop("datacontenttype", None)
    texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in members.items()}
    return texts | {"data": data, "bytes": encoded}
