"""One trace, from an HTTP request to an e-mail, through the functions as they deploy with tracing on."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

import pytest

from events.binding import to_http
from local.embedded.client import Client
from local.embedded.cloud import Cloud
from local.embedded.emulator_env import emulator_python
from local.embedded.hops import Watcher
from local.embedded.ministack import running_ministack
from local.embedded.stack import PREFIX, Stack, deploy_stack
from tests.stack.grant_probes import milliseconds
from tests.stack.stack_builders import contact, known_customer, mails_to, order, payment, soon, usage
from tests.unit.otlp_collector import Collector, collecting
from tests.unit.spans import Trace

pytestmark = pytest.mark.xdist_group("traces")  # on a stack of its own

CALLER = "b7ad6b7169203331"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def traced(collector: Collector, clean_environ: dict[str, str]) -> Iterator[Stack]:
    environ = clean_environ | {"BREAKWATER_OTLP_ENDPOINT": collector.url}
    with running_ministack(emulator_python(print)) as url:
        yield deploy_stack(Cloud(url), environ, print, is_ours=True)


@pytest.fixture(scope="module")
def client(traced: Stack) -> Client:
    return Client(traced)


@pytest.fixture(scope="module")
def watcher(traced: Stack) -> Iterator[Watcher]:
    with Watcher(traced, on_hop=lambda _: None, since=milliseconds()) as watcher:
        yield watcher


def post(client: Client, event, trace_id: str) -> None:
    headers, body = to_http(event)
    answer = client.post_raw({**headers, "traceparent": f"00-{trace_id}-{CALLER}-01", "tracestate": "rojo=1"}, body)
    assert answer.status == HTTPStatus.ACCEPTED


def when_told(collector: Collector, trace_id: str, name: str) -> Trace:
    """The trace, once a span of that name is in it."""
    soon(lambda: collector.told.of(trace_id).named(name), f"{name} is told")
    return collector.told.of(trace_id)


def test_one_trace_leads_from_the_request_to_the_e_mail(
    traced: Stack, client: Client, watcher: Watcher, collector: Collector, unique: str
) -> None:
    trace_id = unique * 4
    customer = known_customer(client, watcher, f"cus-{unique}")
    invoice = client.issue_invoice(order(customer), key=unique)
    soon(lambda: mails_to(traced, customer), "the invoice is sent")

    post(client, payment(invoice), trace_id)

    trace = when_told(collector, trace_id, f"process {PREFIX}-notification")
    mail = trace.one("send e-mail")
    assert trace.way_to(mail) == [
        "POST /events",
        "send ingestion",
        f"process {PREFIX}-ingestion",
        f"process {PREFIX}-billing",
        f"process {PREFIX}-notification",
        "send e-mail",
    ]
    kinds = ["server", "producer", "consumer", "consumer", "consumer", "client"]
    assert [trace.one(name).kind for name in trace.way_to(mail)] == kinds
    assert trace.one("POST /events").parent_id == CALLER
    assert len(mails_to(traced, customer)) == 2


def test_aws_is_called_below_what_calls_it(client: Client, watcher: Watcher, collector: Collector, unique: str) -> None:
    trace_id = unique * 4
    customer = known_customer(client, watcher, f"cus-{unique}")
    invoice = client.issue_invoice(order(customer), key=unique)

    post(client, payment(invoice), trace_id)

    trace = when_told(collector, trace_id, "SESv2/SendEmail")
    above = {span.name: trace.way_to(span)[-2] for span in trace.spans if span.name in CALLS}
    assert above == CALLS
    (write,) = (span for span in trace.named("DynamoDB/PutItem") if span.attributes["db.collection.name"] == BILLING)
    assert trace.way_to(write)[-2] == f"process {PREFIX}-billing"
    puts = [span for span in trace.spans if span.name == "EventBridge/PutEvents"]
    assert {trace.way_to(span)[-2] for span in puts} == {f"send {PREFIX}"}
    senders = {trace.way_to(span)[-2] for span in trace.named(f"send {PREFIX}")}
    assert senders >= {f"process {PREFIX}-ingestion", f"process {PREFIX}-billing"}


BILLING = f"{PREFIX}-billing"
CALLS = {
    "SQS/SendMessageBatch": "send ingestion",
    "SESv2/SendEmail": "send e-mail",
}


def test_every_invocation_links_to_its_records(client: Client, collector: Collector, unique: str) -> None:
    trace_id = unique * 4

    post(client, usage(unique, f"cus-{unique}"), trace_id)

    trace = when_told(collector, trace_id, f"process {PREFIX}-billing-usage")
    record = trace.one(f"process {PREFIX}-billing-usage")

    def batch() -> object:
        return [span for span in collector.told.spans if span.place in record.links]

    (invocation,) = soon(batch, "the invocation is told")
    assert (trace_id, record.parent_id) in invocation.links
    assert (invocation.name, invocation.kind) == (f"receive {PREFIX}-billing-usage", "client")


def test_a_relay_s_invocation_links_to_what_it_publishes(
    traced: Stack, client: Client, collector: Collector, unique: str
) -> None:
    client.put(contact(f"cus-{unique}"))
    invoice = client.issue_invoice(order(f"cus-{unique}"), key=unique)

    def issued() -> object:
        sent = collector.told.named(f"send {PREFIX}")
        return [span for span in sent if span.attributes.get("cloudevents.event_subject") == invoice["id"]]

    (span, *_) = soon(issued, "the relay's call is told")
    trace = collector.told.of(span.trace_id)
    assert trace.way_to(span) == ["POST /invoices", f"send {PREFIX}"]
    relays = [
        batch
        for batch in collector.told.named("receive billing-relay")
        if (span.trace_id, span.parent_id) in batch.links
    ]
    assert len(relays) >= 1


def test_functions_say_which_they_are(collector: Collector, client: Client, unique: str) -> None:
    post(client, usage(unique, f"cus-{unique}"), unique * 4)
    when_told(collector, unique * 4, f"process {PREFIX}-billing-usage")

    said = {resource["service.name"] for resource in collector.resources}
    assert {"ingestion", "billing"} <= said
    assert {resource["deployment.environment.name"] for resource in collector.resources} == {"embedded"}
