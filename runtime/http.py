"""HTTP APIs: Powertools routing, and RFC 9457 problem details for whatever goes wrong."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from events.envelope import Problem, problems_in, strict_json, told
from runtime.errors import TransientError
from runtime.telemetry import logger, why
from runtime.tracing import Tracer

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"
JSON_MEDIA_TYPE: Final = "application/json"
#: Of a JSON document that a route takes, so that one full of nonsense is not judged for longer than the function has.
MAX_JSON_BYTES: Final = 262_144

Model = TypeVar("Model", bound=BaseModel)


class FieldError(BaseModel):
    """What is wrong with one field of the request."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    field: str
    message: str


class ProblemDetails(BaseModel):
    """RFC 9457 problem details; `errors` names the fields at fault."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: tuple[FieldError, ...] = ()


class HttpProblem(Exception):
    """Raised in a route to answer with problem details."""

    def __init__(
        self,
        status: int,
        *,
        detail: str | None = None,
        problems: Iterable[Problem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.detail = detail
        self.problems = told(problems)
        self.headers = dict(headers or {})
        super().__init__(detail or HTTPStatus(status).phrase)

    def to_response(self) -> Response[str]:
        details = ProblemDetails(
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            errors=tuple(FieldError(field=p.field, message=p.message) for p in self.problems),
        )
        body = details.model_dump(exclude_none=True, exclude={"errors"} if not details.errors else None)
        return Response(self.status, PROBLEM_MEDIA_TYPE, json.dumps(body), headers={**self.headers})


def answer(status: int, body: BaseModel, *, headers: Mapping[str, str] | None = None) -> Response[str]:
    """A JSON answer; absent fields are left out."""
    return Response(status, JSON_MEDIA_TYPE, body.model_dump_json(exclude_none=True), headers={**(headers or {})})


def api(openapi: Path) -> APIGatewayHttpResolver:
    """A resolver for HTTP API payloads (format 2.0) that answers every error with problem details.

    `openapi` is the committed document, served at GET /openapi.json.
    """
    app = APIGatewayHttpResolver()

    @app.get("/openapi.json")
    def document() -> Response[str]:
        return Response(HTTPStatus.OK, JSON_MEDIA_TYPE, openapi.read_text())

    @app.not_found
    def no_such_route(_: Exception) -> Response[str]:
        asked = f"{app.current_event.request_context.http.method} {app.current_event.raw_path}"
        return HttpProblem(HTTPStatus.NOT_FOUND, detail=f"no route {asked}: see /openapi.json").to_response()

    @app.exception_handler(HttpProblem)  # type: ignore[untyped-decorator]
    def problem(error: HttpProblem) -> Response[str]:
        return error.to_response()

    @app.exception_handler(TransientError)  # type: ignore[untyped-decorator]
    def try_later(error: TransientError) -> Response[str]:
        logger().warning("unavailable", extra=why(error))
        return HttpProblem(
            HTTPStatus.SERVICE_UNAVAILABLE, detail="try again shortly", headers={"Retry-After": "1"}
        ).to_response()

    @app.exception_handler(Exception)  # type: ignore[untyped-decorator]
    def unexpected(_: Exception) -> Response[str]:
        logger().exception("unexpected")
        return HttpProblem(HTTPStatus.INTERNAL_SERVER_ERROR).to_response()

    return app


def serve(app: APIGatewayHttpResolver, request: dict[str, Any], context: Any, *, tracer: Tracer) -> dict[str, Any]:
    """One request from API Gateway (payload format 2.0), answered. Whatever comes out of it began with this request."""
    with tracer.serving(request) as span:
        answer = app.resolve(request, context)
        span.answered(int(answer["statusCode"]))
        return answer


def raw_body(app: APIGatewayHttpResolver) -> bytes:
    """The request's body as it was sent."""
    event = app.current_event
    body = event.body or ""
    return base64.b64decode(body) if event.is_base64_encoded else body.encode()


def json_body(app: APIGatewayHttpResolver, model: type[Model]) -> Model:
    """The request's JSON body as a `model`.

    Raises HttpProblem: 415 when it is not declared as JSON, 413 when it is over MAX_JSON_BYTES, 400 when it is
    not JSON, 422 naming the fields that do not fit.
    """
    content_type = app.current_event.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != JSON_MEDIA_TYPE:
        raise HttpProblem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail=f"send {JSON_MEDIA_TYPE}, not {content_type!r}")
    body = raw_body(app)
    if len(body) > MAX_JSON_BYTES:
        raise HttpProblem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail=f"send {MAX_JSON_BYTES} bytes at most")
    try:
        members = strict_json(body)
    except ValueError as error:
        raise HttpProblem(HTTPStatus.BAD_REQUEST, detail=f"the body is not JSON: {error}") from error
    try:
        return model.model_validate(members)
    except ValidationError as error:
        raise HttpProblem(HTTPStatus.UNPROCESSABLE_ENTITY, problems=problems_in(error)) from error
