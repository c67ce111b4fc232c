"""What a tracer tells of a batch, a call and a request, and what it does with contexts that are not there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from events.binding import from_http, to_entry, to_http
from events.envelope import CloudEvent
from functions.notification.manifest import MESSAGES
from runtime.consumer import QueueConsumer
from runtime.errors import Conflict, Throttled, TransientError
from runtime.outbox import extended
from runtime.outcome import Handle, Outcome
from runtime.publisher import Publisher
from runtime.telemetry import about
from runtime.tracing import NO_SPAN, PASSIVE, begun_by, current
from tests.unit.event_builders import paid, usage
from tests.unit.runtime_fakes import FakeBus, FakeClock, FakeContext, FakeQueue, sqs_record
from tests.unit.spans import Listener, Told

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
GOOD = f"00-{TRACE}-{PARENT}-01"
OTHER = f"00-{TRACE[::-1]}-{PARENT}-01"
XRAY = f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={PARENT};Sampled=1"
NOW = FakeClock().now()


@pytest.fixture
def listener() -> Listener:
    return Listener()


def echo(event: CloudEvent) -> Outcome:
    return Outcome.of([event.caused("echo", source="/echo", data={}, time=NOW)])


def refuse(error: Exception) -> Handle:
    def handle(_: CloudEvent) -> Outcome:
        raise error

    return handle


def deliver(listener: Listener, *records: dict[str, Any], handle: Handle = echo, bus: FakeBus | None = None) -> FakeBus:
    bus = bus or FakeBus()
    publisher = Publisher(bus, "bus", FakeClock(), jitter=lambda _, most: most, tracer=listener.tracer)
    consumer = QueueConsumer(
        MESSAGES, handle, publisher=publisher, queue=FakeQueue(), clock=FakeClock(), tracer=listener.tracer
    )
    consumer({"Records": list(records)}, FakeContext())
    return bus


def processed(listener: Listener) -> Told:
    (span,) = listener.told.named("process q")
    return span


# Where a record's span begins


def test_a_record_goes_on_where_its_event_began(listener: Listener) -> None:
    deliver(listener, sqs_record(usage(traceparent=GOOD)))

    assert (processed(listener).trace_id, processed(listener).parent_id) == (TRACE, PARENT)


def test_a_record_goes_on_where_x_ray_says_when_its_event_says_nothing(listener: Listener) -> None:
    record = sqs_record(usage())
    record["attributes"]["AWSTraceHeader"] = XRAY

    bus = deliver(listener, record)

    assert (processed(listener).trace_id, processed(listener).parent_id) == (TRACE, PARENT)
    assert CloudEvent.parse(bus.calls[0][0]["Detail"]).extensions["traceparent"].startswith(f"00-{TRACE}-")


def test_an_event_s_own_context_is_before_x_ray_s(listener: Listener) -> None:
    record = sqs_record(usage(traceparent=OTHER))
    record["attributes"]["AWSTraceHeader"] = XRAY

    deliver(listener, record)

    assert processed(listener).trace_id == TRACE[::-1]


@pytest.mark.parametrize("bad", ["00-x-y-01", f"ff-{TRACE}-{PARENT}-01"])
def test_a_malformed_context_is_none_and_a_trace_begins(listener: Listener, bad: str) -> None:
    bus = deliver(listener, sqs_record(usage(traceparent=bad, tracestate="rojo=1")))

    (batch,) = listener.told.named("receive q")
    sent = CloudEvent.parse(bus.calls[0][0]["Detail"])
    assert (processed(listener).trace_id, processed(listener).parent_id) == batch.place
    assert sent.extensions["traceparent"].startswith(f"00-{batch.trace_id}-")
    assert "tracestate" not in sent.extensions


@pytest.mark.parametrize(
    ("header", "follows"), [(XRAY, True), (XRAY.replace("Sampled=1", "Sampled=0"), False), (None, False)]
)
def test_an_invocation_goes_on_in_a_trace_of_x_ray_s_that_is_recorded(header: str | None, follows: bool) -> None:
    listener = Listener(xray_header=header)

    deliver(listener, sqs_record(usage()))

    (batch,) = listener.told.named("receive q")
    assert (batch.trace_id == TRACE) is follows


def test_a_message_that_is_no_event_has_a_span_too(listener: Listener) -> None:
    deliver(listener, sqs_record("nonsense"))

    assert processed(listener).attributes["error.type"] == "unreadable"
    assert processed(listener).attributes["breakwater.outcome"] == "dead_letter"


# What spans say


def test_a_record_s_span_says_what_the_conventions_ask_for(listener: Listener) -> None:
    deliver(listener, sqs_record(usage(subject="s", correlationid="c-1"), id_="m-7", tries=2))

    assert processed(listener).kind == "consumer"
    assert processed(listener).attributes == {
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.system": "aws_sqs",
        "messaging.destination.name": "q",
        "messaging.message.id": "m-7",
        "messaging.message.conversation_id": "c-1",
        "cloudevents.event_id": "e-1",
        "cloudevents.event_source": "/partners/acme",
        "cloudevents.event_spec_version": "1.0",
        "cloudevents.event_type": "partner.usage.reported",
        "cloudevents.event_subject": "s",
        "breakwater.outcome": "handled",
        "breakwater.attempts": 2,
    }


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (Conflict("busy"), "retry", "conflict"),
        (ValueError("?"), "retry", "unexpected"),
        (Throttled("slow"), "deferred", None),
    ],
)
def test_a_failure_is_one_by_its_code_and_what_costs_no_try_is_none(
    listener: Listener, error: Exception, outcome: str, code: str | None
) -> None:
    deliver(listener, sqs_record(usage()), handle=refuse(error))

    span = processed(listener)
    assert (span.attributes["breakwater.outcome"], span.attributes.get("error.type")) == (outcome, code)
    assert span.is_error is (code is not None)


def test_a_call_with_events_of_many_traces_is_in_its_invocation_s_and_links_to_all(listener: Listener) -> None:
    deliver(
        listener, sqs_record(usage(traceparent=GOOD), id_="a"), sqs_record(usage(id="e-2", traceparent=OTHER), id_="b")
    )

    (batch,) = listener.told.named("receive q")
    (call,) = listener.told.named("send bus")
    records = listener.told.named("process q")
    assert (call.trace_id, call.parent_id) == batch.place
    assert set(call.links) == {record.place for record in records}
    assert call.attributes["messaging.batch.message_count"] == 2


def test_a_call_that_failed_says_by_what(listener: Listener) -> None:
    deliver(listener, sqs_record(usage()), bus=FakeBus(outages=1))

    assert [span.attributes.get("error.type") for span in listener.told.named("send bus")] == [
        TransientError.code,
        None,
    ]


def test_an_event_from_nowhere_begins_at_what_publishes_it(listener: Listener) -> None:
    bus = FakeBus()
    publisher = Publisher(bus, "bus", FakeClock(), tracer=listener.tracer)

    with listener.tracer.running("a-schedule") as span:
        publisher.publish([usage(), usage(id="e-2", traceparent=GOOD)])

    sent = [CloudEvent.parse(entry["Detail"]).extensions["traceparent"] for entry in bus.calls[0]]
    assert sent == [span.carrier["traceparent"], GOOD]


def test_a_share_of_new_traces_is_recorded_and_of_those_under_way_every_one() -> None:
    listener = Listener(ratio=0)

    deliver(listener, sqs_record(usage(), id_="a"), sqs_record(usage(id="e-2", traceparent=GOOD), id_="b"))

    assert [span.trace_id for span in listener.told.spans if span.name == "process q"] == [TRACE]
    assert listener.told.named("receive q") == []


def test_nothing_is_active_after_an_invocation(listener: Listener) -> None:
    deliver(listener, sqs_record(usage()), handle=refuse(Conflict("busy")))

    assert current() is NO_SPAN


# HTTP


def request(**headers: str) -> dict[str, Any]:
    http = {"method": "POST", "path": "/invoices/inv_1/void"}
    return {"routeKey": "POST /invoices/{invoice_id}/void", "headers": headers, "requestContext": {"http": http}}


@pytest.mark.parametrize(("status", "fails"), [(201, False), (422, False), (503, True)])
def test_a_request_is_told_by_its_route_and_only_the_server_s_failures_are_failures(
    listener: Listener, status: int, fails: bool
) -> None:
    with listener.tracer.serving(request(traceparent=GOOD)) as span:
        span.answered(status)

    (told,) = listener.told.spans
    assert (told.name, told.kind, told.parent_id) == ("POST /invoices/{invoice_id}/void", "server", PARENT)
    assert told.attributes["http.response.status_code"] == status
    assert told.is_error is fails
    assert "inv_1" not in str(told.attributes)


@pytest.mark.parametrize(
    ("own", "header", "expected"),
    [
        (None, GOOD, GOOD),
        (OTHER, GOOD, OTHER),
        ("00-not-a-context", GOOD, GOOD),
        (None, "00-not-a-context", None),
        (OTHER, None, OTHER),
        (None, f"{GOOD},{OTHER}", None),
    ],
)
@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_an_event_s_own_context_is_before_its_request_s(
    mode: str, own: str | None, header: str | None, expected: str | None
) -> None:
    headers, body = to_http(usage(**({} if own is None else {"traceparent": own})), mode)

    (event,) = from_http(headers | ({} if header is None else {"Traceparent": header}), body)

    assert event.extensions.get("traceparent") == expected


def test_a_request_s_state_comes_with_its_context_and_never_without(listener: Listener) -> None:
    headers, body = to_http(usage(tracestate="old=1"))

    (event,) = from_http(headers | {"traceparent": GOOD, "tracestate": "rojo=1"}, body)
    (other,) = from_http(headers | {"traceparent": GOOD}, body)

    assert event.extensions == {"traceparent": GOOD, "tracestate": "rojo=1"}
    assert other.extensions == {"traceparent": GOOD}


# The bus and X-Ray


def test_an_entry_tells_x_ray_what_its_event_tells() -> None:
    assert to_entry(usage(traceparent=GOOD), "bus")["TraceHeader"] == XRAY
    assert "TraceHeader" not in to_entry(usage(traceparent="00-x"), "bus")
    assert "TraceHeader" not in to_entry(usage(), "bus")


# Outboxes


def test_an_outbox_takes_events_in_with_the_span_that_wrote_them_and_leaves_the_others_alone(
    listener: Listener,
) -> None:
    now = datetime(2026, 5, 20, 15, tzinfo=UTC)
    before = extended((), [paid()], now)

    with listener.tracer.running("a-schedule") as span:
        after = extended(before, [paid(id="e-2", traceparent=GOOD, tracestate="rojo=1")], now)

    assert after[0] == before[0] == paid().to_json()
    assert CloudEvent.parse(after[1]).extensions == span.carrier


# Without a listener


def test_without_a_listener_nothing_is_said_and_nothing_changed() -> None:
    event = usage(traceparent="00-x", tracestate="y")

    with PASSIVE.receiving("q", []) as span, PASSIVE.sending("bus", [event]), PASSIVE.calling("POST", {}):
        assert current() is NO_SPAN

    assert PASSIVE.processing(sqs_record(event), event).carrier == {}
    assert begun_by(span, event) is event


@pytest.mark.parametrize(("header", "expected"), [(GOOD, {"traceparent": GOOD}), ("00-x", {})])
def test_without_a_listener_a_request_s_context_is_what_its_outbox_begins_with(header: str, expected: object) -> None:
    with PASSIVE.serving(request(traceparent=header)):
        (entry,) = extended((), [paid()], NOW)

    assert CloudEvent.parse(entry).extensions == expected


# Log lines


@pytest.mark.parametrize(
    ("own", "carrier", "trace_id"),
    [
        (GOOD, OTHER, TRACE),
        ("00-x", OTHER, TRACE[::-1]),
        (None, OTHER, TRACE[::-1]),
        ("00-x", None, None),
        (None, None, None),
    ],
)
def test_a_line_names_the_trace_of_its_event_or_else_of_its_span(
    own: str | None, carrier: str | None, trace_id: str | None
) -> None:
    event = usage(**({} if own is None else {"traceparent": own}))

    line = about(event, carrier={} if carrier is None else {"traceparent": carrier})

    assert line.get("trace_id") == trace_id
