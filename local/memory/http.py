"""What API Gateway makes of an HTTP request (HTTP API, payload format 2.0)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


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
