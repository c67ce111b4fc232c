from __future__ import annotations

from pathlib import Path

import pytest

from events.binding import entry_size, to_entry
from events.envelope import CloudEvent
from events.twins import in_versions
from runtime.claim_check import MemoryClaimChecks, checked_out
from runtime.errors import DependencyUnavailable, Throttled, TransientError, Unpublishable
from runtime.publisher import LARGE, MAX_BYTES
from tests.unit.event_builders import usage
from tests.unit.runtime_fakes import AwayClaims, FakeBus, publisher

EXAMPLES = Path(__file__).parents[2] / "examples"


def ids_of(bus: FakeBus) -> list[list[str]]:
    return [[entry["Detail"].split('"id":"')[1].split('"')[0] for entry in call] for call in bus.calls]


def test_events_go_in_order_ten_to_a_call() -> None:
    bus = FakeBus()

    failures = publisher(bus).publish([usage(id=str(n)) for n in range(23)])

    assert failures == {}
    assert [len(call) for call in bus.calls] == [10, 10, 3]
    assert [id_ for call in ids_of(bus) for id_ in call] == [str(n) for n in range(23)]


def test_a_call_stays_under_the_byte_limit() -> None:
    bus = FakeBus()
    events = [usage(id=str(n), data={"blob": "é" * 100_000}) for n in range(9)]

    publisher(bus).publish(events)

    assert [len(call) for call in bus.calls] == [4, 4, 1]
    assert all(sum(map(entry_size, call)) < MAX_BYTES for call in bus.calls)


def test_nothing_to_publish_is_no_call() -> None:
    bus = FakeBus()

    assert publisher(bus).publish([]) == {}
    assert bus.calls == []


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalFailure"])
def test_only_the_failed_entry_is_sent_again(code: str) -> None:
    bus = FakeBus(script={"1": [code]})

    failures = publisher(bus).publish([usage(id=str(n)) for n in range(3)])

    assert failures == {}
    assert ids_of(bus) == [["0", "1", "2"], ["1"]]


def test_a_bus_that_took_nothing_of_one_call_is_not_asked_for_the_next() -> None:
    bus = FakeBus(unavailable=True)

    failures = publisher(bus).publish([usage(id=str(n)) for n in range(25)])

    assert sorted(failures) == list(range(25))
    assert [len(call) for call in bus.calls] == [10, 10, 10]  # three attempts at the first ten


@pytest.mark.parametrize(
    ("code", "error"), [("ThrottlingException", Throttled), ("InternalFailure", DependencyUnavailable)]
)
def test_an_entry_that_keeps_failing_is_handed_back_as_transient(code: str, error: type[Exception]) -> None:
    bus = FakeBus(script={"1": [code] * 9})

    failures = publisher(bus).publish([usage(id="0"), usage(id="1")])

    assert {place: type(e) for place, e in failures.items()} == {1: error}
    assert len(bus.calls) == 3


def test_an_entry_that_aws_refuses_is_not_sent_again() -> None:
    bus = FakeBus(script={"0": ["MalformedDetail"]})

    failures = publisher(bus).publish([usage(id="0")])

    assert [type(e) for e in failures.values()] == [Unpublishable]
    assert len(bus.calls) == 1


def test_a_call_that_fails_whole_is_made_again() -> None:
    bus = FakeBus(outages=2)

    assert publisher(bus).publish([usage()]) == {}
    assert len(bus.calls) == 3


def test_an_outage_fails_every_event_and_names_each() -> None:
    bus = FakeBus(outages=9)

    failures = publisher(bus).publish([usage(id="0"), usage(id="1")])

    assert failures.keys() == {0, 1}
    assert all(isinstance(e, TransientError) for e in failures.values())


@pytest.mark.parametrize(
    "event",
    [usage(source="aws.s3"), usage(type="t" * 129), usage(data={"blob": "x" * MAX_BYTES})],
    ids=["reserved source", "long type", "too large"],
)
def test_what_aws_would_refuse_or_drop_is_never_sent(event) -> None:
    bus = FakeBus()

    failures = publisher(bus).publish([event, usage(id="good")])

    assert [type(e) for e in failures.values()] == [Unpublishable]
    assert ids_of(bus) == [["good"]]


def test_an_event_one_byte_under_the_limit_is_sent() -> None:
    bus = FakeBus()
    event = usage()

    failures = publisher(bus, max_bytes=entry_size(to_entry(event, "bus")) + 1).publish([event])

    assert failures == {}


def test_the_data_of_an_event_that_reaches_the_limit_is_checked_in() -> None:
    bus, claims = FakeBus(), MemoryClaimChecks()
    event = usage(data={"blob": "x" * 1_000})
    size = entry_size(to_entry(event, "bus"))

    failures = [publisher(bus, claims=claims, max_bytes=limit).publish([event]) for limit in (size, size + 1)]

    claimed, whole = (CloudEvent.parse(entry["Detail"]) for (entry,) in bus.calls)
    assert failures == [{}, {}]
    assert (claimed.data, whole) == (None, event)
    assert checked_out(claimed, claims) == event


def test_a_bucket_that_is_away_fails_only_the_event_that_needs_it() -> None:
    bus = FakeBus()
    large = usage(id="large", data={"blob": "x" * MAX_BYTES})

    failures = publisher(bus, claims=AwayClaims()).publish([large, usage(id="small")])

    assert {place: type(e) for place, e in failures.items()} == {0: DependencyUnavailable}
    assert ids_of(bus) == [["small"]]


@pytest.mark.parametrize(
    "event",
    [usage(id="i" * MAX_BYTES), usage(data="x" * 6_000_000), usage(type="t" * 129, data="x" * MAX_BYTES)],
    ids=["long id", "too much data", "long type"],
)
def test_what_cannot_travel_even_without_its_data_is_never_sent(event: CloudEvent) -> None:
    bus = FakeBus()

    failures = publisher(bus, claims=MemoryClaimChecks()).publish([event])

    assert [type(e) for e in failures.values()] == [Unpublishable]
    assert bus.calls == []


@pytest.mark.parametrize("failing", [1, 2])
def test_of_an_event_in_two_versions_only_the_failed_one_is_sent_again(failing: int) -> None:
    bus = FakeBus(by_version={failing: ["InternalFailure"]})
    newest, oldest = contact_in_versions()

    failures = publisher(bus).publish([newest, oldest])

    again = oldest if failing == 1 else newest
    assert failures == {}
    assert [[CloudEvent.parse(entry["Detail"]) for entry in call] for call in bus.calls] == [[newest, oldest], [again]]


def test_of_an_event_in_two_versions_each_failure_is_told_of() -> None:
    bus = FakeBus(by_version={1: ["MalformedDetail"], 2: ["InternalFailure"] * 9})

    failures = publisher(bus).publish(contact_in_versions())

    assert {place: type(error) for place, error in failures.items()} == {0: DependencyUnavailable, 1: Unpublishable}


def contact_in_versions() -> tuple[CloudEvent, ...]:
    return in_versions(CloudEvent.parse((EXAMPLES / "contact-v2.json").read_text()))


def test_a_large_event_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    bus = FakeBus(script={"large": ["InternalFailure"]})
    large = usage(id="large", data={"blob": "x" * LARGE})

    publisher(bus).publish([large, usage(id="small")])

    (line,) = (vars(record) for record in caplog.records)
    assert (line["levelname"], line["message"]) == ("WARNING", "large_event")
    assert (line["event_type"], line["event_id"]) == (large.type, "large")
    assert line["bytes"] == entry_size(to_entry(large, "bus"))
