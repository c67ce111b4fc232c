from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from local.memory.bus import BusRefused, MemoryBus
from local.memory.latency import Span
from local.memory.patterns import InvalidPattern
from runtime.errors import DependencyUnavailable
from tests.unit.memory_builders import START, a_clock, a_queue, an_entry, dice


def a_bus(clock, **settings):
    return MemoryBus("main", clock=clock, random=dice(1), **settings)


def a_wired_bus(pattern=None, **settings):
    clock = a_clock()
    bus, queue = a_bus(clock, **settings), a_queue(clock)
    bus.add_rule("all", pattern or {"source": [{"exists": True}]}, queue)
    return clock, bus, queue


def received(queue):
    return [json.loads(m.body) for m in queue.peek()]


def test_an_event_reaches_the_queue_in_eventbridges_envelope():
    clock, bus, queue = a_wired_bus()

    answer = bus.put_events([an_entry(Resources=["arn:one"])])
    clock.run_until_idle()

    assert received(queue) == [
        {
            "version": "0",
            "id": answer["Entries"][0]["EventId"],
            "detail-type": "order.placed",
            "source": "shop",
            "account": "000000000000",
            "time": "2026-05-20T14:30:00Z",
            "region": "eu-central-1",
            "resources": ["arn:one"],
            "detail": {"number": 1},
        }
    ]


def test_the_envelope_has_the_entrys_own_time_in_utc():
    clock, bus, queue = a_wired_bus()
    time = datetime(2026, 1, 1, 2, 0, 0, 999, tzinfo=timezone(timedelta(hours=2)))

    bus.put_events([an_entry(Time=time)])
    clock.run_until_idle()

    assert [e["time"] for e in received(queue)] == ["2026-01-01T00:00:00Z"]


def test_the_envelope_is_json_when_source_and_type_need_escapes():
    clock, bus, queue = a_wired_bus()

    bus.put_events([an_entry('a "quoted" \\ type', Source='sh"op', Detail='{"x": "ü\\u0000"}')])
    clock.run_until_idle()

    (event,) = received(queue)
    assert (event["detail-type"], event["source"], event["detail"]) == (
        'a "quoted" \\ type',
        'sh"op',
        {"x": "ü\0"},
    )


def test_an_event_goes_only_where_a_rule_matches():
    clock = a_clock()
    bus, placed, large = a_bus(clock), a_queue(clock, "placed"), a_queue(clock, "large")
    bus.add_rule("placed", {"detail-type": ["order.placed"]}, placed)
    bus.add_rule("large", {"detail": {"number": [{"numeric": [">", 100]}]}}, large)

    bus.put_events([an_entry(), an_entry("order.paid", Detail='{"number": 500}'), an_entry("order.sent")])
    clock.run_until_idle()

    assert [e["detail-type"] for e in received(placed)] == ["order.placed"]
    assert [e["detail-type"] for e in received(large)] == ["order.paid"]


def test_an_event_goes_to_every_rule_that_matches():
    clock = a_clock()
    bus, first, second = a_bus(clock), a_queue(clock, "first"), a_queue(clock, "second")
    bus.add_rule("first", {"detail-type": ["order.placed"]}, first)
    bus.add_rule("second", {"source": ["shop"]}, second)

    bus.put_events([an_entry()])
    clock.run_until_idle()

    assert received(first) == received(second) != []


def test_a_rule_is_refused_when_its_pattern_is_invalid():
    clock = a_clock()

    with pytest.raises(InvalidPattern):
        a_bus(clock).add_rule("bad", {"source": "shop"}, a_queue(clock))


def test_an_event_arrives_after_the_bus_latency():
    clock, bus, queue = a_wired_bus(latency=Span(0.5, 0.5))

    bus.put_events([an_entry()])
    clock.advance(0.4)
    too_early = len(queue)
    clock.advance(0.1)

    assert (too_early, len(queue)) == (0, 1)


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        pytest.param(an_entry(Source=None), "InvalidArgument", id="without a source"),
        pytest.param(an_entry(DetailType=None), "InvalidArgument", id="without a detail type"),
        pytest.param(an_entry(Detail=None), "InvalidArgument", id="without a detail"),
        pytest.param(an_entry(Source=""), "InvalidArgument", id="with an empty source"),
        pytest.param(an_entry("x" * 129), "InvalidArgument", id="with a detail type of 129 characters"),
        pytest.param(an_entry(Source="x" * 257), "InvalidArgument", id="with a source of 257 characters"),
        pytest.param(an_entry(Source="aws.ec2"), "NotAuthorizedForSourceException", id="with an AWS source"),
        pytest.param(an_entry(Detail="{"), "MalformedDetail", id="with a detail that is no JSON"),
        pytest.param(an_entry(Detail="[1]"), "MalformedDetail", id="with a detail that is a list"),
        pytest.param(an_entry(Detail='"x"'), "MalformedDetail", id="with a detail that is a string"),
    ],
)
def test_an_entry_fails_alone_when_it_is(entry, code):
    clock, bus, queue = a_wired_bus()

    answer = bus.put_events([an_entry(), entry, an_entry()])
    clock.run_until_idle()

    assert answer["FailedEntryCount"] == 1
    assert [e.get("ErrorCode") for e in answer["Entries"]] == [None, code, None]
    assert len(queue) == 2


