from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from pydantic import Field

from contracts.examples import NoExample, event_example, example_files, example_of
from contracts.json_schema import schema_of
from events.catalog import CATALOG, BillingInvoicePaid, Payload, version_of
from events.envelope import CloudEvent

ROOT = Path(__file__).parents[2]
EACH = pytest.mark.parametrize("model", CATALOG.values(), ids=lambda model: f"{model.type}.v{model.version}")
FORMS = pytest.mark.parametrize("full", [False, True], ids=["least", "full"])


@EACH
@FORMS
def test_every_example_is_what_its_model_and_its_schema_ask_for(model: type[Payload], full: bool) -> None:
    event = CloudEvent.parse(json.dumps(event_example(model, full=full)))

    assert (event.type, version_of(event)) == (model.type, model.version)
    model.model_validate(event.data)
    assert list(jsonschema.Draft202012Validator(schema_of(model)).iter_errors(event.data)) == []
    assert event.data == example_of(model, full=full)


@EACH
def test_the_least_has_what_is_required_and_the_full_one_every_field(model: type[Payload]) -> None:
    required = {name for name, field in model.model_fields.items() if field.is_required()}

    assert example_of(model).keys() == required
    assert example_of(model, full=True).keys() == model.model_fields.keys()


def test_no_two_examples_are_one_event() -> None:
    events = [CloudEvent.parse(event_example(model, full=full)) for model in CATALOG.values() for full in (False, True)]

    assert len({event.identity for event in events}) == len(events)


def test_the_seed_event_is_its_type_s_example_byte_for_byte() -> None:
    seed = (ROOT / "examples" / "seed-event.json").read_text()

    assert example_files(BillingInvoicePaid)["v1.json"] == seed
    assert event_example(BillingInvoicePaid) == json.loads(seed)


def test_what_a_field_does_not_show_is_made_up_from_its_name_and_bounds() -> None:
    class Parcel(Payload):
        type = "shipping.parcel.sent"

        order_id: str
        label: str = Field(min_length=8)
        weight: int = Field(ge=250)
        fragile: bool
        sizes: dict[str, int]

    assert example_of(Parcel) == {
        "order_id": "order_0001",
        "label": "labelxxx",
        "weight": 250,
        "fragile": True,
        "sizes": {"key": 1},
    }


def test_a_field_that_cannot_be_made_up_is_named_with_what_to_do() -> None:
    class Route(Payload):
        type = "shipping.route.planned"

        iata: str = Field(pattern=r"^[A-Z]{3}-[A-Z]{3}$")

    with pytest.raises(NoExample, match=r"Route: no example of `iata`.*examples="):
        example_of(Route)
