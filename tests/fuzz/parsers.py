"""The contract's parsers: an event, or an InvalidEvent that says why not."""

from __future__ import annotations

import json
from contextlib import suppress

from events.batches import only
from events.binding import events_in, from_eventbridge
from events.catalog import payload_of
from events.envelope import CloudEvent, InvalidEvent, strict_json
from tests.fuzz.contract import holds_for, holds_for_refusal


def fuzz_envelope(data: bytes) -> None:
    """CloudEvent.parse, and the catalog's judgement of what passes."""
    try:
        event = CloudEvent.parse(data)
    except InvalidEvent as error:
        holds_for_refusal(error)
        return
    holds_for(event)
    try:
        payload = payload_of(event)
    except InvalidEvent as error:
        holds_for_refusal(error)
        return
    assert type(payload).model_validate(payload.to_data()) == payload


def fuzz_sqs_body(data: bytes) -> None:
    _judge_message(data.decode(errors="replace"))


def fuzz_eventbridge(data: bytes) -> None:
    """The data as the `detail` of an envelope that is all right, and as an envelope."""
    with suppress(ValueError):
        detail = strict_json(data)
        members = detail if isinstance(detail, dict) else {}
        envelope = {
            "id": "eb-1",
            "source": members.get("source", "s"),
            "detail-type": members.get("type", "t"),
            "time": "2026-05-20T14:30:00Z",
            "account": "123456789012",
            "region": "eu-west-1",
        } | {"detail": detail}
        _judge_message(json.dumps(envelope))
        if "detail" in members:
            _judge(lambda: from_eventbridge(members))


def _judge_message(body: str) -> None:
    found = _found_in(body)
    for each in found:
        holds_for_refusal(each) if isinstance(each, InvalidEvent) else holds_for(each)
    if len(found) > 1:
        alone = [_found_in(only(body, [place])) for place in range(len(found))]
        assert [_told(each) for (each,) in alone] == [_told(each) for each in found]
        assert [_told(each) for each in _found_in(only(body, range(1, len(found))))] == [_told(e) for e in found[1:]]


def _told(found: CloudEvent | InvalidEvent) -> object:
    return found.problems if isinstance(found, InvalidEvent) else found


def _found_in(body: str) -> list[CloudEvent | InvalidEvent]:
    try:
        return events_in(body)
    except InvalidEvent as error:
        return [error]


def _judge(parse) -> None:
    try:
        event = parse()
    except InvalidEvent as error:
        holds_for_refusal(error)
    else:
        holds_for(event)
