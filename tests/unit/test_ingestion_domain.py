from __future__ import annotations

import json
from datetime import timedelta

import pytest

from events.catalog import UnknownEvent, payload_of
from events.envelope import CloudEvent, InvalidEvent, Problem, derived_id
from functions.ingestion.domain import (
    MAX_ATTRIBUTE_BYTES,
    MAX_EVENT_BYTES,
    ROUTES,
    TooLarge,
    normalised,
    unreadable,
)
from functions.ingestion.manifest import CONSUMER, SERVICE
from functions.ingestion.process import Ingestion
from tests.unit.ingestion_builders import NOW, contact, members, payment, settled, usage
from tests.unit.runtime_fakes import FakeClock


def fields(error: InvalidEvent) -> list[str]:
    return [problem.field for problem in error.problems]


def test_usage_becomes_recorded_usage_when_it_fits_the_catalog() -> None:
    event = normalised(usage(), NOW)

    assert (event.type, event.source, event.subject) == ("ingestion.usage.recorded", "ingestion-service", "cus_1")
    assert event.data == {
        "customer_id": "cus_1",
        "meter": "api_calls",
        "quantity": 10,
        "used_at": "2026-05-20T14:30:00Z",
    }
    assert event.extensions["causationid"] == "e-1"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (settled(), "ingestion.payment.settled"),
        (settled(type="partner.payment.failed", data=payment(reason="card declined")), "ingestion.payment.failed"),
    ],
)
def test_payments_become_our_own_when_they_fit_the_catalog(given: CloudEvent, expected: str) -> None:
    event = normalised(given, NOW)

    assert (event.type, event.subject) == (expected, "inv_1")
    assert event.data == given.data


def test_the_very_same_event_comes_out_when_a_record_is_handled_twice() -> None:
    assert normalised(usage(), NOW) == normalised(usage(), NOW + timedelta(hours=3))


def test_now_is_the_time_when_the_record_has_none() -> None:
    event = normalised(CloudEvent.parse(members(data=usage().data)), NOW)

    assert event.occurred_at == NOW


def test_unknown_fields_are_carried_along() -> None:
    event = normalised(settled(data=payment(batch="b-7", nested={"a": [1]})), NOW)

    assert event.data["batch"] == "b-7"
    assert event.data["nested"] == {"a": [1]}


def test_a_contact_is_passed_on_as_it_is() -> None:
    assert normalised(contact(), NOW) == contact()


def test_a_contact_is_refused_when_it_has_no_time() -> None:
    with pytest.raises(InvalidEvent) as caught:
        normalised(contact(time=None), NOW)

    assert fields(caught.value) == ["time"]


def test_a_contact_is_refused_when_the_bus_reserves_its_source() -> None:
    with pytest.raises(InvalidEvent) as caught:
        normalised(contact(source="aws.crm"), NOW)

    assert fields(caught.value) == ["source"]


def test_a_type_is_refused_when_it_is_in_the_catalog_but_not_inbound() -> None:
    with pytest.raises(UnknownEvent) as caught:
        normalised(usage(type="billing.invoice.paid"), NOW)

    assert fields(caught.value) == ["type"]


def test_every_field_at_fault_is_named() -> None:
    with pytest.raises(InvalidEvent) as caught:
        normalised(settled(data=payment(amount=-1, currency="XXQ")), NOW)

    assert fields(caught.value) == ["data.amount", "data.currency"]


@pytest.mark.parametrize(
    "event",
    [
        settled(data=payment(note="x" * MAX_EVENT_BYTES)),
        usage(id="i" * MAX_ATTRIBUTE_BYTES),
        usage(tracestate="t" * MAX_ATTRIBUTE_BYTES),
    ],
    ids=["data", "id", "extension"],
)
def test_an_event_is_refused_when_it_is_larger_than_what_is_taken_in(event: CloudEvent) -> None:
    with pytest.raises(TooLarge):
        normalised(event, NOW)


def test_an_event_is_taken_in_when_it_is_as_large_as_it_may_be() -> None:
    rest = len(settled(data=payment(note="")).to_json())

    event = normalised(settled(data=payment(note="x" * (MAX_EVENT_BYTES - rest))), NOW)

    assert len(event.data["note"]) == MAX_EVENT_BYTES - rest


