from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from events.envelope import CloudEvent, InvalidEvent, derived_id, format_time, parse_time
from tests.unit.event_builders import SEED_TEXT, members, paid


def problems_of(**changes) -> dict[str, str]:
    with pytest.raises(InvalidEvent) as caught:
        CloudEvent.parse(members(**changes))
    return {problem.field: problem.message for problem in caught.value.problems}


def test_the_seed_event_is_read_with_every_attribute() -> None:
    event = CloudEvent.parse(SEED_TEXT)

    assert event.identity == ("billing-service", "evt_01J2XYZ")
    assert event.occurred_at == datetime(2026, 5, 20, 14, 30, tzinfo=UTC)
    assert event.to_dict() == json.loads(SEED_TEXT)


def test_an_event_cannot_be_changed() -> None:
    event = paid()

    with pytest.raises(ValidationError, match="frozen"):
        event.id = "other"


@pytest.mark.parametrize("missing", ["id", "source", "type", "specversion"])
def test_a_missing_required_attribute_is_named(missing: str) -> None:
    assert missing in problems_of(**{missing: None})


@pytest.mark.parametrize("absent", ["id", "source", "type", "specversion"])
def test_a_required_attribute_that_is_null_is_missing(absent: str) -> None:
    with pytest.raises(InvalidEvent, match=f"{absent}: Field required"):
        CloudEvent.parse(members() | {absent: None})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("specversion", "0.3"),
        ("specversion", "1.0.2"),
        ("specversion", 1.0),
        ("id", ""),
        ("id", 7),
        ("id", "with\ncontrol"),
        ("source", ""),
        ("source", "two words"),
        ("source", "1abc:nope"),
        ("source", "http://[nonsense"),
        ("source", "/a%zz"),
        ("type", ""),
        ("time", "yesterday"),
        ("time", "2026-05-20"),
        ("time", "2026-05-20T14:30:00"),
        ("time", "2026-13-20T14:30:00Z"),
        ("time", 1_760_000_000),
        ("subject", ""),
        ("datacontenttype", "json"),
        ("dataschema", "relative/path"),
        ("data_base64", "***"),
        ("BadName", "x"),
        ("bad-name", "x"),
        ("averyveryverylongname1", "x"),
        ("ratio", 1.5),
        ("big", 2**31),
        ("nested", {"a": 1}),
    ],
)
def test_a_bad_attribute_is_refused_by_name(field: str, value: object) -> None:
    assert {field, "event"} & problems_of(**{field: value}).keys()


@pytest.mark.parametrize(
    "source", ["/a/b", "urn:x:y", "https://a.example/x?y#z", "billing-service", "a", "#f", "//h/p"]
)
def test_every_kind_of_uri_reference_is_a_source(source: str) -> None:
    assert CloudEvent.parse(members(source=source)).source == source


def test_all_problems_are_told_at_once() -> None:
    assert problems_of(id="", source="a b", BAD=1).keys() == {"id", "source", "BAD"}


def test_data_and_data_base64_exclude_each_other() -> None:
    assert "exclude" in problems_of(data={}, data_base64="")["event"]


def test_a_null_attribute_counts_as_absent() -> None:
    event = CloudEvent.parse(json.dumps(members() | {"subject": None, "tenant": None}))

    assert event.to_dict() == members()


@pytest.mark.parametrize("text", ["", "nope", "[1]", '"x"', "NaN", "[" * 100_000, '{"id": NaN}'])
def test_text_that_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(InvalidEvent):
        CloudEvent.parse(text)


def test_half_a_character_is_refused_because_utf8_cannot_carry_it() -> None:
    text = json.dumps(members(data={"name": "\ud83d"}))

    with pytest.raises(InvalidEvent):
        CloudEvent.parse(text)


def test_a_whole_escaped_character_is_welcome() -> None:
    event = CloudEvent.parse(json.dumps(members(data={"name": "🌊"})))

    assert event.data == {"name": "🌊"}


def test_extensions_keep_their_types() -> None:
    event = CloudEvent.parse(members(flag=True, count=3, tenant="a"))

    assert event.extensions == {"flag": True, "count": 3, "tenant": "a"}


def test_the_text_of_time_survives_unchanged() -> None:
    assert CloudEvent.parse(members(time="2026-05-20T16:30:00.123456789+02:00")).to_dict()["time"].endswith("789+02:00")


def test_a_caused_event_derives_its_id_from_its_cause_alone() -> None:
    cause = paid()

    first = cause.caused("x.happened", source="/x", data={"n": 1}, time=datetime(2026, 1, 1, tzinfo=UTC))
    again = cause.caused("x.happened", source="/y", data={"n": 2}, time=datetime(2027, 1, 1, tzinfo=UTC))

    assert first.id == again.id


@pytest.mark.parametrize("other", [{"index": 1}, {"type": "y.happened"}])
def test_siblings_have_ids_of_their_own(other: dict) -> None:
    common = {"type": "x.happened", "source": "/x", "data": {}, "time": datetime(2026, 1, 1, tzinfo=UTC)}

    assert paid().caused(**common).id != paid().caused(**common | other).id


def test_cause_correlation_and_trace_are_handed_down() -> None:
    root = CloudEvent.parse(
        members(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate="k=v", tenant="t")
    )

    child = root.caused("a", source="/a", data={}, time=datetime(2026, 1, 1, tzinfo=UTC))
    grandchild = child.caused("b", source="/b", data={}, time=datetime(2026, 1, 1, tzinfo=UTC))

    assert grandchild.extensions == {
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "tracestate": "k=v",
        "correlationid": root.id,
        "causationid": child.id,
    }


def test_derived_ids_do_not_confuse_where_parts_end() -> None:
    assert derived_id("a", "bc") != derived_id("ab", "c")


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_moment_survives_its_text(moment: datetime) -> None:
    assert parse_time(format_time(moment)) == moment


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        format_time(datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=8,
)


@given(data=_JSON.filter(lambda d: d is not None))
def test_any_json_data_survives_the_round_trip(data: object) -> None:
    event = CloudEvent.parse(members(data=data))

    assert CloudEvent.parse(event.to_json()) == event


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"])
def test_a_time_that_utc_does_not_have_is_refused(time: str) -> None:
    assert "RFC 3339" in problems_of(time=time)["time"]


@pytest.mark.parametrize("data", ["1e999", "[" * 64 + "]" * 64])
def test_json_that_some_reader_cannot_hold_is_refused(data: str) -> None:
    with pytest.raises(InvalidEvent):
        CloudEvent.parse(json.dumps(members())[:-1] + f', "data": {data}}}')
