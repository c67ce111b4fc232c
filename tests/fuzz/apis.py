"""The HTTP APIs through their Lambda entries: every answer is JSON, true to its status, and none is a 5xx."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from events.binding import events_in
from events.catalog import IngestionRecordRejected
from events.envelope import CloudEvent
from functions.billing import api as billing_api
from functions.billing.adapters.memory import memory_billing
from functions.billing.documents import InvoiceDocument, InvoicePage, UsageDocument
from functions.ingestion.adapters.memory import MemoryIntake
from functions.ingestion.api import events_api
from functions.ingestion.process import Ingestion
from functions.ingestion.receipt import BatchProblem, Receipt
from local.memory.clock import VirtualClock
from local.memory.company import Company
from local.memory.idempotency import MemoryIdempotency
from runtime.claim_check import MemoryClaimChecks
from runtime.http import ProblemDetails
from tests.fuzz.contract import json_in
from tests.fuzz.messages import Request

NOW = datetime(2026, 5, 20, 14, 30, tzinfo=UTC)


class _Context:
    def get_remaining_time_in_millis(self) -> int:
        return 25_000


def fuzz_http(data: bytes) -> None:
    """An HTTP message to ingestion. What it accepts, ingestion's consumer accepts, and the bus takes."""
    intake = MemoryIntake(MemoryClaimChecks())
    app = events_api(intake=intake, clock=VirtualClock(NOW))
    answer, document = _answered(app, Request.of(data))
    queued = [event for body in intake.bodies for event in events_in(body)]
    if answer["statusCode"] == 202:
        assert Receipt.model_validate(document).accepted == len(queued)
    else:
        assert intake.bodies == []
    if answer["statusCode"] >= 400:
        (BatchProblem if "results" in document else ProblemDetails).model_validate(document)
    for accepted in queued:
        assert isinstance(accepted, CloudEvent)
        (event,) = Ingestion(VirtualClock(NOW)).handle(accepted).events
        assert event.type != IngestionRecordRejected.type
        Company(seed=1, start=NOW).cloud.publish(event)


def fuzz_billing_api(data: bytes) -> None:
    """An HTTP message to billing. The same one again gets the same answer."""
    clock = VirtualClock(NOW)
    app = billing_api.build(memory_billing(clock, lambda _: None).billing, MemoryIdempotency(clock=clock))
    request = Request.of(data)
    answer, document = _answered(app, request)
    again, _ = _answered(app, request)
    assert (again["statusCode"], again["body"]) == (answer["statusCode"], answer["body"])
    if answer["statusCode"] >= 400:
        ProblemDetails.model_validate(document)
    elif "openapi" not in document:
        model = InvoicePage if "invoices" in document else UsageDocument if "meters" in document else InvoiceDocument
        model.model_validate(document)


def _answered(app: APIGatewayHttpResolver, request: Request) -> tuple[dict[str, Any], Any]:
    answer = app.resolve(request.to_gateway_event(), _Context())
    assert 200 <= answer["statusCode"] < 500, answer
    return answer, json_in(answer)
