from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from events.binding import to_entry
from events.catalog import payload_of
from events.envelope import CloudEvent, InvalidEvent
from events.twins import in_versions
from events.versions import dataschema, version_of
from functions.notification.manifest import MESSAGES
from functions.notification.ports import EndpointUnavailable
from local.memory.clock import VirtualClock
from local.memory.idempotency import MemoryIdempotency
from runtime.claim_check import ENOUGH_BYTES, MemoryClaimChecks, checked_in
from runtime.consumer import QueueConsumer
from runtime.errors import (
    BusinessRuleViolated,
    CircuitOpen,
    Conflict,
    DependencyUnavailable,
    InFlightElsewhere,
    Throttled,
    Unfinished,
)
from runtime.idempotency import Once
from runtime.outcome import Handle, Outcome, Together
from tests.unit.event_builders import paid, usage
from tests.unit.runtime_fakes import (
    AwayClaims,
    FakeBus,
    FakeClock,
    FakeContext,
    FakeQueue,
    message_attributes,
    publisher,
    sqs_record,
)

FAILED = "batchItemFailures"
EXAMPLES = Path(__file__).parents[2] / "examples"


class World:
    """One consumer with everything around it in sight."""

    def __init__(self, handle: Handle | Together, **options) -> None:
        self.bus = FakeBus()
        self.queue = FakeQueue()
        self.clock = FakeClock()
        self.consumer = QueueConsumer(
            options.pop("spec", MESSAGES),
            handle,
            publisher=publisher(self.bus),
            queue=self.queue,
            clock=self.clock,
            jitter=lambda _, most: most,
            **options,
        )

    def deliver(self, *records: dict, remaining: int = 30_000, context: FakeContext | None = None) -> list[str]:
        """The message ids that SQS is to show again."""
        answer = self.consumer({"Records": list(records)}, context or FakeContext(remaining))
        return [failure["itemIdentifier"] for failure in answer[FAILED]]

    @property
    def published(self) -> list[str]:
        return [entry["DetailType"] for call in self.bus.calls for entry in call]


def echo(event: CloudEvent) -> Outcome:
    child = event.caused("echo", source="/echo", data={}, time=FakeClock().now())
    return Outcome.of([child])


def refuse(error: Exception) -> Handle:
    def handle(_: CloudEvent) -> Outcome:
        raise error

    return handle


def fail_for(*ids: str, error: Exception) -> Handle:
    def handle(event: CloudEvent) -> Outcome:
        if event.id in ids:
            raise error
        return echo(event)

    return handle


def test_the_events_of_a_whole_batch_leave_in_one_call() -> None:
    world = World(echo)

    failed = world.deliver(*(sqs_record(usage(id=str(n)), id_=str(n)) for n in range(10)))

    assert failed == []
    assert [len(call) for call in world.bus.calls] == [10]


def test_one_failing_record_in_ten_fails_alone() -> None:
    world = World(fail_for("4", error=Conflict("busy")))

    failed = world.deliver(*(sqs_record(usage(id=str(n)), id_=str(n)) for n in range(10)))

    assert failed == ["4"]
    assert len(world.published) == 9


def test_a_batch_that_fails_whole_is_reported_record_by_record() -> None:
    world = World(refuse(Conflict("busy")))

    assert world.deliver(sqs_record(usage(), id_="a"), sqs_record(usage(), id_="b")) == ["a", "b"]


def test_failures_of_one_invocation_are_forgotten_in_the_next() -> None:
    world = World(fail_for("bad", error=Conflict("busy")))
    world.deliver(sqs_record(usage(id="bad"), id_="bad"))

    assert world.deliver(sqs_record(usage(id="good"), id_="good")) == []


@pytest.mark.parametrize(("tries", "seconds"), [(1, 4), (2, 8)])
def test_a_transient_failure_comes_back_after_an_exponential_backoff(tries: int, seconds: int) -> None:
    world = World(refuse(Conflict("busy")))

    world.deliver(sqs_record(usage(), tries=tries))

    assert world.queue.delays == {"r-m-1": seconds}
    assert world.queue.dead == []


