"""Events of every kind come through; what is none is refused by name; nothing costs more than it may."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.binding import entry_size, from_sqs_body
from events.envelope import MAX_DEPTH, MAX_PROBLEMS, MAX_VALUES, CloudEvent, InvalidEvent, parse_time, strict_json
from functions.ingestion.domain import normalised
from runtime.errors import TransientError, Unpublishable
from runtime.publisher import MAX_ENTRIES, EntryResult
from tests.fuzz.contract import holds_for, holds_for_refusal
from tests.fuzz.parsers import fuzz_envelope, fuzz_sqs_body
from tests.unit import hostile_strategies as hostile
from tests.unit.event_builders import members, usage
from tests.unit.ingestion_builders import NOW, contact, settled
from tests.unit.runtime_fakes import FakeBus, publisher


@given(hostile.event_members())
def test_every_event_comes_through_in_every_mode(event: dict[str, Any]) -> None:
    holds_for(CloudEvent.parse(event))


@pytest.mark.parametrize("attribute", hostile.BAD_ATTRIBUTES)
@settings(max_examples=20)
@given(data=st.data())
def test_what_is_wrong_with_an_event_is_named(attribute: str, data: st.DataObject) -> None:
    good = {k: v for k, v in data.draw(hostile.event_members()).items() if k not in ("data", "tenant")}
    bad = good | {attribute: data.draw(hostile.BAD_ATTRIBUTES[attribute])}

    with pytest.raises(InvalidEvent) as caught:
        CloudEvent.parse(bad)

    assert [problem.field for problem in caught.value.problems] == [attribute]
    holds_for_refusal(caught.value)


@given(
    event=st.sampled_from([usage(), settled(), contact()]),
    bad=st.sampled_from([None, True, -1, 1.5, "", "\x00", [], {}, 10**300]),
    data=st.data(),
)
def test_what_is_wrong_with_a_record_is_named(event: CloudEvent, bad: object, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(sorted(event.data.keys() - {"email"})))
    record = CloudEvent.parse(event.to_dict() | {"data": event.data | {field: bad}})

    with pytest.raises(InvalidEvent) as caught:
        normalised(record, NOW)

    assert {problem.field for problem in caught.value.problems} == {f"data.{field}"}


@given(st.binary() | st.text().map(lambda text: text.encode(errors="surrogatepass")))
def test_any_bytes_are_an_event_or_refused(data: bytes) -> None:
    fuzz_envelope(data)
    fuzz_sqs_body(data)


def is_refused(raw: str | bytes) -> bool:
    try:
        strict_json(raw)
    except ValueError:
        return True
    return False


@given(hostile.json_values)
def test_strict_json_reads_what_json_writes(value: object) -> None:
    assert strict_json(json.dumps(value)) == value
    assert strict_json(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "NaN", "-Infinity", "1e309", "-1e309", "9" * 309, "9" * 5_000, "01", "+1", ".5", "0x1", "nul", "'a'"),
        *(
            '"\\ud800"',
            '"\\uDFFF"',
            '"\\ud800\\u0041"',
            '"\ud800"',
            '"\x00"',
            '"\n"',
            "\ufeff1",
            "1\x00",
            "[1,]",
            "//1",
        ),
        *('{"a":1,"a":1}', '[{"a":{"b":1,"b":2}}]', "[" * 66 + "]" * 66, "[" * 100_000, '{"a":' * 100_000),
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_json_that_readers_would_read_differently_is_refused(text: str) -> None:
    assert is_refused(text)
    assert is_refused(text.encode(errors="surrogatepass"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "latin-1"])
def test_json_is_utf_8(encoding: str) -> None:
    assert is_refused('{"name":"Zoë"}'.encode(encoding))


@pytest.mark.parametrize("number", [10**308, -(10**308), 2**53, -0.0, 5e-324, 1.7976931348623157e308])
def test_a_number_that_a_double_can_hold_comes_through(number: float) -> None:
    assert strict_json(json.dumps(number)) == number


def nested(levels: int) -> Any:
    return None if levels == 0 else [nested(levels - 1)]


def test_an_event_may_be_as_deep_as_promised_and_travels_in_an_envelope_all_the_same() -> None:
    holds_for(CloudEvent.parse(members(data=nested(MAX_DEPTH - 1))))


@pytest.mark.parametrize("wrap", [CloudEvent.parse, lambda event: CloudEvent.parse(json.dumps(event))])
def test_an_event_that_is_deeper_is_refused(wrap: Callable[[dict[str, Any]], CloudEvent]) -> None:
    with pytest.raises(InvalidEvent, match="64 levels"):
        wrap(members(data=nested(MAX_DEPTH)))


def test_an_event_may_hold_as_many_values_as_promised() -> None:
    others = len(members(data=[]))

    CloudEvent.parse(members(data=[0] * (MAX_VALUES - others)))
    with pytest.raises(InvalidEvent, match="50000 values"):
        CloudEvent.parse(members(data=[[]] * (MAX_VALUES - others + 1)))


def test_a_refusal_tells_of_so_many_problems_and_no_more() -> None:
    with pytest.raises(InvalidEvent) as caught:
        CloudEvent.parse(members(**{f"X{'x' * 1_000}{n}": 1 for n in range(1_000)}))

    assert len(caught.value.problems) == MAX_PROBLEMS
    holds_for_refusal(caught.value)


def test_a_line_break_in_what_came_in_does_not_get_into_a_refusal() -> None:
    with pytest.raises(InvalidEvent) as caught:
        CloudEvent.parse(members(**{"x\nERROR: forged": 1}))

    assert [problem.field for problem in caught.value.problems] == ["x\ufffdERROR: forged"]


LONG = 300_000


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("id", "x" * LONG + "\x00"),
        *(("source", text) for text in ("a" * LONG + " ", "a:" * LONG + " ", "/a" * LONG + " ", "%41" * LONG + "%")),
        *(
            ("source", text)
            for text in ("//[" + ":" * LONG, "//" + "[::1]" * LONG + " ", "a?" * LONG + " ", "a" * LONG)
        ),
        *(("dataschema", text) for text in ("a:" + "/a" * LONG + " ", "a." * LONG, "a:?" + "/?" * LONG + " ")),
        *(
            ("datacontenttype", text)
            for text in ("a/b" + ";a=b" * LONG + '"', "a/b" + " " * LONG + "x", "a/" + "b" * LONG)
        ),
        *(
            ("datacontenttype", text)
            for text in ("a/b;" + " ;" * LONG, 'a/b;c="' + "\\" * LONG, 'a/b;c="' + '\\"' * LONG)
        ),
        *(
            ("time", text)
            for text in ("2026-05-20T14:30:00." + "1" * LONG, "1" * LONG, "2026-05-20T14:30:00." + "1" * LONG + "Z")
        ),
        *(("x" * LONG, 1), ("tenant", "x" * LONG + "\x00"), ("data_base64", "A" * LONG + "=")),
    ],
    ids=lambda part: ascii(part)[:30],
)
def test_long_values_are_judged_in_one_go(attribute: str, value: object) -> None:
    """One that is judged by trying over and over would keep this test busy for hours."""
    try:
        CloudEvent.parse(members(**{attribute: value}))
    except InvalidEvent as error:
        holds_for_refusal(error)


def test_the_shortest_of_the_longest_fractions_is_cut() -> None:
    assert parse_time("2026-05-20T14:30:00." + "1" * LONG + "Z").microsecond == 111_111


@given(st.binary(max_size=64).map(lambda data: data.decode("utf-8", "surrogateescape")))
def test_any_text_is_a_message_or_refused(body: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        from_sqs_body(body)

    holds_for_refusal(caught.value)


class DrawnBus(FakeBus):
    """Answers as Hypothesis draws it, and holds each call against AWS's limits."""

    def __init__(self, data: st.DataObject, max_bytes: int) -> None:
        super().__init__()
        self.accepted: list[str] = []
        self._data = data
        self._max_bytes = max_bytes

    def put(self, entries):
        assert 1 <= len(entries) <= MAX_ENTRIES
        assert sum(map(entry_size, entries)) < self._max_bytes
        if self._data.draw(st.integers(0, 9)) == 0:
            raise TransientError("the bus is away")
        codes = st.sampled_from([None, None, "ThrottlingException", "InternalFailure", "MalformedDetail"])
        results = [EntryResult(self._data.draw(codes)) for _ in entries]
        self.accepted += [
            json.loads(entry["Detail"])["id"]
            for entry, result in zip(entries, results, strict=True)
            if result.error_code is None
        ]
        return results


@given(data=st.data(), sizes=st.lists(st.integers(0, 3_000), max_size=25))
def test_whatever_the_bus_answers_each_event_is_accepted_once_or_told_of(data: st.DataObject, sizes: list[int]) -> None:
    events = [usage(id=str(n), data={"note": "é" * size}) for n, size in enumerate(sizes)]
    bus = DrawnBus(data, max_bytes=5_000)

    failures = publisher(bus, max_bytes=5_000).publish(events)

    assert sorted(bus.accepted + [events[place].id for place in failures]) == sorted(event.id for event in events)
    assert all(isinstance(error, Unpublishable | TransientError) for error in failures.values())
