"""What nobody knows yet breaks nobody, at any level of any type, and is all there wherever an event is passed on."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings

from contracts.company import consumers_of, producers_of
from events.catalog import CATALOG, NEWEST, payload_of, readable_versions
from events.envelope import CloudEvent
from functions.billing import manifest as billing
from functions.ingestion import manifest as ingestion
from functions.ingestion.domain import ROUTES
from functions.notification import manifest as notification
from local.memory.company import Company
from tests.fuzz.seeds import events
from tests.unit.event_builders import members
from tests.unit.hostile_strategies import json_values

START = datetime(2026, 6, 20, 14, tzinfo=UTC)
SERVICES = (ingestion.SERVICE, billing.SERVICE, notification.SERVICE)
CONTACT = "customer.contact.updated"


def sender(type_: str) -> str:
    """Rules look at it: our own types come from our own services."""
    domain = type_.partition(".")[0]
    return f"{domain}-service" if producers_of(type_) and domain != "customer" else f"/{domain}"


def takers(type_: str) -> list[str]:
    return [route.consumer.name for route in consumers_of(type_)]


#: One of each type and version, with all its fields.
EVENTS = [event.model_copy(update={"source": sender(event.type)}) for event in events()]
IDS = [f"{event.type} v{(event.dataschema or '')[-1]}" for event in EVENTS]
TOLD_TO_CUSTOMERS = notification.MESSAGES.subscriptions[0].pattern["detail-type"]

#: At every level one field that no model has, and that no model will ever have.
UNKNOWN = "not_in_any_catalog"


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def with_unknown_fields(value: Any, unknown: Any) -> Any:
    if isinstance(value, list):
        return [with_unknown_fields(item, unknown) for item in value]
    if isinstance(value, dict):
        return {**{k: with_unknown_fields(v, unknown) for k, v in value.items()}, UNKNOWN: unknown}
    return value


def unknown_fields(value: Any, path: str = "") -> dict[str, Any]:
    """Path -> what is there, of all the fields that were added."""
    if isinstance(value, list):
        return {k: v for n, item in enumerate(value) for k, v in unknown_fields(item, f"{path}[{n}]").items()}
    if not isinstance(value, dict):
        return {}
    own = {f"{path}.{UNKNOWN}": value[UNKNOWN]} if UNKNOWN in value else {}
    nested = (unknown_fields(v, f"{path}.{k}") for k, v in value.items() if k != UNKNOWN)
    return {**own, **{k: v for found in nested for k, v in found.items()}}


def of_tomorrow(event: CloudEvent, unknown: Any, **facts: Any) -> CloudEvent:
    return event.model_copy(update={"data": with_unknown_fields({**event.data, **facts}, unknown)})


def a_company() -> Company:
    """With a customer whom both channels reach."""
    company = Company(seed=1, start=START, archive=True)
    channels = {"email": "ada@example.com", "webhook_url": "https://hooks.example.com/in"}
    contact = {"customer_id": "cus_abc123", "name": "Ada", **channels}
    company.cloud.publish(
        CloudEvent.parse(members(id="c", type=CONTACT, time="2026-01-01T00:00:00Z", source="crm", data=contact))
    )
    company.cloud.run()
    return company


def an_invoice(company: Company) -> str:
    """Of the amount that payments here are of."""
    lines = [{"description": "Seats", "quantity": 1, "unit_amount": 49900}]
    order = {"customer_id": "cus_abc123", "currency": "USD", "lines": lines}
    _, invoice = company.bill("POST", "/invoices", order, Idempotency_Key="key-1")
    company.cloud.run()
    return invoice["id"]


def archived(company: Company, cause: CloudEvent) -> list[CloudEvent]:
    on_the_bus = [CloudEvent.parse(envelope["detail"]) for envelope in company.cloud.bus.archive]
    return [event for event in on_the_bus if event.extensions.get("causationid", event.id) == cause.id]


def crashes(company: Company) -> list[object]:
    return [
        error
        for service in SERVICES
        for function in service.functions
        for error in company.cloud.function(function.name).errors
    ]


def dead_letters(company: Company) -> list[str]:
    consumers = (consumer for service in SERVICES for consumer in service.consumers)
    return [m.attributes["error_message"] for c in consumers for m in company.cloud.dlq(c.name).peek()]


def test_every_version_that_is_read_is_here_with_something_at_each_level() -> None:
    assert len(EVENTS) == sum(len(readable_versions(type_)) for type_ in NEWEST) == len(CATALOG)
    assert {"lines", "problems", "channels"} <= {
        name for event in EVENTS for name, value in event.data.items() if isinstance(value, dict | list)
    }


@pytest.mark.parametrize("event", EVENTS, ids=IDS)
@settings(max_examples=20)
@given(unknown=json_values)
def test_fields_that_no_model_knows_are_all_in_the_payload(event: CloudEvent, unknown: Any) -> None:
    sent = of_tomorrow(event, unknown)

    found = unknown_fields(payload_of(sent).to_data())

    assert found.items() >= unknown_fields(sent.data).items()


@pytest.mark.parametrize("event", EVENTS, ids=IDS)
@settings(max_examples=5)
@given(unknown=json_values)
def test_no_consumer_minds_fields_that_it_does_not_know(event: CloudEvent, unknown: Any) -> None:
    company = a_company()
    sent = of_tomorrow(event, unknown, **({"invoice_id": an_invoice(company)} if "payment" in event.type else {}))

    invocations = [company.cloud.function(name).invocations for name in takers(event.type)]
    company.cloud.publish(sent)
    company.cloud.run()

    assert [company.cloud.function(name).invocations for name in takers(event.type)] == [n + 1 for n in invocations]
    assert crashes(company) == []
    assert dead_letters(company) == []
    assert [e.type for e in archived(company, sent) if e.type == "ingestion.record.rejected"] == (
        [event.type] if event.type == "ingestion.record.rejected" else []
    )


@pytest.mark.parametrize("event", [e for e in EVENTS if e.type in ROUTES and e.type != CONTACT], ids=lambda e: e.type)
@settings(max_examples=5)
@given(unknown=json_values)
def test_ingestion_passes_on_what_it_does_not_know(event: CloudEvent, unknown: Any) -> None:
    company = a_company()
    sent = of_tomorrow(event, unknown)

    company.post_events(sent)
    company.cloud.run()

    passed_on = next(e for e in archived(company, sent) if e.type.startswith("ingestion."))
    assert unknown_fields(passed_on.data) == unknown_fields(sent.data) != {}


@pytest.mark.parametrize("event", [e for e in EVENTS if e.type == CONTACT], ids=lambda e: e.dataschema[-2:])
@settings(max_examples=5)
@given(unknown=json_values)
def test_a_contact_is_forwarded_with_what_nobody_here_knows(event: CloudEvent, unknown: Any) -> None:
    company = a_company()
    sent = of_tomorrow(event, unknown)

    company.post_events(sent)
    company.cloud.run()

    assert archived(company, sent) == [sent]


@pytest.mark.parametrize("event", [e for e in EVENTS if e.type in TOLD_TO_CUSTOMERS], ids=lambda e: e.type)
@settings(max_examples=5)
@given(unknown=json_values)
def test_a_webhook_s_body_has_what_we_do_not_know(event: CloudEvent, unknown: Any) -> None:
    company = a_company()
    sent = of_tomorrow(event, unknown)

    company.cloud.publish(sent)
    company.cloud.run()

    (call,) = company.webhooks
    assert json.loads(call.body) == sent.to_dict()
    assert len(company.mail) == 1
