"""What each fate counts, what is sampled of whom, and that nobody who sends events can make metrics."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.binding import REPLAY
from events.envelope import CloudEvent, format_time
from functions.billing.manifest import PAYMENTS, RELAY, USAGE
from functions.ingestion.manifest import CONSUMER, FILES
from functions.notification.manifest import MESSAGES
from local.memory.idempotency import MemoryIdempotency
from runtime.consumer import QueueConsumer
from runtime.delivery import Fate
from runtime.emf import MAX_VALUES, Emf, Samples
from runtime.errors import BusinessRuleViolated, Conflict, Throttled, TransientError
from runtime.idempotency import Once
from runtime.manifest import Slo
from runtime.meter import ConsumerMeter, RelayMeter
from runtime.metrics import BY_FATE, COMES_AGAIN, UNITS, UNKNOWN
from runtime.outbox import Change, OutboxRelay
from runtime.outcome import Handle, Outcome, Together
from tests.unit.emf_documents import Metrics, checked, extracted, of
from tests.unit.event_builders import paid, usage
from tests.unit.runtime_fakes import (
    FakeBus,
    FakeClock,
    FakeContext,
    FakeQueue,
    message_attributes,
    publisher,
    sqs_record,
)

PAID = "billing.invoice.paid"
NAME = MESSAGES.name


class Measured:
    """A consumer whose handler takes 40 ms of the clock's, and the lines that it writes."""

    def __init__(self, handle: Handle | Together | None = None, *, slo: Slo | None = None, **options) -> None:
        self.lines: list[str] = []
        self.clock = FakeClock()
        self.consumer = QueueConsumer(
            options.pop("spec", MESSAGES),
            self._slowly(handle or (lambda _: Outcome())),
            publisher=publisher(FakeBus()),
            queue=options.pop("queue", None) or FakeQueue(),
            clock=self.clock,
            meter=ConsumerMeter(Emf(NAME, MESSAGES.event_types, namespace="Test", write=self.lines.append), slo),
            jitter=lambda _, most: most,
            **options,
        )

    def _slowly(self, handle: Handle | Together) -> Handle | Together:
        def slow(given):
            self.clock.sleep(0.04)
            return handle.handle(given) if isinstance(handle, Together) else handle(given)

        return Together(slow) if isinstance(handle, Together) else slow

    def deliver(self, *records: dict) -> Metrics:
        """The metrics of one batch."""
        self.lines.clear()
        self.consumer({"Records": list(records)}, FakeContext())
        return extracted(self.lines)

    def record(self, event: CloudEvent | str | None = None, *, waited: float = 0.1, id_: str = "m-1", tries: int = 1):
        """Sent `waited` seconds ago."""
        sent = self.clock.now() - timedelta(seconds=waited)
        record = sqs_record(event if event is not None else self.fresh(), id_=id_, tries=tries)
        record["attributes"]["SentTimestamp"] = str(int(sent.timestamp() * 1000))
        return record

    def fresh(self, ago: float = 0.25, **changes) -> CloudEvent:
        return paid(time=format_time(self.clock.now() - timedelta(seconds=ago)), **changes)


def raising(error: Exception) -> Handle:
    def handle(_: CloudEvent) -> Outcome:
        raise error

    return handle


def counts(metrics: Metrics) -> dict[str, list[float]]:
    return {name: values for name, values in of(metrics, NAME, PAID).items() if UNITS[name] == "Count"}


@pytest.mark.parametrize(
    ("handle", "tries", "counted"),
    [
        (lambda _: Outcome(), 1, {"Handled": [1], "Settled": [1]}),
        (lambda _: Outcome(duplicate=True), 1, {"Duplicate": [1], "Settled": [1]}),
        (raising(Conflict("busy")), 1, {"Retry": [1]}),
        (raising(Conflict("busy")), 3, {"DeadLetter": [1], "Settled": [1]}),
        (raising(BusinessRuleViolated("no")), 1, {"DeadLetter": [1], "Settled": [1]}),
        (raising(ZeroDivisionError()), 1, {"Retry": [1]}),
        (raising(Throttled("slow down")), 1, {"Deferred": [1], "Throttled": [1]}),
        (lambda _: Outcome(), 5, {"DeadLetter": [1], "Settled": [1]}),
    ],
    ids=["handled", "duplicate", "retry", "last-try", "permanent", "unexpected", "throttled", "crashed"],
)
def test_a_record_is_counted_by_its_fate(handle: Handle, tries: int, counted: dict) -> None:
    world = Measured(handle)

    metrics = world.deliver(world.record(tries=tries))

    assert counts(metrics) == counted or of(metrics, NAME, UNKNOWN).items() >= counted.items()


