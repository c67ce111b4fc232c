# ruff: noqa: E501 - tables are read in rows
from __future__ import annotations

import json
from datetime import date
from enum import StrEnum
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from contracts.avro import NotAvro, avro_of, from_datum, to_datum
from contracts.compatibility.avro import findings
from contracts.compatibility.avro_parser import parsed
from events.catalog import CATALOG, BillingInvoiceIssued, BillingInvoicePaid, Moment, Payload
from tests.unit.avro_payloads import payloads
from tests.unit.event_builders import paid

SCHEMAS = Path(__file__).parents[2] / "events" / "schemas"
MODELS = [pytest.param(model, id=f"{model.type} v{model.version}") for model in CATALOG.values()]


def payload_model(**fields: Any) -> type[Payload]:
    """A model called Made, for the type made.up; a field is (annotation, value) as pydantic has it."""
    annotations = {name: annotation for name, (annotation, *_) in fields.items()}
    values = {name: value for name, (_, *value_) in fields.items() for value in value_}
    return type(
        "Made", (Payload,), {"__annotations__": annotations, "type": "made.up", "__module__": __name__, **values}
    )


def field_of(model: type[Payload], name: str) -> dict[str, Any]:
    return next(field for field in avro_of(model)["fields"] if field["name"] == name)


@cache
def parsed_by_fastavro(model: type[Payload]) -> Any:
    return fastavro.parse_schema(avro_of(model))


def through_fastavro(model: type[Payload], payload: Any) -> dict[str, Any]:
    """JSON -> Avro, bytes and all -> JSON."""
    schema, buffer = parsed_by_fastavro(model), BytesIO()
    fastavro.schemaless_writer(buffer, schema, to_datum(model, payload), strict=True)
    buffer.seek(0)
    return from_datum(model, fastavro.schemaless_reader(buffer, schema, None))


# What is committed


@pytest.mark.parametrize("model", MODELS)
def test_every_schema_of_the_catalog_is_avro_in_its_canonical_form_too(model: type[Payload]) -> None:
    schema = avro_of(model)

    canonical = json.loads(fastavro.schema.to_parsing_canonical_form(schema))

    assert fastavro.parse_schema(canonical)["name"] == f"{model.type}.{model.__name__}"
    assert findings(writer=schema, reader=canonical) == []


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=25)
@given(data=st.data())
def test_a_payload_survives_avro(model: type[Payload], data: st.DataObject) -> None:
    payload = data.draw(payloads(model))

    back = through_fastavro(model, payload)

    known = without_unknown(payload, model.model_validate(payload))
    assert model.model_validate(back) == model.model_validate(known)


def without_unknown(payload: Any, read: BaseModel) -> Any:
    """What is left when the fields that the models do not know are gone."""
    left = {name: value for name, value in payload.items() if name in type(read).model_fields}
    for name, value in left.items():
        if isinstance(value, list):
            left[name] = [without_unknown(v, r) for v, r in zip(value, getattr(read, name), strict=True)]
        elif isinstance(value, dict):
            left[name] = without_unknown(value, getattr(read, name))
    return left


def test_the_seed_event_s_data_come_back_as_they_were() -> None:
    assert through_fastavro(BillingInvoicePaid, paid().data) == paid().data


def test_the_record_is_named_by_class_and_event_type() -> None:
    schema = avro_of(BillingInvoiceIssued)

    assert (schema["type"], schema["name"], schema["namespace"], schema["doc"]) == (
        *("record", "BillingInvoiceIssued", "billing.invoice.issued", "An invoice is owed."),
    )
    assert field_of(BillingInvoiceIssued, "lines")["type"]["items"]["name"] == "InvoiceLine"


# What the model says, and what Avro says then


class Colour(StrEnum):
    RED = "red"
    DARK_BLUE = "dark-blue"


class Fallback(StrEnum):
    NEW = "new"
    OTHER = "other"

    @classmethod
    def _missing_(cls, value: object) -> Fallback:
        return cls.OTHER


class Part(BaseModel):
    """A part of something."""

    size: int
    parts: tuple[Part, ...] = ()


