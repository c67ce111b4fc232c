"""Batched mode: several events in one entry, and in one message. The binding's section 10."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from events.batches import CHUNK, MOST, only, together
from events.binding import entry_size, events_in, from_sqs_body, to_entry
from events.envelope import CloudEvent, InvalidEvent
from runtime.packing import SPAN
from runtime.publisher import Publisher
from tests.unit.event_builders import known_events, members, paid, usage
from tests.unit.runtime_fakes import FakeBus, events_of, publisher

USAGE = "partner.usage.reported"
TRACES = [f"00-{digit * 32}-{digit * 16}-01" for digit in "12"]


def delivered(*events: CloudEvent, **changes: object) -> str:
    """As EventBridge puts several events' one entry on a queue."""
    entry = together([to_entry(event, "bus") for event in events])
    envelope = {
        "version": "0",
        "id": "eb-1",
        "source": entry["Source"],
        "detail-type": entry["DetailType"],
        "detail": json.loads(entry["Detail"]),
    }
    return json.dumps(envelope | changes)


def batching(bus: FakeBus, **options: object) -> Publisher:
    return publisher(bus, batched=[USAGE], **options)


def ids(bus: FakeBus) -> list[list[str]]:
    return [[event.id for event in events_of(entry)] for call in bus.calls for entry in call]


# Reading


def test_events_that_share_an_entry_come_out_as_they_went_in() -> None:
    events = [usage(id=str(n), data={"note": "Grüße \ufffe"}) for n in range(3)]

    assert events_in(delivered(*events)) == events


def test_events_that_share_a_message_of_a_queue_s_own_may_be_of_any_type() -> None:
    body = json.dumps([usage().to_dict(), paid().to_dict()])

    assert events_in(body) == [usage(), paid()]


def test_what_is_no_event_stands_in_its_place_and_harms_no_other() -> None:
    body = json.dumps([usage().to_dict(), members(id=""), 7, paid().to_dict()])

    good, bad, worse, last = events_in(body)

    assert (good, last) == (usage(), paid())
    assert isinstance(bad, InvalidEvent)
    assert [problem.field for problem in bad.problems] == ["id"]
    assert "must be a JSON object" in str(worse)


def test_an_event_that_its_envelope_contradicts_is_refused_alone() -> None:
    honest, liar = usage(id="1"), usage(id="2", source="/somebody/else")
    body = json.loads(delivered(honest))
    body["detail"] = {"cloudevents": [honest.to_dict(), liar.to_dict()]}

    first, second = events_in(json.dumps(body))

    assert first == honest
    assert isinstance(second, InvalidEvent)
    assert [problem.field for problem in second.problems] == ["source"]


def test_events_that_a_replay_brings_back_together_each_say_so() -> None:
    found = events_in(delivered(usage(id="1"), usage(id="2"), **{"replay-name": "r-1"}))

    assert [event.extensions["replayname"] for event in found if isinstance(event, CloudEvent)] == ["r-1", "r-1"]


@pytest.mark.parametrize("body", ["[]", '{"detail-type":"t","source":"s","detail":{"cloudevents":[]}}'])
def test_a_batch_without_an_event_is_unreadable(body: str) -> None:
    with pytest.raises(InvalidEvent, match="a batch without an event"):
        events_in(body)


@pytest.mark.parametrize("detail", [{"cloudevents": "all"}, {"cloudevents": [], "more": 1}])
def test_a_plain_event_with_a_member_of_that_name_is_no_batch(detail: dict) -> None:
    body = json.dumps(
        {"id": "1", "source": "acme", "detail-type": "t", "time": "2026-05-20T14:30:00Z"} | {"detail": detail}
    )

    (event,) = known_events(body)

    assert event.data == detail


def test_who_asks_for_the_one_event_of_a_message_is_told_that_there_are_several() -> None:
    with pytest.raises(InvalidEvent, match="holds 2 events"):
        from_sqs_body(delivered(usage(id="1"), usage(id="2")))


# Taking apart


def test_one_of_several_stands_by_itself_as_it_would_have_come_alone() -> None:
    events = [usage(id=str(n)) for n in range(3)]

    alone = only(delivered(*events), [1])

    assert json.loads(alone)["detail"] == events[1].to_dict()
    assert from_sqs_body(alone) == events[1]