def test_a_suppressed_record_is_counted_and_nothing_else_of_it_is_measured() -> None:
    world = Measured(once=Once(MemoryIdempotency(clock=FakeClock(), table={}), NAME))

    metrics = world.deliver(world.record(world.fresh(**{REPLAY: "june"})))

    assert of(metrics, NAME, PAID) == {"Suppressed": [1], "Settled": [1], "AgeAtPickUp": [100]}


def test_a_fate_that_the_queue_would_not_take_is_a_retry() -> None:
    world = Measured(raising(BusinessRuleViolated("no")), queue=FakeQueue(broken=True))

    assert counts(world.deliver(world.record())) == {"Retry": [1]}


def test_every_fate_has_a_metric() -> None:
    assert set(get_args(Fate)) <= set(BY_FATE)
    assert set(BY_FATE) - COMES_AGAIN == {"handled", "relayed", "duplicate", "suppressed", "dead_letter"}


def test_times_are_measured_of_a_handled_record() -> None:
    world = Measured()

    metrics = world.deliver(world.record(world.fresh(ago=0.25), waited=0.1))

    assert of(metrics, NAME, PAID) == {
        "Handled": [1],
        "Settled": [1],
        "HandlerTime": [40],
        "AgeAtPickUp": [100],
        "CriticalTime": [290],
    }


def test_only_what_is_received_for_the_first_time_has_an_age() -> None:
    world = Measured()
    put_off = world.record(id_="b")
    put_off["messageAttributes"] = message_attributes({"deferrals": "1", "first_seen": "2026-06-01T11:59:59Z"})

    metrics = world.deliver(world.record(tries=2, id_="a"), put_off)

    assert "AgeAtPickUp" not in of(metrics, NAME)


def test_a_record_that_was_made_by_hand_and_tells_no_times_is_handled_all_the_same() -> None:
    world = Measured()
    record = world.record(world.fresh(ago=0.25))
    del record["attributes"]["SentTimestamp"]

    found = of(world.deliver(record), NAME)

    assert "AgeAtPickUp" not in found
    assert found["CriticalTime"] == [290]


def test_what_was_put_off_for_long_has_a_critical_time_from_its_beginning() -> None:
    world = Measured()
    put_off = world.record(world.fresh(ago=1800.25), waited=10)
    put_off["messageAttributes"] = message_attributes(
        {"first_seen": format_time(world.clock.now() - timedelta(minutes=30))}
    )

    assert of(world.deliver(put_off), NAME)["CriticalTime"] == [1_800_290]


@pytest.mark.parametrize("handle", [raising(Conflict("busy")), lambda _: Outcome(duplicate=True)])
def test_only_what_is_handled_has_a_critical_time(handle: Handle) -> None:
    world = Measured(handle)

    assert "CriticalTime" not in of(world.deliver(world.record()), NAME)


def test_records_that_are_handled_together_share_the_time() -> None:
    world = Measured(Together(lambda events: [Outcome() for _ in events]))

    metrics = world.deliver(*(world.record(world.fresh(id=str(n)), id_=str(n)) for n in range(4)))

    assert of(metrics, NAME)["HandlerTime"] == [10] * 4


@pytest.mark.parametrize(("slo", "slow"), [(Slo(critical_p95_ms=289), [1]), (Slo(critical_p95_ms=290), None)])
def test_a_record_over_what_the_manifest_promises_is_slow(slo: Slo, slow) -> None:
    world = Measured(slo=slo)

    assert of(world.deliver(world.record()), NAME).get("Slow") == slow


def test_a_batch_of_one_type_is_one_line() -> None:
    world = Measured()

    metrics = world.deliver(*(world.record(world.fresh(id=str(n)), id_=str(n)) for n in range(10)))

    assert len(world.lines) == 1
    assert of(metrics, NAME)["Handled"] == of(metrics, NAME, PAID)["Handled"] == [10]
    assert of(metrics, NAME)["BatchSize"] == [10]
    assert "BatchSize" not in of(metrics, NAME, PAID)


def test_a_batch_of_two_types_is_two_lines_with_one_batch_size() -> None:
    world = Measured()
    issued = world.fresh(id="i", type="billing.invoice.issued")

    metrics = world.deliver(world.record(id_="a"), world.record(issued, id_="b"))

    assert len(world.lines) == 2
    assert of(metrics, NAME)["BatchSize"] == [2]
    assert sum(of(metrics, NAME)["Handled"]) == 2
    assert of(metrics, NAME, "billing.invoice.issued")["Handled"] == [1]


def test_nothing_of_one_invocation_is_in_the_next() -> None:
    world = Measured()
    world.deliver(world.record(world.fresh(id="i", type="billing.invoice.issued")), world.record("not JSON", id_="b"))

    metrics = world.deliver(world.record())

    assert set(metrics) == {
        (("EventType", PAID), ("Function", NAME)),
        (("Function", NAME),),
    }
    assert of(metrics, NAME)["Handled"] == [1]