TIME = {"type": "long", "logicalType": "timestamp-micros"}
JSON_TEXT = {"type": "string", "contentMediaType": "application/json"}


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ((int,), {"type": "long"}),
        ((float, 0.5), {"type": "double", "default": 0.5}),
        ((bool, False), {"type": "boolean", "default": False}),
        ((str | None, None), {"type": ["null", "string"], "default": None}),
        ((str | None, "x"), {"type": ["string", "null"], "default": "x"}),
        ((str | None,), {"type": ["null", "string"]}),
        ((Moment,), {"type": TIME}),
        ((Moment | None, None), {"type": ["null", TIME], "default": None}),
        ((date,), {"type": {"type": "int", "logicalType": "date"}}),
        ((UUID,), {"type": {"type": "string", "logicalType": "uuid"}}),
        ((Annotated[int, Field(ge=1, lt=9)],), {"type": {"type": "long", "minimum": 1, "exclusiveMaximum": 9}}),
        ((str, Field("a", description="b")), {"doc": "b", "type": "string", "default": "a"}),
        ((tuple[int, ...], ()), {"type": {"type": "array", "items": "long"}, "default": []}),
        ((list[str | None],), {"type": {"type": "array", "items": ["null", "string"]}}),
        ((dict[str, int], Field(default_factory=dict)), {"type": ["null", {"type": "map", "values": "long"}], "default": None}),
        ((dict[str, int], {}), {"type": {"type": "map", "values": "long"}, "default": {}}),
        ((Literal["a", "b"], "a"), {"type": {"type": "enum", "name": "MadeIt", "symbols": ["a", "b"]}, "default": "a"}),
        ((Literal["a"],), {"type": {"type": "enum", "name": "MadeIt", "symbols": ["a"]}}),
        ((Annotated[str, Field(pattern="^(on|off)$")],), {"type": {"type": "enum", "name": "MadeIt", "symbols": ["on", "off"]}}),
        ((Literal[1, 2],), {"type": {"type": "long", "enum": [1, 2]}}),
        ((Fallback,), {"type": {"type": "enum", "name": "Fallback", "symbols": ["new", "other"], "default": "other"}}),
        ((int | str,), {"type": ["long", "string"]}),
        ((Annotated[str, Field(pattern="a")] | Annotated[str, Field(pattern="b")],), {"type": "string"}),
        ((Moment | int,), {"type": JSON_TEXT}),
        ((tuple[int, str],), {"type": JSON_TEXT}),
        ((Any,), {"type": JSON_TEXT}),
        ((dict[str, Any],), {"type": {"type": "map", "values": JSON_TEXT}}),
    ],
)  # fmt: skip
def test_a_field_in_avro_s_words(declared: tuple[Any, ...], said: dict[str, Any]) -> None:
    model = payload_model(it=declared)

    assert field_of(model, "it") == {"name": "it", **said}
    parsed(avro_of(model))


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ((int,), -5),
        ((float,), 1.5),
        ((str | None,), None),
        ((Moment,), "2026-05-20T14:30:00.000001Z"),
        ((date,), "0001-01-01"),
        ((UUID,), "00000000-0000-0000-0000-00000000000a"),
        ((dict[str, tuple[int, ...]],), {"a b": [1], "": []}),
        ((Colour,), "dark-blue"),
        ((int | str,), "1"),
        ((int | str,), 1),
        ((Moment | int,), 7),
        ((tuple[int, str],), [1, "é"]),
        ((Any,), {"a": [None, 1.5, "x"]}),
        ((Any,), True),
        ((Part,), {"size": 1, "parts": [{"size": 2, "parts": []}]}),
        ((Part | Literal["none"],), "none"),
    ],
)
def test_a_value_survives_avro(declared: tuple[Any, ...], value: Any) -> None:
    assert through_fastavro(payload_model(it=declared), {"it": value}) == {"it": value}


def test_a_model_that_holds_itself_is_written_out_once() -> None:
    part = field_of(payload_model(it=(Part,), also=(Part,)), "it")["type"]

    assert (part["name"], part["doc"]) == ("Part", "A part of something.")
    assert part["fields"][1] == {"name": "parts", "type": {"type": "array", "items": "Part"}, "default": []}


def test_a_default_inside_a_default_is_avro_s_too() -> None:
    class Window(BaseModel):
        opens: Moment

    model = payload_model(it=(Window, Field(Window.model_validate({"opens": "1970-01-01T00:00:01Z"}))))

    assert field_of(model, "it")["default"] == {"opens": 1_000_000}