def test_some_of_several_stay_together() -> None:
    events = [usage(id=str(n)) for n in range(4)]

    assert events_in(only(delivered(*events), [0, 3])) == [events[0], events[3]]
    assert events_in(only(json.dumps([e.to_dict() for e in events]), [1, 2])) == events[1:3]


@pytest.mark.parametrize(
    "stranger", [{"quantity": 1}, {"specversion": "1.0", "detail-type": "t", "detail": {}}, "text", None]
)
def test_what_is_no_event_becomes_none_by_standing_alone(stranger: object) -> None:
    for body in (
        json.dumps([stranger, usage().to_dict()]),
        delivered(usage()).replace("}]}", f"}},{json.dumps(stranger)}]}}"),
    ):
        refusals = [found for found in events_in(body) if isinstance(found, InvalidEvent)]
        place = next(n for n, found in enumerate(events_in(body)) if isinstance(found, InvalidEvent))

        (again,) = events_in(only(body, [place]))

        assert isinstance(again, InvalidEvent)
        assert again.problems == refusals[0].problems


def test_what_stands_alone_has_only_characters_that_a_queue_takes() -> None:
    body = json.dumps([usage(id="1", data="\ufffe\uffff").to_dict(), usage(id="2").to_dict()])

    alone = only(body, [0])

    assert not {"\ufffe", "\uffff"} & set(alone)
    assert from_sqs_body(alone).data == "\ufffe\uffff"


# Publishing


def test_events_of_a_type_that_may_travel_together_share_an_entry() -> None:
    bus = FakeBus()

    failures = batching(bus).publish([usage(id=str(n)) for n in range(23)])

    assert failures == {}
    assert ids(bus) == [[str(n) for n in range(23)]]


def test_events_of_other_types_keep_their_order_and_their_own_entries() -> None:
    bus = FakeBus()

    batching(bus).publish([paid(id="a"), usage(id="1"), paid(id="b"), usage(id="2"), paid(id="c")])

    assert ids(bus) == [["a"], ["1", "2"], ["b"], ["c"]]


def test_events_of_two_sources_share_no_entry() -> None:
    bus = FakeBus()

    batching(bus).publish([usage(id="1"), usage(id="2", source="/partners/other"), usage(id="3")])

    assert ids(bus) == [["1", "3"], ["2"]]


def test_an_entry_is_as_large_as_costs_no_more() -> None:
    bus = FakeBus()
    large = [usage(id=str(n), data={"note": "é" * 5_000}) for n in range(20)]
    many = [usage(id=f"m{n}", source="/partners/many") for n in range(MOST + 1)]

    batching(bus).publish([*large, *many])

    assert all(entry_size(entry) <= CHUNK for call in bus.calls for entry in call)
    assert list(map(len, ids(bus))) == [6, 6, 6, 2, MOST, 1]


def test_events_far_apart_in_time_share_no_entry_and_the_entry_s_time_is_the_latest() -> None:
    bus = FakeBus()
    start = datetime(2026, 5, 20, tzinfo=UTC)
    times = [start, start + SPAN, start + SPAN + timedelta(seconds=1)]

    batching(bus).publish([usage(id=str(n), time=time.isoformat()) for n, time in enumerate(times)])

    assert ids(bus) == [["0", "1"], ["2"]]
    assert [entry["Time"] for entry in bus.calls[0]] == [start + SPAN, start + SPAN + timedelta(seconds=1)]


def test_only_a_trace_that_all_share_is_shown_to_x_ray() -> None:
    bus = FakeBus()
    alike, other = (usage(id=str(n), traceparent=trace) for n, trace in enumerate(TRACES))

    batching(bus).publish([alike, alike.model_copy(update={"id": "3"})])
    batching(bus).publish([alike, other])

    same, mixed = (call[0] for call in bus.calls)
    assert same["TraceHeader"] == to_entry(alike, "bus")["TraceHeader"]
    assert "TraceHeader" not in mixed


def test_every_event_of_an_entry_that_was_not_taken_is_named_by_its_place() -> None:
    bus = FakeBus(script={"1": ["InternalFailure"] * 3})

    failures = batching(bus).publish([paid(), usage(id="1"), paid(id="b"), usage(id="2")])

    assert sorted(failures) == [1, 3]
    assert "and 1 more" in str(failures[1])


def test_an_event_too_large_for_company_travels_alone() -> None:
    bus = FakeBus()

    batching(bus).publish([usage(id="1"), usage(id="2", data={"note": "x" * 70_000}), usage(id="3")])

    assert ids(bus) == [["1", "3"], ["2"]]
