"""The APIs do what their OpenAPI documents say, with requests that fit them and with requests that do not."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance, unsupported_method

from events.envelope import BATCH_MEDIA_TYPE
from events.money import MINOR_UNIT_DIGITS
from functions.billing.api import build
from functions.ingestion.adapters.memory import MemoryIntake
from functions.ingestion.api import events_api
from local.memory.clock import VirtualClock
from local.memory.idempotency import MemoryIdempotency
from runtime.claim_check import MemoryClaimChecks
from tests.fuzz.gateway import Gateway
from tests.unit.billing_builders import NOW, World
from tests.unit.runtime_fakes import FakeClock

schemathesis.openapi.format("iso-4217", st.sampled_from(sorted(MINOR_UNIT_DIGITS)))

REFUSALS = ["400", "404", "409", "413", "415", "422"]
CONFIG = schemathesis.Config.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}}})

INGESTION = schemathesis.openapi.from_wsgi(
    "/openapi.json",
    Gateway(lambda: events_api(intake=MemoryIntake(MemoryClaimChecks()), clock=FakeClock())),
    config=CONFIG,
)
BILLING = schemathesis.openapi.from_wsgi(
    "/openapi.json",
    Gateway(lambda: build(World().billing, MemoryIdempotency(clock=VirtualClock(NOW)))),
    config=CONFIG,
)


def as_integers(value: Any) -> Any:
    """JSON Schema counts 1.0 among the integers; we don't."""
    if isinstance(value, dict):
        return {name: as_integers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_integers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@schemathesis.hook
def map_body(_: schemathesis.HookContext, body: Any) -> Any:
    return as_integers(body)


def is_judged_by_more_than_its_schema(case: schemathesis.Case, response: schemathesis.Response) -> bool:
    """Valid by the document, and refused with reason: its rules are not ones that a schema can say."""
    without_attributes = case.media_type == "application/json" and case.path == "/events"  # binary mode's are headers
    rules = ("is not an ISO 4217", "the amount of an invoice", "is not a next_cursor")
    return without_attributes or any(rule in response.text for rule in rules)


def check(case: schemathesis.Case) -> None:
    response = case.call()
    excluded = [unsupported_method]  # API Gateway lets nothing through that the document does not name
    if is_judged_by_more_than_its_schema(case, response):
        excluded.append(positive_data_acceptance)
    if case.media_type == BATCH_MEDIA_TYPE:
        excluded.append(negative_data_rejection)  # a batch is accepted when one of its events is
    case.validate_response(response, excluded_checks=excluded)


@INGESTION.parametrize()
@settings(max_examples=60)
def test_ingestion_does_what_its_document_says(case: schemathesis.Case) -> None:
    check(case)


@BILLING.parametrize()
@settings(max_examples=60)
def test_billing_does_what_its_document_says(case: schemathesis.Case) -> None:
    check(case)
