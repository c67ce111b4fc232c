"""The OpenAPI document is valid, complete and as committed."""

from __future__ import annotations

import re

import jsonschema
import pytest
from openapi_spec_validator import validate

from functions.billing.api import build
from functions.billing.manifest import API
from functions.billing.openapi import document
from local.memory.clock import VirtualClock
from local.memory.idempotency import MemoryIdempotency
from tests.unit.billing_builders import NOW, World

DOCUMENT = document()
OPERATIONS = [
    (f"{method.upper()} {path}", operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]


def test_the_document_is_openapi():
    validate(DOCUMENT)

    assert DOCUMENT["openapi"].startswith("3.1.")


def test_the_document_has_the_manifest_s_routes():
    assert {route for route, _ in OPERATIONS} == set(API.routes)


def test_the_api_answers_the_manifest_s_routes():
    app = build(World().billing, MemoryIdempotency(clock=VirtualClock(NOW)))

    routes = {
        (route.method, re.sub(r"<(\w+)>", r"{\1}", route.path)) for route in app._static_routes + app._dynamic_routes
    }

    assert {f"{method} {path}" for method, path in routes} == set(API.routes)


@pytest.mark.parametrize(("route", "operation"), OPERATIONS)
def test_an_example_fits_its_schema(route, operation):
    contents = [r["content"] for r in operation["responses"].values()]
    contents += [operation["requestBody"]["content"]] if "requestBody" in operation else []

    for media in (m for content in contents for m in content.values() if "example" in m):
        jsonschema.validate(media["example"], {**media["schema"], "components": DOCUMENT["components"]})


@pytest.mark.parametrize(("route", "operation"), OPERATIONS)
def test_parameters_in_the_path_are_described(route, operation):
    described = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}

    assert described == set(re.findall(r"\{(\w+)\}", route))
