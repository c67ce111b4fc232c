"""Events in OpenAPI 3.0, judged by validators that are not ours."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import OpenAPIV30SpecValidator
from schemathesis.generation.jsonschema.builder import build

from contracts.json_schema import schema_of
from events.catalog import CATALOG
from infra.components.event_openapi import convert, openapi
from tests.unit.event_builders import paid

MODELS = sorted(CATALOG)
EACH = pytest.mark.parametrize("key", MODELS, ids=lambda key: f"{key[0]}-v{key[1]}")


def document(key: tuple[str, int], source: str | None = "billing-service") -> dict[str, Any]:
    return openapi(schema_of(CATALOG[key]), type_=key[0], version=key[1], source=source)


def problems(schema: Any, instance: Any, components: Any = None) -> list[str]:
    whole = {**schema, "components": components or {}}
    return [error.message for error in OAS30Validator(whole).iter_errors(instance)]


def eventbridge_event(**changes: Any) -> dict[str, Any]:
    names = "version", "id", "source", "detail-type", "account", "region", "time"
    values = (
        "0",
        "7bf73129",
        "billing-service",
        "billing.invoice.paid",
        "123456789012",
        "us-east-1",
        "2026-05-20T14:30:00Z",
    )
    envelope = dict(zip(names, values, strict=True))
    return {**envelope, "resources": [], "detail": json.loads(paid().to_json()) | changes}


@EACH
def test_every_event_is_valid_openapi(key: tuple[str, int]) -> None:
    OpenAPIV30SpecValidator(document(key)).validate()


def test_the_event_of_the_bus_fits_and_a_wrong_one_does_not() -> None:
    components = document(("billing.invoice.paid", 1))["components"]
    root = components["schemas"]["AWSEvent"]

    assert problems(root, eventbridge_event(), components) == []
    assert problems(root, eventbridge_event(data={"invoice_id": "inv_1"}), components)
    assert problems(root, eventbridge_event(type="billing.invoice.issued"), components)


def test_an_event_whose_data_lies_elsewhere_fits() -> None:
    components = document(("billing.invoice.paid", 1))["components"]
    event = eventbridge_event(dataref="s3://payloads/1")
    del event["detail"]["data"]

    assert problems(components["schemas"]["AWSEvent"], event, components) == []


@EACH
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.data())
def test_what_fits_a_model_s_schema_fits_its_openapi(key: tuple[str, int], data: st.DataObject) -> None:
    schema = schema_of(CATALOG[key])
    components = document(key)["components"]

    instance = data.draw(build(schema, draft=jsonschema_rs.Draft202012, formats={}))

    assume(Draft202012Validator(schema).is_valid(instance))  # one that the validators' regular expressions agree on
    assert problems({"$ref": f"#/components/schemas/{schema['title']}"}, instance, components) == []


@pytest.mark.parametrize(
    ("schema", "converted"),
    [
        (
            {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]},
            {"type": "string", "maxLength": 3, "nullable": True},
        ),
        (
            {"anyOf": [{"$ref": "#/$defs/Line"}, {"type": "null"}], "default": None},
            {"default": None, "anyOf": [{"$ref": "#/components/schemas/Line"}, {"enum": [None]}]},
        ),
        ({"const": 1}, {"enum": [1]}),
        ({"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 0, "exclusiveMinimum": True}),
        ({"type": "array"}, {"type": "array", "items": {}}),
        ({"type": "object", "propertyNames": {"maxLength": 3}}, {"type": "object"}),
        (
            {"properties": {"const": {"$ref": "#/$defs/A"}}},
            {"properties": {"const": {"$ref": "#/components/schemas/A"}}},
        ),
        (
            {"type": "object", "additionalProperties": {"const": 1}},
            {"type": "object", "additionalProperties": {"enum": [1]}},
        ),
        ({"type": "string", "default": {"const": 1}}, {"type": "string", "default": {"const": 1}}),
    ],
)
def test_a_schema_says_the_same_in_openapi_s_words(schema: Any, converted: Any) -> None:
    assert convert(schema) == converted


def test_a_sender_is_named_where_there_is_one() -> None:
    ours = document(("billing.invoice.paid", 1))["components"]["schemas"]["AWSEvent"]
    others = document(("billing.invoice.paid", 1), source=None)["components"]["schemas"]["AWSEvent"]

    assert ours["x-amazon-events-source"] == "billing-service"
    assert "x-amazon-events-source" not in others
