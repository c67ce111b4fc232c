from __future__ import annotations

import base64
import json

import pytest

from events.binding import TooManyEvents, UnsupportedMediaType, entry_size, from_http, from_sqs_body, to_entry, to_http
from events.envelope import CloudEvent, InvalidEvent
from tests.unit.event_builders import SEED_TEXT, members, paid, usage


def envelope(**changes) -> str:
    base = {
        "version": "0",
        "id": "eb-1",
        "detail-type": "partner.usage.reported",
        "source": "acme",
        "account": "123456789012",
        "time": "2026-05-20T14:30:00Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": {"quantity": 1},
    }
    return json.dumps(base | changes)


def problem_fields(caught: pytest.ExceptionInfo[InvalidEvent]) -> set[str]:
    return {problem.field for problem in caught.value.problems}


def test_an_entry_mirrors_what_rules_look_at_and_carries_the_whole_event() -> None:
    event = paid()

    entry = to_entry(event, "bus")

    assert (entry["Source"], entry["DetailType"], entry["Time"]) == (event.source, event.type, event.occurred_at)
    assert CloudEvent.parse(entry["Detail"]) == event


def test_an_event_without_time_leaves_time_to_aws() -> None:
    assert "Time" not in to_entry(CloudEvent.parse(members()), "bus")


def test_the_size_of_an_entry_counts_utf8_bytes_and_fourteen_for_the_time() -> None:
    event = CloudEvent.parse(members(data={"name": "Zoë"}, time="2026-05-20T14:30:00Z"))

    size = entry_size(to_entry(event, "a bus name is not counted"))

    assert size == len(event.source) + len(event.type) + len(event.to_json().encode()) + 14


def test_a_cloudevent_comes_back_out_of_its_eventbridge_envelope() -> None:
    event = paid()

    body = envelope(**{"detail-type": event.type, "source": event.source, "detail": event.to_dict()})

    assert from_sqs_body(body) == event


def test_a_structured_cloudevent_is_a_message_of_its_own() -> None:
    assert from_sqs_body(SEED_TEXT) == paid()


def test_a_bare_eventbridge_event_becomes_a_cloudevent() -> None:
    event = from_sqs_body(envelope())

    assert event.to_dict() == {
        "specversion": "1.0",
        "id": "eb-1",
        "source": "acme",
        "type": "partner.usage.reported",
        "time": "2026-05-20T14:30:00Z",
        "datacontenttype": "application/json",
        "data": {"quantity": 1},
        "account": "123456789012",
        "region": "eu-west-1",
    }


@pytest.mark.parametrize("lie", [{"source": "someone-else"}, {"detail-type": "another.type"}])
def test_an_envelope_that_contradicts_its_event_is_refused(lie: dict) -> None:
    event = paid()
    honest = {"detail-type": event.type, "source": event.source, "detail": event.to_dict()}

    with pytest.raises(InvalidEvent, match="envelope"):
        from_sqs_body(envelope(**honest | lie))


def test_a_bare_event_whose_source_is_no_uri_reference_is_refused_by_name() -> None:
    with pytest.raises(InvalidEvent) as caught:
        from_sqs_body(envelope(source="my crm"))

    assert problem_fields(caught) == {"source"}


@pytest.mark.parametrize("body", ["", "nope", "[]", "1", "{}", '{"detail": {}}'])
def test_any_other_message_is_refused(body: str) -> None:
    with pytest.raises(InvalidEvent):
        from_sqs_body(body)


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_http_carries_an_event_there_and_back(mode: str) -> None:
    event = usage(subject="straße 1 / 50%", tenant='a "quoted" one', flag=True)

    headers, body = to_http(event, mode)
    (arrived,) = from_http(headers, body)

    # HTTP headers know only text.
    expected = event.to_dict() | ({"flag": "true"} if mode == "binary" else {})
    implied = {"datacontenttype": "application/json"} if mode == "binary" else {}
    assert isinstance(arrived, CloudEvent)
    assert arrived.to_dict() == expected | implied


