from __future__ import annotations

from datetime import UTC, datetime

import jsonschema
import pytest

from contracts.json_schema import schema_of
from events.catalog import (
    CATALOG,
    BillingInvoicePaid,
    IngestionRecordRejected,
    UnknownEvent,
    caused_by,
    dataschema,
    initial,
    payload_of,
    version_of,
)
from events.envelope import InvalidEvent
from events.money import format_money
from tests.unit.event_builders import paid, usage

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def problems_of(event) -> dict[str, str]:
    with pytest.raises(InvalidEvent) as caught:
        payload_of(event)
    return {problem.field: problem.message for problem in caught.value.problems}


def test_the_seed_event_fits_the_catalog() -> None:
    payload = payload_of(paid())

    assert isinstance(payload, BillingInvoicePaid)
    assert (payload.amount, payload.currency) == (49900, "USD")


def test_fields_from_a_newer_producer_are_carried_along() -> None:
    data = paid().data | {"loyalty_points": 12, "note": None}

    payload = payload_of(paid(data=data))

    assert payload.to_data() == data


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", "49900"),
        ("amount", 499.0),
        ("amount", -1),
        ("amount", True),
        ("amount", 2**53),
        ("currency", "usd"),
        ("currency", "XYZ"),
        ("customer_id", ""),
        ("customer_id", "a b"),
        ("paid_at", 1_760_000_000),
        ("paid_at", "1760000000"),
        ("paid_at", "2026-05-20T14:30:00"),
    ],
)
def test_data_that_does_not_fit_is_named_by_its_path(field: str, value: object) -> None:
    assert problems_of(paid(data=paid().data | {field: value})).keys() == {f"data.{field}"}


@pytest.mark.parametrize("data", [None, [], "x"])
def test_data_must_be_an_object(data: object) -> None:
    assert problems_of(paid(data=data)).keys() == {"data"}


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(UnknownEvent, match=r"made\.up v1"):
        payload_of(usage(type="made.up"))


def test_an_unknown_version_says_which_are_known() -> None:
    with pytest.raises(UnknownEvent, match="known: v1"):
        payload_of(paid(dataschema=dataschema("billing.invoice.paid", 9)))


def test_a_dataschema_of_another_type_is_refused() -> None:
    with pytest.raises(UnknownEvent, match="names billing"):
        version_of(usage(dataschema=dataschema("billing.invoice.paid")))


def test_a_foreign_dataschema_means_the_first_version() -> None:
    assert version_of(usage(dataschema="https://acme.example/schema.json")) == 1


def test_what_we_send_names_its_schema_version_and_omits_what_is_absent() -> None:
    payload = BillingInvoicePaid(invoice_id="i", customer_id="c", amount=1, currency="USD")

    event = caused_by(usage(), payload, source="billing-service", time=NOW)

    assert event.dataschema == "urn:breakwater:schema:billing.invoice.paid:v1"
    assert event.data == {"invoice_id": "i", "customer_id": "c", "amount": 1, "currency": "USD"}
    assert payload_of(event) == payload


def test_an_initial_event_has_no_cause() -> None:
    payload = IngestionRecordRejected(reason="unreadable", record="{")

    event = initial(payload, id="x", source="ingestion-service", time=NOW)

    assert event.extensions == {}


@pytest.mark.parametrize("model", CATALOG.values(), ids=lambda model: model.type)
def test_every_derived_schema_is_json_schema_2020_12(model) -> None:
    jsonschema.Draft202012Validator.check_schema(schema_of(model))


def test_the_schema_says_what_the_model_says_of_the_seed_event() -> None:
    validator = jsonschema.Draft202012Validator(schema_of(BillingInvoicePaid))

    assert validator.is_valid(paid().data)
    assert not validator.is_valid(paid().data | {"amount": "49900"})


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(49900, "USD", "USD 499.00"), (5, "USD", "USD 0.05"), (1234567, "JPY", "JPY 1,234,567"), (5, "KWD", "KWD 0.005")],
)
def test_money_is_written_with_its_currency_s_own_digits(amount: int, currency: str, text: str) -> None:
    assert format_money(amount, currency) == text