def test_the_last_try_is_a_dead_letter_with_everything_known() -> None:
    world = World(refuse(Conflict("busy")))
    record = sqs_record(paid(), tries=3)

    failed = world.deliver(record)

    ((body, attributes),) = world.queue.dead
    assert failed == []
    assert body == record["body"]
    assert attributes == {
        "reason": "conflict",
        "error_class": "Conflict",
        "error_message": "busy",
        "attempts": "3",
        "consumer": "notification",
        "first_seen": "2026-05-28T20:26:40Z",
        "failed_at": "2026-06-01T12:00:00Z",
        "event_source": "billing-service",
        "event_id": "evt_01J2XYZ",
        "event_type": "billing.invoice.paid",
    }


def test_a_permanent_failure_is_a_dead_letter_at_its_first_try() -> None:
    world = World(refuse(BusinessRuleViolated("paid already")))

    failed = world.deliver(sqs_record(paid()))

    assert failed == []
    assert [(a["reason"], a["attempts"]) for _, a in world.queue.dead] == [("business_rule", "1")]


def test_an_unforeseen_exception_is_tried_again_and_then_named() -> None:
    world = World(refuse(ZeroDivisionError("division by zero")))

    first, last = world.deliver(sqs_record(paid())), world.deliver(sqs_record(paid(), tries=3))

    assert (first, last) == (["m-1"], [])
    assert [(a["reason"], a["error_class"]) for _, a in world.queue.dead] == [("unexpected", "ZeroDivisionError")]


@pytest.mark.parametrize("body", ["nope", "{}", '{"specversion": "0.3"}'])
def test_an_unreadable_message_is_a_dead_letter_with_the_reason(body: str) -> None:
    world = World(echo)

    failed = world.deliver(sqs_record(body))

    assert failed == []
    assert [(b, a["reason"]) for b, a in world.queue.dead] == [(body, "unreadable")]


def test_data_that_does_not_fit_the_catalog_is_a_dead_letter_naming_the_field() -> None:
    def read(event: CloudEvent) -> Outcome:
        payload_of(event)
        return Outcome()

    world = World(read)

    world.deliver(sqs_record(paid(data={"amount": 1})))

    assert "data.invoice_id" in world.queue.dead[0][1]["error_message"]


def test_a_consumer_may_make_something_of_an_unreadable_message() -> None:
    def reject(body: str, _: InvalidEvent) -> Outcome:
        return echo(usage(id=body))

    world = World(echo, on_unreadable=reject)

    world.deliver(sqs_record("nope"))

    assert world.published == ["echo"]
    assert world.queue.dead == []


def test_a_record_whose_event_could_not_be_published_is_tried_again() -> None:
    world = World(echo)
    child = echo(usage(id="b")).events[0]
    world.bus.script = {child.id: ["InternalFailure"] * 9}

    failed = world.deliver(sqs_record(usage(id="a"), id_="a"), sqs_record(usage(id="b"), id_="b"))

    assert failed == ["b"]


def test_a_record_whose_event_can_never_be_published_is_a_dead_letter() -> None:
    def handle(event: CloudEvent) -> Outcome:
        return Outcome.of([event.caused("t" * 200, source="/x", data={}, time=FakeClock().now())])

    world = World(handle)

    failed = world.deliver(sqs_record(usage()))

    assert failed == []
    assert world.queue.dead[0][1]["reason"] == "unpublishable"


def test_a_dead_letter_that_the_dlq_did_not_take_stays_in_its_queue() -> None:
    world = World(refuse(BusinessRuleViolated("no")))
    world.queue.broken = True

    assert world.deliver(sqs_record(paid())) == ["m-1"]


def test_an_eventbridge_event_is_unwrapped() -> None:
    seen: list[CloudEvent] = []

    def handle(event: CloudEvent) -> Outcome:
        seen.append(event)
        return Outcome()

    entry = to_entry(paid(), "bus")
    body = {"detail-type": entry["DetailType"], "source": entry["Source"], "detail": json.loads(entry["Detail"])}
    World(handle).deliver(sqs_record(json.dumps(body)))

    assert seen == [paid()]


def test_every_record_ends_in_one_canonical_line(caplog: pytest.LogCaptureFixture) -> None:
    world = World(fail_for("bad", error=Conflict("busy")))

    world.deliver(sqs_record(usage(id="good"), id_="a"), sqs_record(usage(id="bad"), id_="b", tries=2))

    good, bad = (vars(line) for line in caplog.records if hasattr(line, "outcome"))
    assert (good["outcome"], good["event_id"], good["consumer"]) == ("handled", "good", "notification")
    assert good["events_out"][0].startswith("echo ")
    assert (bad["outcome"], bad["attempts"], bad["error_class"]) == ("retry", 2, "Conflict")
    assert "error_class" not in good