def test_binary_data_that_is_not_json_travels_as_base64() -> None:
    event = CloudEvent.parse(members(datacontenttype="image/png", data_base64=base64.b64encode(b"\x89PNG").decode()))

    headers, body = to_http(event, "binary")

    assert body == b"\x89PNG"
    assert from_http(headers, body) == [event]


def test_header_names_may_have_any_case() -> None:
    headers, body = to_http(usage(), "binary")

    (event,) = from_http({name.upper(): value for name, value in headers.items()}, body)

    assert isinstance(event, CloudEvent)


def test_a_batch_judges_each_event_alone() -> None:
    batch = [members(id="a"), {"specversion": "1.0"}, 7, members(id="b")]

    results = from_http(
        {"Content-Type": "application/cloudevents-batch+json; charset=utf-8"}, json.dumps(batch).encode()
    )

    assert [type(result) for result in results] == [CloudEvent, InvalidEvent, InvalidEvent, CloudEvent]


@pytest.mark.parametrize("body", [b"{}", b"nope", b"\xff\xfe"])
def test_a_batch_that_is_no_array_is_refused_whole(body: bytes) -> None:
    with pytest.raises(InvalidEvent):
        from_http({"content-type": "application/cloudevents-batch+json"}, body)


@pytest.mark.parametrize("content_type", [None, "application/json", "text/plain", "application/cloudevents+xml"])
def test_a_request_in_none_of_the_modes_is_told_the_modes(content_type: str | None) -> None:
    headers = {"content-type": content_type} if content_type else {}

    with pytest.raises(UnsupportedMediaType, match="application/cloudevents-batch"):
        from_http(headers, b"{}")


def test_binary_mode_with_broken_json_names_data() -> None:
    headers, _ = to_http(usage(), "binary")

    (result,) = from_http(headers, b"{broken")

    assert isinstance(result, InvalidEvent)
    assert [problem.field for problem in result.problems] == ["data"]


def test_content_type_alone_says_what_binary_data_is() -> None:
    headers, body = to_http(usage(), "binary")

    (event,) = from_http(headers | {"ce-datacontenttype": "text/plain"}, body)

    assert isinstance(event, CloudEvent)
    assert event.datacontenttype == "application/json"


@pytest.mark.parametrize("data", ['{"note": NaN}', '{"note": -Infinity}', '{"note": "\\ud83d"}'])
def test_what_json_in_utf8_cannot_carry_is_refused_on_every_way_in(data: str) -> None:
    structured = json.dumps(members())[:-1] + f', "data": {data}}}'
    headers, _ = to_http(usage(), "binary")

    arrivals = [
        *from_http(headers, data.encode()),
        *from_http({"content-type": "application/cloudevents+json"}, structured.encode()),
    ]

    assert [type(arrival) for arrival in arrivals] == [InvalidEvent] * 2
    for body in (structured, envelope()[:-1] + f', "more": {data}}}'):
        with pytest.raises(InvalidEvent):
            from_sqs_body(body)


def test_a_batch_that_is_too_long_is_refused_whole() -> None:
    batch = {"content-type": "application/cloudevents-batch+json"}

    assert len(from_http(batch, json.dumps([{}] * 10).encode(), most=10)) == 10
    with pytest.raises(TooManyEvents, match="11 events"):
        from_http(batch, json.dumps([{}] * 11).encode(), most=10)


def test_a_refusal_does_not_hold_on_to_what_it_refuses() -> None:
    (refusal,) = from_http({"content-type": "application/cloudevents+json"}, b"[1]")

    assert isinstance(refusal, InvalidEvent)
    assert (refusal.__traceback__, refusal.__cause__) == (None, None)


def test_half_a_character_in_a_header_is_replaced() -> None:
    headers, body = to_http(usage(), "binary")

    (event,) = from_http(headers | {"ce-subject": "\ud800"}, body)

    assert isinstance(event, CloudEvent)
    assert event.subject == "?"
