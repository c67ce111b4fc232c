"""One trace through the memory cloud: from an HTTP request to an e-mail."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from events.envelope import CloudEvent
from events.trace_context import TraceContext
from local.memory.company import Company
from tests.flow.test_flows import archived, contact, issue, meet, payment, used
from tests.unit.event_builders import paid
from tests.unit.spans import Listener

START = datetime(2026, 5, 20, 14, tzinfo=UTC)
TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{CALLER}-01"


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def company(listener: Listener) -> Company:
    return Company(seed=1, start=START, archive=True, tracer=listener.tracer)


def post(company: Company, event: CloudEvent, **headers: str) -> None:
    headers = {"content-type": "application/cloudevents+json", **headers}
    status, _ = company.call("ingestion-api", "POST", "/events", event.to_json(), headers)
    assert status == 202
    company.cloud.run()


def test_one_trace_leads_from_the_request_to_the_e_mail(company: Company, listener: Listener) -> None:
    meet(company)
    invoice = issue(company)
    company.cloud.run()
    listener.exporter.clear()

    post(company, payment(invoice), traceparent=PARENT)

    trace = listener.told.of(TRACE)
    assert trace.way_to(trace.one("send e-mail")) == [
        "POST /events",
        "send ingestion",
        "process ingestion",
        "process billing",
        "process notification",
        "send e-mail",
    ]
    assert trace.one("POST /events").parent_id == CALLER
    assert {span.name: span.kind for span in trace.spans} == {
        "POST /events": "server",
        "send ingestion": "producer",
        "process ingestion": "consumer",
        "process billing": "consumer",
        "process notification": "consumer",
        "send breakwater-memory": "client",
        "send e-mail": "client",
    }


def test_every_call_to_the_bus_is_in_the_trace_of_what_it_sends(company: Company, listener: Listener) -> None:
    meet(company)
    invoice = issue(company)
    company.cloud.run()
    listener.exporter.clear()

    post(company, payment(invoice), traceparent=PARENT)

    trace = listener.told.of(TRACE)
    ways = {span.attributes["cloudevents.event_type"]: trace.parent_of(span).name for span in trace.named(BUS)}
    assert ways == {
        "ingestion.payment.settled": "process ingestion",
        "billing.invoice.paid": "process billing",
        "notification.message.sent": "process notification",
    }


BUS = "send breakwater-memory"


def test_an_invocation_links_to_every_record_and_every_record_to_its_invocation(
    company: Company, listener: Listener
) -> None:
    for n in range(3):
        company.post_events(used(1, id=f"u-{n}", traceparent=f"00-{n + 1:032x}-{CALLER}-01"))
    company.cloud.run()

    records = [span for n in range(3) for span in listener.told.of(f"{n + 1:032x}").named("process ingestion")]
    batches = listener.told.named("receive ingestion")
    assert {span.parent_id for span in records} == {CALLER}
    assert sorted(link for batch in batches for link in batch.links) == [(f"{n + 1:032x}", CALLER) for n in range(3)]
    assert {span.links for span in records} <= {(batch.place,) for batch in batches}
    assert {batch.kind for batch in batches} == {"client"}


def test_an_event_carries_the_span_that_brought_it_about(company: Company, listener: Listener) -> None:
    company.post_events(used(1, traceparent=PARENT, tracestate="rojo=1,congo=2"))
    company.cloud.run()

    (recorded,) = archived(company, "ingestion.usage.recorded")
    context = TraceContext.of(recorded)
    assert context is not None
    assert (context.trace_id, context.parent_id) == listener.told.one("process ingestion").place
    assert context.tracestate == "rojo=1,congo=2"


def test_an_event_that_is_only_passed_on_keeps_the_context_of_its_beginning(company: Company) -> None:
    company.post_events(contact(traceparent=PARENT))
    company.cloud.run()

    (passed,) = archived(company, "customer.contact.updated")
    assert passed["traceparent"] == PARENT


def test_an_invoice_s_event_begins_at_the_request_that_issued_it(company: Company, listener: Listener) -> None:
    meet(company)

    issue(company)
    company.cloud.run()

    trace = listener.told
    way = trace.way_to(next(span for span in trace.spans if span.name == "send e-mail"))
    assert way == ["POST /invoices", "process notification", "send e-mail"]


def test_a_trace_begins_here_when_nobody_began_one(company: Company, listener: Listener) -> None:
    company.cloud.publish(paid())
    company.cloud.run()

    first, *_ = listener.told.named("process notification")
    assert listener.told.parent_of(first).name == "receive notification"
    assert first.links == ()


def test_a_redriven_message_goes_on_in_its_trace(company: Company, listener: Listener) -> None:
    company.cloud.publish(paid(traceparent=PARENT))
    company.cloud.run()
    meet(company)

    company.cloud.redrive("notification")
    company.cloud.run()

    outcomes = [span.attributes["breakwater.outcome"] for span in listener.told.of(TRACE).named("process notification")]
    assert outcomes == ["retry", "retry", "dead_letter", "handled"]
    assert [span.is_error for span in listener.told.named("process notification")] == [True, True, True, False]


def test_a_large_event_keeps_its_trace_in_the_bucket_and_out_of_it(company: Company, listener: Listener) -> None:
    report = used(3, traceparent=PARENT)
    company.post_events(report.model_copy(update={"data": {**report.data, "note": "x" * 1_200_000}}))
    company.cloud.run()

    trace = listener.told.of(TRACE)
    assert trace.way_to(trace.one("process billing-usage")) == ["process ingestion", "process billing-usage"]


def test_a_webhook_is_told_of_the_span_that_calls_it(company: Company, listener: Listener) -> None:
    meet(company, contact(data={"webhook_url": "https://hooks.example.com/in/s3cret"}))

    company.cloud.publish(paid(traceparent=PARENT))
    company.cloud.run()

    span = listener.told.one("POST")
    (call,) = company.webhooks
    assert call.trace == {"traceparent": f"00-{TRACE}-{span.span_id}-01"}
    assert PARENT in call.body
    assert span.attributes["server.address"] == "hooks.example.com"
    assert "s3cret" not in str(span.attributes)


def test_what_is_not_sampled_is_passed_on_and_not_told(company: Company, listener: Listener) -> None:
    company.post_events(used(1, traceparent=f"00-{TRACE}-{CALLER}-00"))
    company.cloud.run()

    (recorded,) = archived(company, "ingestion.usage.recorded")
    assert listener.told.of(TRACE).spans == ()
    assert recorded["traceparent"].startswith(f"00-{TRACE}-")
    assert recorded["traceparent"].endswith("-00")


# Without a listener


def test_a_flow_s_context_is_passed_on_unchanged_when_nobody_listens() -> None:
    company = Company(seed=1, start=START, archive=True)
    meet(company, contact(data={"webhook_url": "https://hooks.example.com/in"}))
    invoice = issue(company)

    post(company, payment(invoice), traceparent=PARENT, tracestate="rojo=1 , congo=2")

    chain = [archived(company, kind)[-1] for kind in ("ingestion.payment.settled", "billing.invoice.paid")]
    assert [event["traceparent"] for event in chain] == [PARENT] * 2
    assert [event["tracestate"] for event in chain] == ["rojo=1 , congo=2"] * 2
    assert company.webhooks[-1].trace == {"traceparent": PARENT, "tracestate": "rojo=1 , congo=2"}


def test_the_ids_of_events_are_the_same_whether_anybody_listens_or_not() -> None:
    def ids(**options) -> list[str]:
        company = Company(seed=1, start=START, archive=True, **options)
        meet(company)
        company.post_events(payment(issue(company)))
        company.cloud.run()
        return [envelope["detail"]["id"] for envelope in company.cloud.bus.archive]

    assert ids() == ids(tracer=Listener().tracer)
