"""What API Gateway makes of an HTTP request (HTTP API, payload format 2.0), and who answers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from local.memory.functions import Handler
from runtime.http import serve
from runtime.tracing import Tracer


def request(method: str, path: str, body: str | None, headers: Mapping[str, str]) -> dict[str, Any]:
    """The event for a function; `path` with its query, if it has one."""
    raw_path, _, query = path.partition("?")
    return {
        "version": "2.0",
        "routeKey": f"{method} {raw_path}",
        "rawPath": raw_path,
        "rawQueryString": query,
        "queryStringParameters": dict(pair.split("=", 1) for pair in query.split("&") if pair),
        "headers": dict(headers),
        "requestContext": {"http": {"method": method, "path": raw_path}, "stage": "$default"},
        "body": body,
        "isBase64Encoded": False,
    }


def serving(app: APIGatewayHttpResolver, tracer: Tracer) -> Handler:
    """The API for one process: Powertools keeps the request in its class, which all processes here would share."""

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        app.current_event = APIGatewayProxyEventV2(event)
        app.lambda_context = context
        return serve(app, event, context, tracer=tracer)

    return handle