def test_a_detail_type_of_128_characters_is_accepted():
    _, bus, _ = a_wired_bus()

    assert bus.put_events([an_entry("x" * 128)])["FailedEntryCount"] == 0


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([], id="no entry"),
        pytest.param([an_entry()] * 11, id="eleven entries"),
        pytest.param([an_entry(Detail=json.dumps({"x": "x" * 999_990}))], id="a megabyte in one entry"),
        pytest.param([an_entry(Detail=json.dumps({"x": "x" * 500_000}))] * 2, id="a megabyte in all"),
    ],
)
def test_a_call_is_refused_whole_when_it_has(entries):
    clock, bus, queue = a_wired_bus()

    with pytest.raises(BusRefused) as refusal:
        bus.put_events(entries)

    clock.run_until_idle()
    assert refusal.value.code == "ValidationException"
    assert len(queue) == 0


def test_an_event_for_another_bus_is_answered_and_lost():
    clock, bus, queue = a_wired_bus()

    answer = bus.put_events([an_entry(EventBusName="typo")])
    clock.run_until_idle()

    assert answer["FailedEntryCount"] == 0
    assert len(queue) == 0


def test_the_port_gives_one_result_for_each_entry():
    _, bus, _ = a_wired_bus()

    results = bus.put([an_entry(), an_entry(Source="aws.ec2")])

    assert [r.error_code for r in results] == [None, "NotAuthorizedForSourceException"]


def test_the_port_has_a_transient_error_when_the_call_is_refused():
    _, bus, _ = a_wired_bus()

    with pytest.raises(DependencyUnavailable):
        bus.put([an_entry()] * 11)


def test_an_event_goes_to_the_rules_dlq_when_its_target_refuses_it():
    clock = a_clock()
    bus, queue, dead_letters = a_bus(clock, max_bytes=5_000_000), a_queue(clock), a_queue(clock, "dead")
    bus.add_rule("all", {"source": ["shop"]}, queue, dead_letter_queue=dead_letters)

    bus.put_events([an_entry(Detail=json.dumps({"x": "ä" * 600_000}, ensure_ascii=False))])
    clock.run_until_idle()

    (dead,) = dead_letters.peek()
    assert len(queue) == 0
    assert dead.attributes["ERROR_CODE"] == "InvalidParameterValue"
    assert dead.attributes["RULE_ARN"].endswith("rule/all")


def test_archived_events_are_replayed_with_their_ids_and_times():
    clock, bus, queue = a_wired_bus(archive=True)
    bus.put_events([an_entry()])
    clock.run_until_idle()
    clock.advance(3600)
    bus.put_events([an_entry("too late")])
    clock.run_until_idle()
    (first, _) = received(queue)
    queue.purge()

    count = bus.replay(START, START + timedelta(minutes=1), name="again")
    clock.run_until_idle()

    assert count == 1
    assert received(queue) == [{**first, "replay-name": "again"}]


def test_replayed_events_are_not_archived_again():
    clock, bus, _ = a_wired_bus(archive=True)
    bus.put_events([an_entry()])

    bus.replay(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    clock.run_until_idle()

    assert bus.archive is not None
    assert len(bus.archive) == 1


def test_ids_are_the_same_when_the_seed_is():
    ids = [a_wired_bus()[1].put_events([an_entry()])["Entries"][0]["EventId"] for _ in range(2)]

    assert ids[0] == ids[1]


def test_an_aws_service_tells_its_news_under_its_own_source():
    clock, bus, queue = a_wired_bus({"source": ["aws.s3"]})

    bus.tell("aws.s3", "Object Created", {"object": {"key": "Größe.csv"}})
    clock.run_until_idle()

    (event,) = received(queue)
    assert (event["detail-type"], event["detail"]) == ("Object Created", {"object": {"key": "Größe.csv"}})