def test_names_that_avro_cannot_spell_keep_the_wire_s_beside_them() -> None:
    model = payload_model(colour=(Colour, Field(alias="the-colour")))
    model.type = "com.made-up.2nd"

    field = field_of(model, "the_colour")

    assert avro_of(model)["namespace"] == "com.made_up._2nd"
    assert field["jsonName"] == "the-colour"
    assert field["type"]["jsonValues"] == {"red": "red", "dark_blue": "dark-blue"}
    assert through_fastavro(model, {"the-colour": "dark-blue"}) == {"the-colour": "dark-blue"}


def test_fields_that_avro_cannot_tell_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="two fields of Made have one name in Avro"):
        avro_of(payload_model(a=(int, Field(alias="x-y")), b=(int, Field(alias="x_y"))))


def test_types_that_avro_cannot_tell_apart_are_refused_with_what_to_do() -> None:
    other = type("Part", (BaseModel,), {"__annotations__": {"a": int}, "__module__": "elsewhere"})

    with pytest.raises(ValueError, match="two types are called Part in Avro: give a model another `title`"):
        avro_of(payload_model(it=(Part,), also=(other,)))


def test_a_renamed_class_keeps_its_name_by_its_title() -> None:
    class Renamed(Payload):
        model_config = ConfigDict(title="Made")
        type = "made.up"

    assert findings(writer=avro_of(payload_model()), reader=avro_of(Renamed)) == []


# A field that was called otherwise


BEFORE = payload_model(customer=(str,))
AFTER = payload_model(customer_id=(str, Field(validation_alias=AliasChoices("customer_id", "customer"))))


def test_a_renamed_field_says_its_former_name_once_for_json_and_for_avro() -> None:
    assert field_of(AFTER, "customer_id")["aliases"] == ["customer"]
    assert findings(writer=avro_of(BEFORE), reader=avro_of(AFTER)) == []
    assert AFTER.model_validate({"customer": "c"}).to_data() == {"customer_id": "c"}
    assert to_datum(AFTER, {"customer": "c"}) == {"customer_id": "c"}


def test_the_renamed_field_hurts_the_old_reader() -> None:
    (finding,) = findings(writer=avro_of(AFTER), reader=avro_of(BEFORE))

    assert (finding.path, finding.rule) == ("customer", "READER_FIELD_MISSING_DEFAULT_VALUE")


# What is lost, and what cannot be


def test_unknown_fields_and_offsets_are_lost() -> None:
    payload = paid().data | {"paid_at": "2026-05-20T16:30:00+02:00", "loyalty_points": 12}

    assert through_fastavro(BillingInvoicePaid, payload) == paid().data | {"paid_at": "2026-05-20T14:30:00Z"}


def test_an_unknown_symbol_becomes_the_fallback() -> None:
    model = payload_model(it=(Fallback,))

    assert to_datum(model, {"it": "older"}) == {"it": "other"}
    assert model.model_validate({"it": "older"}).to_data() == {"it": "other"}


@pytest.mark.parametrize(
    ("declared", "value", "problem"),
    [
        ((int,), 2**63, "it is no integer of 64 bits"),
        ((int,), True, "it has no bool in Avro"),
        ((int,), "1", "it has no str in Avro"),
        ((Colour,), "green", "it is none of red, dark-blue"),
        ((Moment,), "yesterday", "it must be an RFC 3339 timestamp"),
        ((Part,), {}, "it.size is missing"),
        ((tuple[Part, ...],), [{"size": 1}, {"size": None}], r"it\[\].size has no NoneType in Avro"),
        ((Part | None,), {"size": "x"}, "it.size has no str in Avro"),
        ((dict[str, int],), {"a": None}, r"it\{\} has no NoneType in Avro"),
    ],
)
def test_what_avro_cannot_hold_is_named_by_its_path(declared: tuple[Any, ...], value: Any, problem: str) -> None:
    with pytest.raises(NotAvro, match=f"^{problem}"):
        to_datum(payload_model(it=declared), {"it": value})


def test_a_datum_of_another_record_is_refused() -> None:
    with pytest.raises(NotAvro, match=r"^the payload has other fields than BillingInvoicePaid"):
        from_datum(BillingInvoicePaid, {"invoice_id": "i"})


def test_every_committed_file_is_a_schema_of_the_catalog() -> None:
    files = {path.relative_to(SCHEMAS): json.loads(path.read_text()) for path in SCHEMAS.glob("*/*.avsc")}

    assert {str(path) for path in files} == {f"{type_}/v{version}.avsc" for type_, version in CATALOG}
    assert all(fastavro.parse_schema(schema) for schema in files.values())