@pytest.mark.parametrize(
    "body", ["not JSON", "{}", paid(type="their.own.type", id="x")], ids=["text", "empty", "other"]
)
def test_what_is_none_of_the_function_s_types_is_unknown(body) -> None:
    world = Measured(raising(BusinessRuleViolated("no")))

    assert of(world.deliver(world.record(body)), NAME, UNKNOWN)["DeadLetter"] == [1]


@given(st.lists(st.text(min_size=1, max_size=40).filter(str.isprintable), min_size=1, max_size=20))
def test_however_many_types_are_sent_there_are_no_more_metrics(types: list[str]) -> None:
    lines: list[str] = []
    emf = Emf(NAME, MESSAGES.event_types, namespace="Test", write=lines.append)
    samples = Samples()
    samples.count("Handled")

    emf.emit({emf.type_of(type_): samples for type_ in types}, whole={}, at=datetime(2026, 6, 1, tzinfo=UTC))

    found = {dict(key).get("EventType") for key in extracted(lines)}
    assert found <= {*MESSAGES.event_types, UNKNOWN, None}


@given(st.lists(st.integers(min_value=0, max_value=10**12), min_size=1, max_size=5 * MAX_VALUES))
def test_more_values_than_a_line_takes_are_in_more_lines_and_none_is_lost(values: list[int]) -> None:
    lines: list[str] = []
    samples = Samples()
    samples.count("Handled", len(values))
    for value in values:
        samples.sample("CriticalTime", value)

    Emf(NAME, [PAID], namespace="Test", write=lines.append).emit(
        {PAID: samples}, whole={"BatchSize": len(values)}, at=datetime(2026, 6, 1, tzinfo=UTC)
    )

    found = of(extracted(lines), NAME)
    assert found == {"Handled": [len(values)], "CriticalTime": values, "BatchSize": [len(values)]}


def test_a_line_is_stamped_with_the_clock_s_time() -> None:
    world = Measured()
    world.deliver(world.record())

    assert checked(world.lines[0])["_aws"]["Timestamp"] == world.clock.now().timestamp() * 1000


def test_the_types_of_a_consumer_are_those_of_its_rules_and_those_that_are_sent_to_it() -> None:
    assert USAGE.event_types == ("ingestion.usage.recorded",)
    assert PAYMENTS.event_types == ("ingestion.payment.settled", "ingestion.payment.failed")
    assert "customer.contact.updated" in CONSUMER.event_types
    assert FILES.event_types == ("Object Created",)


def relayed(bus: FakeBus, *events: CloudEvent) -> Metrics:
    lines: list[str] = []
    relay = OutboxRelay(
        publisher(bus),
        FakeQueue(),
        name=RELAY.function.name,
        clock=FakeClock(),
        meter=RelayMeter(Emf(RELAY.function.name, RELAY.event_types, namespace="Test", write=lines.append)),
    )
    changes = [Change(key=str(n), new=(event.to_json(),)) for n, event in enumerate(events)]
    with suppress(TransientError):
        relay({"Records": [change.to_stream_record(n) for n, change in enumerate(changes)]}, None)
    return extracted(lines)


def test_a_relay_counts_what_it_published_and_how_long_that_had_waited() -> None:
    metrics = relayed(FakeBus(), paid(id="a", time="2026-06-01T11:59:58Z"), paid(id="b", time="2026-06-01T11:00:00Z"))

    assert of(metrics, "billing-relay", PAID) == {"Handled": [2], "Settled": [2], "OutboxLag": [2_000, 3_600_000]}
    assert of(metrics, "billing-relay")["BatchSize"] == [2]


def test_a_relay_tells_how_old_that_is_which_it_cannot_publish() -> None:
    bus = FakeBus(script={"a": ["InternalFailure"] * 9, "b": ["NotAllowed"]})

    metrics = relayed(bus, paid(id="a", time="2026-06-01T11:00:00Z"), paid(id="b", time="2026-06-01T11:00:00Z"))

    found = of(metrics, "billing-relay")
    assert (found["Retry"], found["DeadLetter"]) == ([1], [1])
    assert min(found["OutboxLag"]) >= 3_600_000


def test_a_relay_with_nothing_to_do_writes_nothing() -> None:
    assert relayed(FakeBus()) == {}


def test_a_usage_event_is_measured_where_it_is_not_asked_about_times() -> None:
    world = Measured()

    metrics = world.deliver(world.record(usage(time=None)))

    assert "CriticalTime" not in of(metrics, NAME, UNKNOWN)
