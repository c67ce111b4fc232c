from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from events.envelope import CloudEvent, format_time
from events.twins import in_versions
from events.versions import version_of
from runtime.errors import TransientError, Unpublishable
from runtime.outbox import KEPT, LARGEST_WRITE, MOST, MOST_BYTES, Change, OutboxRelay, extended
from tests.unit.event_builders import paid, usage
from tests.unit.runtime_fakes import FakeBus, FakeClock, FakeQueue, publisher

NOW = FakeClock().now()
EXAMPLES = Path(__file__).parents[2] / "examples"


def text(id_: str) -> str:
    return usage(id=id_).to_json()


def relay(bus: FakeBus, *changes: Change, queue: FakeQueue | None = None) -> list[str]:
    batch = {"Records": [change.to_stream_record(n) for n, change in enumerate(changes)]}
    OutboxRelay(publisher(bus), queue or FakeQueue(), name="billing-relay", clock=FakeClock())(batch, None)
    return [CloudEvent.parse(entry["Detail"]).id for call in bus.calls for entry in call]


def test_a_new_item_s_events_are_published() -> None:
    assert relay(FakeBus(), Change(key="i", new=(text("a"), text("b")))) == ["a", "b"]


def test_only_what_a_write_added_is_published() -> None:
    assert relay(FakeBus(), Change(key="i", new=(text("a"), text("b")), old=(text("a"),))) == ["b"]


def test_trimming_publishes_nothing() -> None:
    assert relay(FakeBus(), Change(key="i", new=(), old=(text("a"),))) == []


def test_writes_are_published_in_their_order_and_in_one_call() -> None:
    bus = FakeBus()

    ids = relay(bus, Change(key="i", new=(text("a"),)), Change(key="j", new=(text("b"),)))

    assert ids == ["a", "b"]
    assert len(bus.calls) == 1


def test_a_failed_event_fails_the_batch_so_that_the_stream_delivers_it_again() -> None:
    bus = FakeBus(script={"b": ["InternalFailure"] * 9})

    with pytest.raises(TransientError, match="1 items"):
        relay(bus, Change(key="i", new=(text("a"), text("b"))))


def test_an_item_s_next_event_waits_for_the_one_before_and_no_other_item_does() -> None:
    bus = FakeBus(script={"a": ["InternalFailure"] * 9})

    with pytest.raises(TransientError):
        relay(bus, Change(key="i", new=(text("a"), text("b"))), Change(key="j", new=(text("c"), text("d"))))

    sent = [CloudEvent.parse(entry["Detail"]).id for call in bus.calls for entry in call]
    assert [id_ for id_ in sent if id_ != "a"] == ["c", "d"]


@pytest.mark.parametrize("image", [{}, {"NewImage": {"pk": {"S": "x"}}}, {"OldImage": {"outbox": {"L": []}}}])
def test_items_without_an_outbox_and_deletions_publish_nothing(image: dict) -> None:
    record = {"dynamodb": {"Keys": {"pk": {"S": "x"}, "sk": {"S": "y"}}} | image}

    change = Change.from_stream_record(record)

    assert (change.key, change.added) == ("x/y", ())


def test_a_change_survives_the_stream() -> None:
    change = Change(key="i", new=(text("a"),), old=(text("b"),))

    assert Change.from_stream_record(change.to_stream_record(7)) == change


def test_an_outbox_grows_by_new_events_and_drops_those_long_published() -> None:
    old = usage(id="old", time=format_time(NOW - KEPT)).to_json()
    recent = usage(id="recent", time=format_time(NOW - KEPT + timedelta(seconds=1))).to_json()

    assert extended((old, recent), [paid()], NOW) == (recent, paid().to_json())


def test_an_event_that_can_never_be_published_is_a_dead_letter_and_holds_up_nothing() -> None:
    bus, queue = FakeBus(script={"bad": ["MalformedDetail"]}), FakeQueue()

    relay(bus, Change(key="i", new=(text("bad"), text("good"))), queue=queue)

    ((body, attributes),) = queue.dead
    assert CloudEvent.parse(body).id == "bad"
    assert (attributes["reason"], attributes["consumer"]) == ("unpublishable", "billing-relay")


@pytest.mark.parametrize("dead", [1, 2])
def test_of_an_event_in_two_versions_one_that_can_never_be_published_is_told_of_and_the_other_goes_out(
    dead: int,
) -> None:
    bus, queue = FakeBus(by_version={dead: ["MalformedDetail"]}), FakeQueue()
    twins = in_versions(CloudEvent.parse((EXAMPLES / "contact-v2.json").read_text()))

    relay(bus, Change(key="i", new=tuple(event.to_json() for event in twins)), queue=queue)

    tried = [version_of(CloudEvent.parse(entry["Detail"])) for call in bus.calls for entry in call]
    assert tried == [2, 1]
    assert [version_of(CloudEvent.parse(body)) for body, _ in queue.dead] == [dead]


def test_an_outbox_does_not_grow_without_end() -> None:
    outbox: tuple[str, ...] = ()

    for n in range(MOST * 3):
        outbox = extended(outbox, [usage(id=str(n), time=format_time(NOW))], NOW)

    assert len(outbox) == MOST + 1
    assert CloudEvent.parse(outbox[-1]).id == str(MOST * 3 - 1)


def test_an_outbox_of_large_events_keeps_fewer_of_them() -> None:
    entries = tuple(usage(id=str(n), time=format_time(NOW), data="x" * (MOST_BYTES // 3)).to_json() for n in range(9))

    outbox = extended(entries, [paid()], NOW)

    assert [CloudEvent.parse(entry).id for entry in outbox] == ["7", "8", paid().id]


def test_events_that_no_item_could_hold_are_refused() -> None:
    with pytest.raises(Unpublishable, match=f"one write's outbox takes {LARGEST_WRITE} at most"):
        extended((), [usage(data="x" * LARGEST_WRITE)], NOW)
