from __future__ import annotations

from datetime import timedelta

from local.memory.stream import MemoryStream
from runtime.outbox import Change
from tests.unit.memory_builders import START, a_clock, a_function, dice


def a_change(key: str, *new: str) -> Change:
    return Change(key=key, new=new)


def a_stream(clock, handler, *, batch_size=10, max_attempts=3, bisect=True, shards=1):
    stream = MemoryStream("relay", clock=clock, random=dice(1), shards=shards)
    stream.attach(a_function(clock, handler), batch_size=batch_size, max_attempts=max_attempts, bisect=bisect)
    return stream


def keys(event):
    return [Change.from_stream_record(record).key for record in event["Records"]]


class Relay:
    """Takes what comes, but fails for batches with a bad key as long as it is bad."""

    def __init__(self, clock, bad=None):
        self.batches = []
        self.times = []
        self.bad = bad
        self._clock = clock

    def __call__(self, event, _):
        self.batches.append(keys(event))
        self.times.append(self._clock.now())
        if self.bad in keys(event):
            raise ValueError("bad")


def test_changes_reach_the_relay_in_their_order_and_in_batches():
    clock = a_clock()
    relay = Relay(clock)
    stream = a_stream(clock, relay, batch_size=2)

    for key in "abc":
        stream.put(a_change(key))
    clock.run_until_idle()

    assert relay.batches == [["a", "b"], ["c"]]


def test_a_record_carries_both_outboxes():
    clock, seen = a_clock(), []
    stream = a_stream(clock, lambda event, _: seen.extend(map(Change.from_stream_record, event["Records"])))
    change = Change(key="invoice", new=('{"id":"1"}', '{"id":"2"}'), old=('{"id":"1"}',))

    stream.put(change)
    clock.run_until_idle()

    assert seen == [change]


def test_a_failed_batch_is_tried_again_whole_before_anything_else():
    clock = a_clock()
    relay = Relay(clock, bad="b")
    stream = a_stream(clock, relay, batch_size=2, bisect=False)
    for key in "abc":
        stream.put(a_change(key))

    clock.advance(0.2)
    relay.bad = None
    clock.run_until_idle()

    assert relay.batches == [["a", "b"], ["a", "b"], ["c"]]


def test_a_batch_goes_to_the_failure_list_when_it_was_tried_often_enough():
    clock = a_clock()
    relay = Relay(clock, bad="b")
    stream = a_stream(clock, relay, batch_size=2, max_attempts=3, bisect=False)
    for key in "abc":
        stream.put(a_change(key))

    clock.run_until_idle()

    assert relay.batches == [["a", "b"]] * 3 + [["c"]]
    assert [[c.key for c in d.changes] for d in stream.discarded] == [["a", "b"]]
    assert "bad" in stream.discarded[0].error


def test_only_the_bad_record_is_lost_when_batches_are_bisected():
    clock = a_clock()
    relay = Relay(clock, bad="c")
    stream = a_stream(clock, relay, batch_size=4, max_attempts=2)
    for key in "abcd":
        stream.put(a_change(key))

    clock.run_until_idle()

    assert relay.batches == [["a", "b", "c", "d"], ["a", "b"], ["c", "d"], ["c"], ["c"], ["d"]]
    assert [[c.key for c in d.changes] for d in stream.discarded] == [["c"]]


def test_other_shards_go_on_when_one_is_held_up():
    clock = a_clock()
    relay = Relay(clock, bad="a")
    stream = a_stream(clock, relay, max_attempts=5, shards=2)
    stream.put(a_change("a"))
    stream.put(a_change("d"))

    clock.advance(1)

    assert ["d"] in relay.batches


def test_changes_of_one_key_stay_in_order_when_there_are_shards():
    clock, seen = a_clock(), []
    stream = a_stream(clock, lambda e, _: seen.extend(map(Change.from_stream_record, e["Records"])), shards=3)
    for number in range(30):
        stream.put(a_change(f"key{number % 5}", f'{{"id":"{number}"}}'))

    clock.run_until_idle()

    for key in {change.key for change in seen}:
        numbers = [change.new for change in seen if change.key == key]
        assert numbers == sorted(numbers, key=lambda new: int(new[0].split('"')[3]))
    assert len(seen) == 30


def test_changes_wait_when_no_relay_is_attached():
    clock = a_clock()
    relay = Relay(clock)
    stream = MemoryStream("relay", clock=clock, random=dice(1))
    stream.put(a_change("a"))
    clock.advance(60)

    stream.attach(a_function(clock, relay), batch_size=10, max_attempts=3)
    clock.run_until_idle()

    assert relay.batches == [["a"]]


def test_the_relay_pauses_when_it_has_failed():
    clock = a_clock()
    relay = Relay(clock, bad="a")
    stream = a_stream(clock, relay, max_attempts=2)

    stream.put(a_change("a"))
    clock.run_until_idle()

    assert relay.times == [START + timedelta(seconds=0.2), START + timedelta(seconds=1.2)]
