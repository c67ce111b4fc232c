"""A message with several events: each has its own fate, and none is handled because of another."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from contracts.lines import lines_in
from events.binding import events_in
from events.envelope import CloudEvent, InvalidEvent
from functions.notification.manifest import MESSAGES
from local.memory.clock import VirtualClock
from local.memory.idempotency import MemoryIdempotency
from runtime.errors import BusinessRuleViolated, Conflict, Crashed, Throttled
from runtime.idempotency import Once
from runtime.outcome import Handle, Outcome, Together
from tests.unit.event_builders import known_events, usage
from tests.unit.runtime_fakes import FakeContext, message_attributes, sqs_record
from tests.unit.test_consumer import World, echo

SPEC = replace(MESSAGES, dedup="state")


def message(*events: CloudEvent | object, **record: object) -> dict:
    elements = [event.to_dict() if isinstance(event, CloudEvent) else event for event in events]
    return sqs_record(json.dumps(elements), **record)


def several(count: int) -> list[CloudEvent]:
    return [usage(id=f"e-{n}") for n in range(count)]


def failing(errors: dict[str, Exception]) -> Handle:
    def handle(event: CloudEvent) -> Outcome:
        if error := errors.get(event.id):
            raise error
        return Outcome()

    return handle


def ids_in(body: str) -> list[str]:
    return [event.id for event in known_events(body)]


def test_every_event_of_a_message_is_handled_and_their_events_leave_in_one_call() -> None:
    world = World(echo, spec=SPEC)

    failed = world.deliver(message(*several(3)), message(usage(id="another"), usage(id="one"), id_="m-2"))

    assert failed == []
    assert [len(call) for call in world.bus.calls] == [5]


def test_a_message_whose_events_all_failed_comes_again_as_it_is() -> None:
    world = World(failing(dict.fromkeys(("e-0", "e-1"), Conflict("busy"))), spec=SPEC)

    failed = world.deliver(message(*several(2)))

    assert failed == ["m-1"]
    assert (world.queue.delays, world.queue.deferred) == ({"r-m-1": 4}, [])


def test_of_a_message_only_the_events_that_failed_come_again_with_the_tries_they_have_had() -> None:
    world = World(failing(dict.fromkeys(("e-1", "e-3"), Conflict("busy"))), spec=SPEC)

    failed = world.deliver(message(*several(5), tries=2))

    ((body, attributes, seconds),) = world.queue.deferred
    assert failed == []
    assert ids_in(body) == ["e-1", "e-3"]
    assert (attributes["tries"], seconds) == ("2", 8)


def test_an_event_that_came_again_by_itself_has_its_last_try_when_it_is_due() -> None:
    world = World(failing({"e-1": Conflict("busy")}), spec=SPEC)
    world.deliver(message(*several(2), tries=2))
    ((body, attributes, _),) = world.queue.deferred

    world.deliver(sqs_record(body) | {"messageAttributes": message_attributes(attributes)})

    ((letter, told),) = world.queue.dead
    assert ids_in(letter) == ["e-1"]
    assert (told["attempts"], told["reason"], told["first_seen"]) == ("3", "conflict", attributes["first_seen"])


def test_an_event_that_can_never_succeed_is_a_dead_letter_of_its_own() -> None:
    errors = {"e-0": BusinessRuleViolated("no price"), "e-2": BusinessRuleViolated("void")}
    world = World(failing(errors), spec=SPEC)

    failed = world.deliver(message(*several(3)))

    assert failed == []
    assert [(ids_in(body), told["error_message"]) for body, told in world.queue.dead] == [
        (["e-0"], "no price"),
        (["e-2"], "void"),
    ]


def test_what_is_no_event_is_a_dead_letter_of_its_own_and_the_others_are_handled() -> None:
    world = World(echo, spec=SPEC)

    failed = world.deliver(message(usage(), {"specversion": "1.0", "id": "nameless"}, usage(id="e-2")))

    ((body, told),) = world.queue.dead
    assert failed == []
    assert world.published == ["echo", "echo"]
    assert told["reason"] == "unreadable"
    with pytest.raises(InvalidEvent, match="source: Field required"):
        events_in(body)


def test_a_consumer_may_make_something_of_what_is_no_event_among_others() -> None:
    def tell(body: str, error: InvalidEvent) -> Outcome:
        return Outcome.of([usage(id="told", data={"of": body, "field": error.problems[0].field})])

    world = World(echo, spec=SPEC, on_unreadable=tell)

    world.deliver(message(usage(), 7))

    assert world.published == ["echo", "partner.usage.reported"]
    assert json.loads(world.bus.calls[0][1]["Detail"])["data"] == {"of": "[7]", "field": "event"}


def test_each_event_ends_as_its_own_error_says() -> None:
    errors = {"e-0": BusinessRuleViolated("no"), "e-1": Conflict("busy"), "e-2": Throttled("slow down")}
    world = World(failing(errors), spec=SPEC)

    failed = world.deliver(message(*several(5)))

    sent = {tuple(ids_in(body)): attributes["tries"] for body, attributes, _ in world.queue.deferred}
    assert failed == []
    assert sent == {("e-1",): "1", ("e-2",): "0"}
    assert [ids_in(body) for body, _ in world.queue.dead] == [["e-0"]]


def test_a_message_that_could_not_be_settled_comes_again_whole() -> None:
    world = World(failing({"e-1": Conflict("busy")}), spec=SPEC)
    world.queue.broken = True

    assert world.deliver(message(*several(3))) == ["m-1"]


def test_the_dead_of_a_message_that_there_is_no_time_to_bury_come_again_without_the_buried() -> None:
    world = World(failing(dict.fromkeys((f"e-{n}" for n in range(6)), BusinessRuleViolated("no"))), spec=SPEC)
    context = FakeContext()
    world.queue.on_call = lambda: context.spend(8_000)

    failed = world.deliver(message(*several(7)), context=context)

    ((body, attributes, _),) = world.queue.deferred
    buried = [id_ for letter, _ in world.queue.dead for id_ in ids_in(letter)]
    assert failed == []
    assert buried == ["e-0", "e-1"]
    assert ids_in(body) == ["e-2", "e-3", "e-4", "e-5"]
    assert attributes["tries"] == "0"


def test_a_message_that_crashed_its_function_is_one_letter_unread() -> None:
    world = World(echo, spec=SPEC)

    world.deliver(message(*several(3), tries=4))

    ((body, told),) = world.queue.dead
    assert ids_in(body) == ["e-0", "e-1", "e-2"]
    assert told["reason"] == Crashed.code
    assert "event_id" not in told


def test_events_of_several_messages_are_handled_together() -> None:
    batches: list[list[str]] = []

    def handle(events: list[CloudEvent]) -> list[Outcome | Exception]:
        batches.append([event.id for event in events])
        return [BusinessRuleViolated("no") if event.id == "e-1" else Outcome() for event in events]

    world = World(Together(handle), spec=SPEC)  # type: ignore[arg-type]

    failed = world.deliver(message(*several(2)), message(usage(id="x"), usage(id="y"), id_="m-2"))

    assert failed == []
    assert batches == [["e-0", "e-1", "x", "y"]]
    assert [ids_in(body) for body, _ in world.queue.dead] == [["e-1"]]


def test_an_effect_is_done_once_for_an_event_that_is_in_a_message_twice() -> None:
    done: list[str] = []

    def handle(event: CloudEvent) -> Outcome:
        done.append(event.id)
        return Outcome()

    clock = VirtualClock(World(handle).clock.now())
    world = World(handle, once=Once(MemoryIdempotency(clock=clock), MESSAGES.name))

    failed = world.deliver(message(usage(), usage(id="other"), usage()))

    assert failed == []
    assert done == ["e-1", "other"]


def test_events_that_ended_alike_are_told_of_in_one_line_that_is_read_as_one_for_each(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("INFO")
    world = World(failing({"e-1": BusinessRuleViolated("no")}), spec=SPEC)

    world.deliver(message(*several(4)))

    records = [record for record in caplog.records if record.getMessage() in ("handled", "dead_letter")]
    good, bad = sorted(records, key=lambda record: record.getMessage() == "dead_letter")
    told = {name: getattr(good, name) for name in ("consumer", "outcome", "event_type", "events", "message_id")}
    lines = lines_in(json.dumps(told), function="f", at=1)
    assert len(records) == 2
    assert [line.event_id for line in lines] == ["e-0", "e-2", "e-3"]
    assert {(line.event_type, line.outcome) for line in lines} == {("partner.usage.reported", "handled")}
    assert (bad.event_id, bad.reason) == ("e-1", "business_rule")  # type: ignore[attr-defined]
