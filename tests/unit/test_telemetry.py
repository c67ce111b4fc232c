"""The lines that functions write are what operators' commands read: their members, by the docstring's own contract."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest

from events.binding import REPLAY
from events.envelope import CloudEvent, format_time
from functions.notification.manifest import MESSAGES
from runtime.consumer import QueueConsumer
from runtime.errors import BusinessRuleViolated, Conflict
from runtime.outbox import Change, OutboxRelay
from runtime.outcome import Handle, Outcome
from runtime.telemetry import KEYS, UNEXPECTED, about, logger, why
from tests.unit.event_builders import paid, usage
from tests.unit.runtime_fakes import FakeBus, FakeClock, FakeContext, FakeQueue, publisher, sqs_record

MILLISECOND = timedelta(milliseconds=1)


class Lines(logging.Handler):
    """What the logger would have written, decoded."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.written: list[dict] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.written.append(json.loads(self.format(record)))


@pytest.fixture
def lines() -> Iterator[list[dict]]:
    ours = logging.getLogger(logger().name)
    handler = Lines(logger().registered_formatter)
    ours.addHandler(handler)
    yield handler.written
    ours.removeHandler(handler)


def consume(handle: Handle, event: CloudEvent | str, *, tries: int = 1, work_ms: int = 0) -> None:
    """One record, sent 100 ms before it is picked up."""
    clock = FakeClock()

    def work(event: CloudEvent) -> Outcome:
        clock.sleep(work_ms / 1000)
        return handle(event)

    consumer = QueueConsumer(
        MESSAGES, work, publisher=publisher(FakeBus()), queue=FakeQueue(), clock=clock, jitter=lambda _, most: most
    )
    record = sqs_record(event, tries=tries)
    record["attributes"]["SentTimestamp"] = str(int(clock.now().timestamp() * 1000) - 100)
    consumer({"Records": [record]}, FakeContext())


def ago(milliseconds: int) -> str:
    return format_time(FakeClock().now() - milliseconds * MILLISECOND)


def echo(event: CloudEvent) -> Outcome:
    return Outcome.of([event.caused("echo", source="/echo", data={}, time=FakeClock().now())])


def raising(error: Exception) -> Handle:
    def handle(_: CloudEvent) -> Outcome:
        raise error

    return handle


def test_a_line_says_which_event_it_is_about_and_what_operators_ask_by() -> None:
    event = paid(causationid="cause", correlationid="flow", **{REPLAY: "june"})

    assert about(event) == {
        "event_id": "evt_01J2XYZ",
        "event_source": "billing-service",
        "event_type": "billing.invoice.paid",
        "event_time": "2026-05-20T14:30:00Z",
        "correlation_id": "flow",
        "causation_id": "cause",
        "replay": "june",
        "customer_id": "cus_abc123",
        "invoice_id": "inv_20260520_001",
    }


def test_what_an_event_does_not_have_is_left_out() -> None:
    assert set(about(usage(time=None, data={"meter": "seats"}))) == {
        "event_id",
        "event_source",
        "event_type",
        "correlation_id",
    }


def test_a_line_about_no_event_says_nothing_of_one() -> None:
    assert about(None) == {}


@pytest.mark.parametrize("data", [None, [], "text", 7, {"customer_id": 7, "invoice_id": {"a": 1}}])
def test_data_of_any_shape_can_be_told_of(data) -> None:
    assert not set(KEYS) & set(about(usage(data=data)))


def test_a_customer_s_name_cannot_fill_the_log() -> None:
    assert len(about(usage(data={"customer_id": "x" * 100_000}))["customer_id"]) == 128


def test_a_failure_has_its_code_its_class_and_its_words() -> None:
    assert why(BusinessRuleViolated("it is paid")) == {
        "reason": "business_rule",
        "error_class": "BusinessRuleViolated",
        "error_message": "it is paid",
    }


def test_a_failure_that_is_no_error_of_ours_is_unexpected() -> None:
    assert why(ZeroDivisionError("division by zero"))["reason"] == UNEXPECTED


def test_a_handled_record_s_line_has_every_time(lines) -> None:
    consume(echo, paid(time=ago(250)), work_ms=40)

    (line,) = lines
    assert line["consumer"] == "notification"
    assert (line["outcome"], line["attempts"], line["message_id"]) == ("handled", 1, "m-1")
    assert (line["age_ms"], line["duration_ms"], line["critical_ms"]) == (100, 40, 290)
    assert line["events_out"] == [f"echo {echo(paid()).events[0].id}"]
    assert "reason" not in line


def test_a_failed_record_s_line_says_why_and_has_no_critical_time(lines) -> None:
    consume(raising(Conflict("busy")), paid(time=ago(250)), tries=2)

    (line,) = lines
    assert (line["outcome"], line["attempts"], line["reason"]) == ("retry", 2, "conflict")
    assert line["age_ms"] == 100
    assert "critical_ms" not in line
    assert "events_out" not in line


def test_a_line_about_an_unreadable_message_has_its_age(lines) -> None:
    consume(echo, "not JSON")

    (line,) = lines
    assert (line["outcome"], line["reason"], line["age_ms"]) == ("dead_letter", "unreadable", 100)
    assert "event_id" not in line


def test_a_relayed_event_s_line_says_how_long_it_was_in_the_outbox(lines) -> None:
    relay = OutboxRelay(publisher(FakeBus()), FakeQueue(), name="billing-relay", clock=FakeClock())
    change = Change(key="i", new=(paid(time=ago(1500)).to_json(),))

    relay({"Records": [change.to_stream_record(1)]}, None)

    (line,) = lines
    assert (line["relay"], line["outcome"], line["age_ms"]) == ("billing-relay", "relayed", 1500)
