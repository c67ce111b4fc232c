"""Lambda: the HTTP API. `POST /events` takes CloudEvents in structured, binary and batched content mode.

One event is answered for as a whole: 202, or problem details. A batch is answered with one result for each
event: 202 when at least one was accepted (or the batch is empty), 422 when all were rejected, 503 when none was
accepted and at least one could be sent again with success. What is in a 202 as `accepted` will not be lost.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from events.binding import TooManyEvents, UnsupportedMediaType, from_http
from events.envelope import BATCH_MEDIA_TYPE, CloudEvent, InvalidEvent, Problem
from events.trace_context import continued
from functions.ingestion import wiring
from functions.ingestion.domain import MAX_EVENT_BYTES, TooLarge, Verdict
from functions.ingestion.manifest import API, CONSUMER
from functions.ingestion.ports import Intake
from functions.ingestion.process import take_in
from functions.ingestion.receipt import BatchProblem, EventResult, Receipt
from runtime.clock import Clock, SystemClock
from runtime.http import PROBLEM_MEDIA_TYPE, FieldError, HttpProblem, answer, api, raw_body, serve
from runtime.starting import at_start
from runtime.telemetry import logger
from runtime.tracing import PASSIVE, Tracer

OPENAPI: Final = Path(__file__).with_name("openapi.json")
#: So that a batch is queued well within the function's time. Lambda itself takes request bodies up to 4.5 MB.
MAX_BATCH: Final = 1000
#: Told in one answer: so many problems (of each event at least one), and so much of a name. With a full batch of the
#: worst events the answer stays under the 6 MB that Lambda gives back.
_MAX_PROBLEMS: Final = 1000
_MAX_NAME: Final = 200
_RETRY_AFTER: Final = {"Retry-After": "1"}


def events_api(*, intake: Intake, clock: Clock, tracer: Tracer = PASSIVE) -> APIGatewayHttpResolver:
    """The API: call it with an API Gateway HTTP API event (payload format 2.0) and the Lambda context."""
    app = api(OPENAPI)

    @app.post("/events")
    def post_events() -> Response[str]:
        body = raw_body(app)
        headers = _with_content_type(app.current_event.headers)
        with tracer.sending(CONSUMER.name, ()) as span:
            received = _received(continued(headers, span.carrier) if span.carrier else headers, body)
            span.link(item for item in received if isinstance(item, CloudEvent))
            verdicts = take_in(received, intake=intake, clock=clock)
        _log(verdicts)
        return _batch_answer(verdicts, body) if _is_batch(headers) else _single_answer(verdicts[0])

    return app


def _log(verdicts: Sequence[Verdict]) -> None:
    """One line for each request: where the way of its events begins."""
    accepted = [v.event for v in verdicts if v.status == "accepted" and v.event is not None]
    if accepted:
        line = {"api": API.function.name, "outcome": "accepted", "events_out": [f"{e.type} {e.id}" for e in accepted]}
        logger().info("accepted", extra=line)


def _with_content_type(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Binary mode without one means JSON: so the official SDK sends an event that has no `datacontenttype`."""
    return {"content-type": "application/json", **headers} if "ce-specversion" in headers else headers


def _is_batch(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() == BATCH_MEDIA_TYPE


def _received(headers: Mapping[str, str], body: bytes) -> Sequence[CloudEvent | InvalidEvent]:
    if not _is_batch(headers) and len(body) >= MAX_EVENT_BYTES:
        return [TooLarge([Problem("event", f"{len(body)} bytes are over the limit of {MAX_EVENT_BYTES}")])]
    try:
        return from_http(headers, body, most=MAX_BATCH)
    except UnsupportedMediaType as error:
        raise HttpProblem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail=str(error)) from error
    except TooManyEvents as error:
        raise HttpProblem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail=str(error)) from error
    except InvalidEvent as error:
        raise HttpProblem(HTTPStatus.BAD_REQUEST, detail="not a batch of events", problems=error.problems) from error


def _single_answer(verdict: Verdict) -> Response[str]:
    if verdict.refusal is not None:
        status, detail = _refused(verdict, verdict.refusal)
        raise HttpProblem(status, detail=detail, problems=verdict.refusal.problems)
    if verdict.status == "failed":
        raise HttpProblem(
            HTTPStatus.SERVICE_UNAVAILABLE, detail="the event was not accepted: send it again", headers=_RETRY_AFTER
        )
    return answer(HTTPStatus.ACCEPTED, _receipt([_result(0, verdict, {})]))


def _refused(verdict: Verdict, refusal: InvalidEvent) -> tuple[HTTPStatus, str]:
    if isinstance(refusal, TooLarge):
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the event is too large"
    if verdict.event is None:
        return HTTPStatus.BAD_REQUEST, "not a CloudEvent 1.0"
    return HTTPStatus.UNPROCESSABLE_ENTITY, "a CloudEvent, but not one that is taken in here"


def _batch_answer(verdicts: Sequence[Verdict], body: bytes) -> Response[str]:
    claims = _claims(body) if any(v.event is None for v in verdicts) else [{}] * len(verdicts)
    each = _MAX_PROBLEMS // max(1, len(verdicts))
    results = [_result(i, *pair, most=each) for i, pair in enumerate(zip(verdicts, claims, strict=True))]
    receipt = _receipt(results)
    if receipt.accepted or not results:
        return answer(HTTPStatus.ACCEPTED, receipt)
    status = HTTPStatus.SERVICE_UNAVAILABLE if receipt.failed else HTTPStatus.UNPROCESSABLE_ENTITY
    problem = BatchProblem(
        title=status.phrase, status=status, detail="none of the events was accepted", results=receipt.results
    )
    headers: dict[str, str | list[str]] = {**_RETRY_AFTER} if receipt.failed else {}
    return Response(status, PROBLEM_MEDIA_TYPE, problem.model_dump_json(exclude_none=True), headers=headers)


def _receipt(results: Sequence[EventResult]) -> Receipt:
    counts = Counter(result.status for result in results)
    return Receipt(
        accepted=counts["accepted"], rejected=counts["rejected"], failed=counts["failed"], results=tuple(results)
    )


def _result(index: int, verdict: Verdict, claims: Mapping[str, Any], *, most: int = _MAX_PROBLEMS) -> EventResult:
    problems = verdict.refusal.problems[:most] if verdict.refusal else ()
    return EventResult(
        index=index,
        id=_name(verdict.event.id if verdict.event else claims.get("id")),
        source=_name(verdict.event.source if verdict.event else claims.get("source")),
        status=verdict.status,
        problems=tuple(FieldError(field=p.field, message=p.message) for p in problems),
    )


def _claims(body: bytes) -> list[Mapping[str, Any]]:
    """What the batch's elements say of themselves, so that an answer can name even those that are no events."""
    elements: list[Any] = []
    with suppress(ValueError, RecursionError):
        elements = json.loads(body)
    return [element if isinstance(element, dict) else {} for element in elements]


def _name(value: object) -> str | None:
    return value[:_MAX_NAME] if isinstance(value, str) else None


@cache
def _app() -> APIGatewayHttpResolver:
    return events_api(intake=wiring.intake(), clock=SystemClock(), tracer=wiring.tracer())


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return serve(_app(), event, context, tracer=wiring.tracer())


at_start(_app, "sqs", environ=wiring.ENVIRONMENT)
