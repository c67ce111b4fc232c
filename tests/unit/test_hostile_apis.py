"""What a request may weigh, and what an answer to it weighs at most."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.billing.api import build
from functions.ingestion.adapters.memory import MemoryIntake
from functions.ingestion.api import MAX_BATCH, events_api
from functions.ingestion.domain import MAX_EVENT_BYTES
from local.memory.clock import VirtualClock
from local.memory.idempotency import MemoryIdempotency
from runtime.claim_check import MemoryClaimChecks
from runtime.http import MAX_JSON_BYTES
from tests.unit.billing_builders import NOW, World, http_event
from tests.unit.ingestion_builders import http_request, members
from tests.unit.runtime_fakes import FakeClock, FakeContext

#: What Lambda takes and gives back.
PAYLOAD = 6 * 1024 * 1024
BATCH = {"content-type": "application/cloudevents-batch+json"}


def ingest(body: Any, headers: dict[str, str] | None = None) -> dict[str, Any]:
    app = events_api(intake=MemoryIntake(MemoryClaimChecks()), clock=FakeClock())
    return app.resolve(http_request(body, headers, encoded=True), FakeContext())


def bill(body: str) -> dict[str, Any]:
    app = build(World().billing, MemoryIdempotency(clock=VirtualClock(NOW)))
    return app.resolve(http_event("POST", "/invoices", body=body, headers={"idempotency-key": "k"}), FakeContext())


@pytest.mark.parametrize(
    "event",
    [
        members(id='"' * 2_000, source='"' * 900),
        members(id='"' * 1_000, type='"' * 1_000, data={}),
        members(id="\U0001f30a" * 300, source="\U0001f30a" * 300, subject="\U0001f30a\n" * 100),
        {"\x01" * (200 + number): "\x01" for number in range(4)},
        {f"X{number}": 1 for number in range(400)},
    ],
    ids=["long identities", "long types", "wide identities", "long names", "many problems"],
)
def test_the_answer_to_a_batch_of_bad_events_fits_what_lambda_gives_back(event: dict[str, Any]) -> None:
    answer = ingest([event] * MAX_BATCH, BATCH)

    assert answer["statusCode"] == 422
    assert len(json.loads(answer["body"])["results"]) == MAX_BATCH
    assert all(result["problems"] for result in json.loads(answer["body"])["results"])
    assert len(json.dumps(answer)) < PAYLOAD


def test_the_answer_to_one_bad_event_is_short() -> None:
    answer = ingest({f"X{'x' * 1_000}{number}": 1 for number in range(3_000)})

    assert answer["statusCode"] == 400
    assert len(json.dumps(answer)) < 100_000


def test_one_event_is_not_read_when_it_is_too_large() -> None:
    answer = ingest(b" " * MAX_EVENT_BYTES)

    assert answer["statusCode"] == 413


def test_an_invoice_s_body_is_not_read_when_it_is_too_large() -> None:
    assert bill("[" * MAX_JSON_BYTES)["statusCode"] == 400
    assert bill("[" * (MAX_JSON_BYTES + 1))["statusCode"] == 413


def test_the_answer_to_an_invoice_full_of_nonsense_is_short() -> None:
    answer = bill(json.dumps({"lines": [1] * 80_000}))

    assert answer["statusCode"] == 422
    assert len(json.dumps(answer)) < 100_000


def test_the_longest_invoice_s_body_is_read() -> None:
    line = {"description": "\U0001f30a" * 200, "quantity": 1, "unit_amount": 1}

    assert bill(json.dumps({"customer_id": "c", "currency": "USD", "lines": [line] * 100}))["statusCode"] == 201
