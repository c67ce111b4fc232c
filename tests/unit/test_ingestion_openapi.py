from __future__ import annotations

import json

from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from functions.ingestion.adapters.memory import MemoryIntake
from functions.ingestion.api import events_api
from functions.ingestion.manifest import API
from functions.ingestion.openapi import document
from runtime.claim_check import MemoryClaimChecks
from tests.unit.ingestion_builders import contact, http_request, settled, usage
from tests.unit.runtime_fakes import FakeClock, FakeContext


def operations() -> set[str]:
    return {f"{method.upper()} {path}" for path, item in document()["paths"].items() for method in item}


def schema(name: str) -> Draft202012Validator:
    return Draft202012Validator({**document(), "$ref": f"#/components/schemas/{name}"})


def test_the_document_is_valid_openapi() -> None:
    validate(document())


def test_the_document_and_the_manifest_have_the_same_routes() -> None:
    assert operations() == set(API.routes)


def test_the_api_and_the_manifest_have_the_same_routes() -> None:
    app = events_api(intake=MemoryIntake(MemoryClaimChecks()), clock=FakeClock())

    answers = [
        app.resolve(http_request("", {}, path=route.split()[1]), FakeContext())["statusCode"] for route in API.routes
    ]

    assert 404 not in answers


def test_inbound_events_fit_the_schema_when_the_api_takes_them() -> None:
    for event in (usage(), settled(), contact(webhookok=True)):
        schema("InboundEvent").validate(event.to_dict())


def test_inbound_events_do_not_fit_when_their_data_is_at_fault() -> None:
    assert not schema("InboundEvent").is_valid(usage(data={"quantity": -1}).to_dict())
    assert not schema("InboundEvent").is_valid(usage(type="billing.invoice.paid").to_dict())


def test_examples_fit_their_schemas() -> None:
    content = document()["paths"]["/events"]["post"]["requestBody"]["content"]

    for media in content.values():
        Draft202012Validator({**document(), **media["schema"]}).validate(media["example"])


def test_answers_fit_their_schemas() -> None:
    app = events_api(intake=MemoryIntake(MemoryClaimChecks()), clock=FakeClock())
    batch = {"content-type": "application/cloudevents-batch+json"}

    for body, headers, name in [
        (usage().to_json(), None, "Receipt"),
        ("{", None, "ProblemDetails"),
        ([{"id": 7}], batch, "BatchProblem"),
    ]:
        answer = app.resolve(http_request(body, headers), FakeContext())
        schema(name).validate(json.loads(answer["body"]))