def test_an_event_is_refused_when_its_data_lies_elsewhere() -> None:
    with pytest.raises(InvalidEvent, match="dataref: is not followed: send the data itself"):
        normalised(CloudEvent.parse(members(dataref="https://elsewhere.example/data")), NOW)


def test_every_subscribed_type_has_a_route_and_every_result_is_in_the_manifest() -> None:
    subscribed = {type_ for s in CONSUMER.subscriptions for type_ in s.pattern["detail-type"]}

    assert subscribed <= set(ROUTES)
    assert set(ROUTES) - subscribed == {"customer.contact.updated"}  # else it would come back to us for ever
    assert set(SERVICE.emits) - {"ingestion.record.rejected"} == {
        "ingestion.usage.recorded",
        "ingestion.payment.settled",
        "ingestion.payment.failed",
        "customer.contact.updated",
    }


def test_a_rejection_is_the_outcome_when_a_record_from_the_bus_is_at_fault() -> None:
    (event,) = Ingestion(FakeClock()).handle(settled(data=payment(amount="12"))).events

    payload = payload_of(event)
    assert event.type == "ingestion.record.rejected"
    assert [p.field for p in payload.problems] == ["data.amount"]
    assert payload.reason.startswith("data.amount: ")
    assert (payload.record_type, payload.record_source, payload.record_id) == (
        "partner.payment.settled",
        "/partners/acme",
        "e-1",
    )
    assert json.loads(payload.record) == settled(data=payment(amount="12")).to_dict()


def test_the_rejection_has_the_same_id_when_the_record_comes_again() -> None:
    first, second = FakeClock(), FakeClock()
    second.sleep(3600)

    events = [Ingestion(clock).handle(usage(data={})).events[0] for clock in (first, second)]

    assert events[0].id == events[1].id


def test_the_record_is_cut_when_it_is_long() -> None:
    (event,) = Ingestion(FakeClock()).handle(usage(data={"note": "é" * 70_000})).events

    assert len(payload_of(event).record.encode()) <= 65_536


def test_a_message_that_is_no_event_becomes_a_rejection() -> None:
    error = InvalidEvent([Problem("message", "is not JSON")])

    (event,) = Ingestion(FakeClock()).on_unreadable("{nonsense", error).events

    payload = payload_of(event)
    assert payload.record == "{nonsense"
    assert payload.record_id is None
    assert event.id == unreadable("{nonsense", error, NOW).id
    assert event.id != unreadable("{other", error, NOW).id


def test_of_what_shared_an_entry_each_has_a_rejection_of_its_own() -> None:
    """The envelope's id is that of the entry."""
    elements = ({"quantity": 1}, {"quantity": 2}, {"id": "own", "quantity": 1}, 7)
    bodies = [
        json.dumps({"id": "eb-1", "source": "acme", "detail-type": "t", "detail": {"cloudevents": [e]}})
        for e in elements
    ]
    error = InvalidEvent([Problem("event", "no")])

    told = [unreadable(body, error, NOW) for body in bodies]

    assert len({event.id for event in told}) == len(elements)
    assert [event.data.get("record_id") for event in told] == [None, None, "own", None]
    assert told == [unreadable(body, error, NOW) for body in bodies]


@pytest.mark.parametrize(
    ("body", "identity"),
    [
        (
            {
                "id": "eb-1",
                "source": "s",
                "detail-type": "t",
                "detail": {"specversion": "0.3", "id": "i", "source": "p"},
            },
            ("p", "i"),
        ),
        ({"id": "eb-1", "source": "s", "detail-type": "t", "detail": 7}, ("s", "eb-1")),
        ({"id": "x", "source": "y", "specversion": "0.3"}, ("y", "x")),
    ],
)
def test_a_rejection_is_derived_from_the_message_s_own_identity_when_it_has_one(body, identity) -> None:
    event = unreadable(json.dumps(body), InvalidEvent([Problem("specversion", "no")]), NOW)

    payload = payload_of(event)
    assert event.id == derived_id(*identity, "ingestion.record.rejected", 0)
    assert (payload.record_source, payload.record_id) == identity


@pytest.mark.parametrize("body", ["[]", "null", '{"id": 1}', "[" * 100_000, '{"source": "\\ud800", "id": "i"}', ""])
def test_no_message_is_too_strange_to_be_rejected(body: str) -> None:
    event = unreadable(body, InvalidEvent([Problem("message", "\ud800")]), NOW)

    payload_of(event)
    event.to_json().encode()
