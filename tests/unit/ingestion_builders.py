"""Records and requests as ingestion meets them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from events.envelope import CloudEvent
from tests.unit.event_builders import members, usage

__all__ = ["contact", "http_request", "members", "payment", "problem_fields", "settled", "usage"]

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def payment(**changes: Any) -> dict[str, Any]:
    return {"payment_id": "pay_1", "invoice_id": "inv_1", "amount": 49900, "currency": "USD"} | changes


def settled(**changes: Any) -> CloudEvent:
    base = {"type": "partner.payment.settled", "time": "2026-05-20T14:30:00Z", "data": payment()}
    return CloudEvent.parse(members(**(base | changes)))


def contact(**changes: Any) -> CloudEvent:
    data = {"customer_id": "cus_1", "name": "Ada Lovelace", "email": "ada@example.com"}
    base = {"type": "customer.contact.updated", "source": "/crm", "time": "2026-05-20T14:30:00Z", "data": data}
    return CloudEvent.parse(members(**(base | changes)))


def http_request(
    body: bytes | str | object,
    headers: Mapping[str, str] | None = None,
    *,
    encoded: bool = False,
    path: str = "/events",
) -> dict[str, Any]:
    """An HTTP API event (payload format 2.0)."""
    raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    method = "POST" if path == "/events" else "GET"
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {k.lower(): v for k, v in (headers or {"content-type": "application/cloudevents+json"}).items()},
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "127.0.0.1", "userAgent": "tests"},
            "requestId": "r-1",
            "stage": "$default",
        },
        "body": base64.b64encode(raw).decode() if encoded else raw.decode(),
        "isBase64Encoded": encoded,
    }


def problem_fields(answer: Mapping[str, Any]) -> list[str]:
    return [error["field"] for error in json.loads(answer["body"])["errors"]]