def test_a_reason_that_sqs_would_refuse_is_made_fit() -> None:
    world = World(refuse(BusinessRuleViolated("bell \x07, half \ud800, none \uffff and " + "x" * 5000)))

    world.deliver(sqs_record(paid()))

    message = world.queue.dead[0][1]["error_message"]
    assert len(message) == 1024
    assert message.startswith("bell \ufffd, half \ufffd, none \ufffd and x")


@pytest.mark.parametrize("limit", [30_000, 8_000])
def test_no_record_is_begun_that_the_function_s_time_limit_would_cut_off(limit: int) -> None:
    context = FakeContext(remaining=limit)

    def slow(event: CloudEvent) -> Outcome:
        context.spend(limit * 2 // 3)
        return echo(event)

    world = World(slow)
    records = [sqs_record(usage(id=id_), id_=id_) for id_ in ("a", "b", "c")]

    answer = world.consumer({"Records": records}, context)

    assert answer == {FAILED: []}
    assert [body for body, _, _ in world.queue.deferred] == [usage(id=id_).to_json() for id_ in ("b", "c")]
    assert len(world.published) == 1


def test_what_was_settled_stays_settled_when_the_time_is_over_before_all_is() -> None:
    world = World(refuse(BusinessRuleViolated("never")))
    records = [sqs_record(usage(id=id_), id_=id_) for id_ in ("a", "b", "c")]
    context = FakeContext(remaining=30_000)
    world.queue.on_call = lambda: context.spend(12_000)

    answer = world.consumer({"Records": records}, context)

    assert answer == {FAILED: [{"itemIdentifier": "c"}]}
    assert [body for body, _ in world.queue.dead] == [usage(id=id_).to_json() for id_ in ("a", "b")]


# Several versions of one event


def contact(version: int, **changes: Any) -> CloudEvent:
    event = CloudEvent.parse((EXAMPLES / "contact-v2.json").read_text())
    return CloudEvent.parse(event.to_dict() | {"dataschema": dataschema(event.type, version)} | changes)


def read(event: CloudEvent) -> Outcome:
    payload_of(event)
    return echo(event)


def read_together(events: Sequence[CloudEvent]) -> list[Outcome | Exception]:
    return [told(event) for event in events]


def told(event: CloudEvent) -> Outcome | Exception:
    try:
        return read(event)
    except InvalidEvent as error:
        return error


@pytest.mark.parametrize("handle", [read, Together(read_together)], ids=["one by one", "together"])
def test_a_version_of_tomorrow_is_let_pass_when_one_of_today_travels_too(
    handle: Handle | Together, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(handle)

    again = world.deliver(sqs_record(contact(9, olderversions="2"), id_="new"), sqs_record(contact(2), id_="old"))

    (new, old) = (vars(line) for line in caplog.records if hasattr(line, "outcome"))
    assert (again, world.queue.dead, world.published) == ([], [], ["echo"])
    assert (new["outcome"], old["outcome"]) == ("suppressed", "handled")
    assert new["suppressed_because"].endswith(
        "customer.contact.updated v9 is unknown, and left to v2 of the same event"
    )
    assert "suppressed_because" not in old


@pytest.mark.parametrize("handle", [read, Together(read_together)], ids=["one by one", "together"])
def test_a_version_of_tomorrow_that_travels_alone_is_a_dead_letter(handle: Handle | Together) -> None:
    world = World(handle)

    again = world.deliver(sqs_record(contact(9)))

    ((_, attributes),) = world.queue.dead
    assert again == []
    assert (attributes["reason"], attributes["attempts"]) == ("unreadable", "1")
    assert attributes["error_message"].endswith("v9 is unknown: known: v1, v2")


def test_a_version_that_is_let_pass_is_not_remembered_as_done() -> None:
    """Else its other version would be taken for a duplicate."""
    store = MemoryIdempotency(clock=VirtualClock(FakeClock().now()))
    world = World(read, once=Once(store, "notification"))

    world.deliver(sqs_record(contact(9, olderversions="2")), sqs_record(contact(2), id_="old"))

    assert world.published == ["echo"]
    assert world.queue.dead == []


@pytest.mark.parametrize("codes", [("MalformedDetail", "InternalFailure"), ("InternalFailure", "MalformedDetail")])
def test_an_event_is_tried_again_as_long_as_that_may_help_one_of_its_versions(codes: tuple[str, str]) -> None:
    twins = in_versions(contact(2))
    world = World(lambda _: Outcome.of(twins))
    world.bus.by_version = {version_of(e): [code] * 3 for e, code in zip(twins, codes, strict=True)}

    first, dead_after_first = world.deliver(sqs_record(usage())), list(world.queue.dead)
    second = world.deliver(sqs_record(usage(), tries=2))

    assert (first, dead_after_first) == (["m-1"], [])
    assert (second, [a["reason"] for _, a in world.queue.dead]) == ([], ["unpublishable"])


def test_a_version_that_could_not_be_published_fails_the_message_though_the_other_one_was() -> None:
    twins = in_versions(contact(2))
    world = World(lambda _: Outcome.of(twins))
    world.bus.by_version = {1: ["MalformedDetail"]}

    world.deliver(sqs_record(usage()))

    assert [a["reason"] for _, a in world.queue.dead] == ["unpublishable"]


def test_a_message_whose_event_was_published_does_not_fail_with_the_other_version_s() -> None:
    world = World(lambda event: Outcome.of([event]))
    world.bus.by_version = {1: ["MalformedDetail"]}
    records = [sqs_record(event, id_=f"v{version_of(event)}") for event in in_versions(contact(2))]

    again = world.deliver(*records)

    assert again == []
    assert [body for body, _ in world.queue.dead] == [records[1]["body"]]


# What says nothing about the message


def again(world: World) -> dict[str, Any]:
    """The message that the last deferral has sent, as it is received."""
    body, attributes, _ = world.queue.deferred[-1]
    return sqs_record(body) | {"messageAttributes": message_attributes(attributes)}


@pytest.mark.parametrize("error", [Throttled("slowly"), InFlightElsewhere("at work"), CircuitOpen("down")])
def test_what_says_nothing_about_the_message_costs_no_try_however_often_it_happens(error: Exception) -> None:
    world = World(refuse(error))
    world.deliver(sqs_record(usage(), tries=2))

    for _ in range(10):
        assert world.deliver(again(world)) == []

    assert world.queue.dead == []
    assert world.queue.deferred[-1][0] == usage().to_json()
    assert world.queue.deferred[-1][1] == {
        "tries": "1",
        "deferrals": "11",
        "deferred_since": "2026-06-01T12:00:00Z",
        "first_seen": "2026-05-28T20:26:40Z",
    }


def test_a_deferred_message_waits_longer_each_time_and_never_longer_than_the_cap() -> None:
    world = World(refuse(Throttled("slowly")))
    world.deliver(sqs_record(usage()))

    for _ in range(12):
        world.deliver(again(world))

    waits = [seconds for *_, seconds in world.queue.deferred]
    assert waits[:4] == [4, 8, 16, 32]
    assert max(waits) == MESSAGES.backoff.cap == 900


def test_a_deferred_message_has_the_tries_left_that_it_had() -> None:
    errors = [Conflict("busy"), Throttled("slowly"), Conflict("busy")]
    world = World(lambda _: raised(errors.pop(0)))
    world.deliver(sqs_record(usage()))
    world.deliver(sqs_record(usage(), tries=2))

    failed = world.deliver(again(world))

    assert failed == ["m-1"]
    assert world.queue.dead == []


def raised(error: Exception) -> Outcome:
    raise error


def test_patience_ends_and_then_a_deferral_costs_tries_too() -> None:
    world = World(refuse(Throttled("slowly")))
    world.deliver(sqs_record(usage()))
    world.clock.time += timedelta(seconds=MESSAGES.patience)
    message = again(world)

    assert world.deliver(message) == ["m-1"]
    message["attributes"]["ApproximateReceiveCount"] = "3"
    assert world.deliver(message) == []
    assert [a["reason"] for _, a in world.queue.dead] == ["throttled"]


def test_a_message_that_the_queue_did_not_take_again_stays_in_it() -> None:
    world = World(refuse(Throttled("slowly")))
    world.queue.broken = True

    assert world.deliver(sqs_record(paid())) == ["m-1"]


def test_unfinished_work_goes_on_at_once_and_as_a_message_that_never_failed() -> None:
    world = World(refuse(Unfinished("at line 7")))

    world.deliver(sqs_record(usage(), tries=2))

    assert world.queue.deferred == [(usage().to_json(), {"first_seen": "2026-05-28T20:26:40Z"}, 0)]


@pytest.mark.parametrize(("name", "value"), [("tries", "many"), ("tries", "9" * 5000), ("deferred_since", "now")])
def test_somebody_else_s_attributes_do_no_harm(name: str, value: str) -> None:
    world = World(refuse(Throttled("slowly")))

    world.deliver(sqs_record(usage()) | {"messageAttributes": message_attributes({name: value})})

    assert world.queue.deferred[0][1]["tries"] == "0"


def test_a_message_whose_function_crashed_on_every_try_is_buried_before_anything_else_is_begun() -> None:
    def crash(_: CloudEvent) -> Outcome:
        raise SystemExit

    world = World(crash)

    with pytest.raises(SystemExit):
        world.deliver(sqs_record(usage(id="next"), id_="n"), sqs_record(usage(), tries=4))

    assert [(a["reason"], a["attempts"]) for _, a in world.queue.dead] == [("crashed", "3")]


# A dependency that is down


def down(*_: object) -> Outcome:
    raise DependencyUnavailable("the table is away")


def test_messages_wait_while_a_dependency_is_down_and_lose_no_tries() -> None:
    world = World(down)

    failed = world.deliver(*(sqs_record(usage(id=str(n)), id_=str(n)) for n in range(10)))

    assert failed == ["0", "1", "2"]
    assert len(world.queue.deferred) == 7


def test_a_single_message_probes_a_dependency_that_was_down_and_pays_nothing_for_it() -> None:
    calls: list[str] = []

    def handle(event: CloudEvent) -> Outcome:
        calls.append(event.id)
        return down()

    world = World(handle)
    world.deliver(*(sqs_record(usage(id=str(n)), id_=str(n)) for n in range(3)))
    world.clock.time += timedelta(seconds=5)

    failed = world.deliver(sqs_record(usage(id="a")), sqs_record(usage(id="b"), id_="b"))

    assert calls == ["0", "1", "2", "a"]
    assert (failed, len(world.queue.deferred)) == ([], 2)


def test_all_is_as_before_when_the_dependency_is_back() -> None:
    answers = [down, down, down]

    def handle(event: CloudEvent) -> Outcome:
        return answers.pop()() if answers else echo(event)

    world = World(handle)
    world.deliver(*(sqs_record(usage(id=str(n)), id_=str(n)) for n in range(3)))
    world.clock.time += timedelta(seconds=5)

    assert world.deliver(sqs_record(usage(id="a")), sqs_record(usage(id="b"), id_="b")) == []
    assert (len(world.published), world.queue.deferred) == (2, [])


def test_a_bus_that_is_down_opens_the_circuit_too() -> None:
    world = World(echo)
    world.bus.unavailable = True

    for n in range(3):
        world.deliver(sqs_record(usage(id=str(n))))
    world.deliver(sqs_record(usage(id="3")))

    assert len(world.queue.delays) == 1
    assert len(world.queue.deferred) == 1


def test_one_customer_s_endpoint_that_is_down_opens_no_circuit() -> None:
    world = World(refuse(EndpointUnavailable("nobody listens")))

    failed = world.deliver(*(sqs_record(usage(id=str(n)), id_=str(n)) for n in range(10)))

    assert len(failed) == 10


# Replays


def replayed(event: CloudEvent, name: str) -> str:
    entry = to_entry(event, "bus")
    envelope = {"detail-type": entry["DetailType"], "source": entry["Source"], "detail": json.loads(entry["Detail"])}
    return json.dumps(envelope | {"replay-name": name})


@pytest.mark.parametrize(
    ("name", "dedup", "handled"),
    [
        ("june", "record", []),
        ("june", "state", ["evt_01J2XYZ"]),
        ("with-effects-june", "record", ["evt_01J2XYZ"]),
    ],
)
def test_a_replay_changes_our_own_state_and_not_the_outside_world(name: str, dedup: Any, handled: list[str]) -> None:
    seen: list[str] = []

    def handle(event: CloudEvent) -> Outcome:
        seen.append(event.id)
        return Outcome()

    world = World(handle, spec=replace(MESSAGES, dedup=dedup))

    failed = world.deliver(sqs_record(replayed(paid(), name)))

    assert (seen, failed, world.queue.dead) == (handled, [], [])


# Batches that are handled together


def test_a_batch_is_handled_together_and_each_record_has_its_own_fate() -> None:
    def handle(events: Sequence[CloudEvent]) -> Sequence[Outcome | Exception]:
        fates = {"good": Outcome(), "busy": Conflict("busy"), "bad": BusinessRuleViolated("no")}
        return [fates[event.id] for event in events]

    world = World(Together(handle))

    failed = world.deliver(*(sqs_record(usage(id=i), id_=i) for i in ("good", "busy", "bad")), sqs_record("nope"))

    assert failed == ["busy"]
    assert [a["reason"] for _, a in world.queue.dead] == ["business_rule", "unreadable"]


def test_a_batch_that_fails_together_is_tried_again_together() -> None:
    def handle(_: Sequence[CloudEvent]) -> Sequence[Outcome | Exception]:
        raise ZeroDivisionError

    assert World(Together(handle)).deliver(sqs_record(usage(), id_="a"), sqs_record(usage(), id_="b")) == ["a", "b"]


def test_a_failing_call_for_a_whole_batch_is_one_failure_of_its_dependency() -> None:
    def handle(events: Sequence[CloudEvent]) -> Sequence[Outcome | Exception]:
        return [DependencyUnavailable("the table is away") for _ in events]

    world = World(Together(handle))

    failed = world.deliver(*(sqs_record(usage(id=str(n)), id_=str(n)) for n in range(10)))

    assert len(failed) == 10
    assert world.queue.deferred == []


def test_nothing_is_handled_when_nothing_could_be_read() -> None:
    def handle(_: Sequence[CloudEvent]) -> Sequence[Outcome | Exception]:
        raise AssertionError

    assert World(Together(handle)).deliver(sqs_record("nope")) == []


# Claim checks


def nothing(_: CloudEvent) -> Outcome:
    return Outcome()


def test_an_event_whose_data_was_checked_in_reaches_the_handler_whole() -> None:
    seen: list[CloudEvent] = []
    claims, event = MemoryClaimChecks(), usage(data={"note": "x" * 100})
    envelope = {"detail-type": event.type, "source": event.source, "detail": checked_in(event, claims).to_dict()}

    World(lambda e: seen.append(e) or Outcome(), claims=claims).deliver(sqs_record(json.dumps(envelope)))

    assert seen == [event]


def test_a_dead_letter_keeps_the_reference_and_names_the_event_when_the_data_is_gone() -> None:
    world = World(nothing, claims=MemoryClaimChecks())
    event = checked_in(usage(), MemoryClaimChecks())

    again = world.deliver(sqs_record(event))

    ((body, why),) = world.queue.dead
    assert (again, body) == ([], event.to_json())
    assert (why["reason"], why["attempts"], why["event_id"]) == ("payload_gone", "1", event.id)
    assert "redrive" in why["error_message"]


def test_a_reference_to_anywhere_else_is_unreadable_and_a_consumer_may_make_something_of_it() -> None:
    foreign = usage().model_copy(update={"data": None, "extensions": {"dataref": "https://elsewhere.example/data"}})
    strict = World(nothing, claims=MemoryClaimChecks())
    kind = World(nothing, claims=MemoryClaimChecks(), on_unreadable=lambda *_: Outcome.of([paid()]))

    for world in (strict, kind):
        world.deliver(sqs_record(foreign))

    assert [why["reason"] for _, why in strict.queue.dead] == ["unreadable"]
    assert kind.published == ["billing.invoice.paid"]


def test_a_bucket_that_is_away_opens_the_circuit_and_costs_the_first_few_a_try() -> None:
    world = World(nothing, claims=AwayClaims())
    event = checked_in(usage(), MemoryClaimChecks())

    again = world.deliver(*(sqs_record(event, id_=str(n)) for n in range(5)))

    assert again == ["0", "1", "2"]
    assert [body for body, *_ in world.queue.deferred] == [event.to_json()] * 2


def test_an_invocation_takes_in_no_more_data_than_it_has_room_for() -> None:
    claims, seen = MemoryClaimChecks(), []
    large = [checked_in(usage(id=str(n), data="x" * (ENOUGH_BYTES // 2)), claims) for n in range(4)]
    world = World(lambda e: seen.append(e.id) or Outcome(), claims=claims)

    again = world.deliver(*map(sqs_record, [*large, usage(id="small")]))

    assert (again, seen) == ([], ["0", "1", "small"])
    assert [json.loads(body)["id"] for body, *_ in world.queue.deferred] == ["2", "3"]


def test_data_is_not_fetched_for_an_event_that_is_suppressed() -> None:
    event = checked_in(usage(), MemoryClaimChecks())

    again = World(nothing, claims=AwayClaims()).deliver(sqs_record(replayed(event, "june")))

    assert again == []
