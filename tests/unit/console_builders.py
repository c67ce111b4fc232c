"""A console's door with nothing behind it but an echo, and requests as a browser would send them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from contracts.lines import Line
from ops.console.access import Access
from ops.console.guard import Guard
from ops.console.problems import HANDLERS

PORT = 4711
HOST = f"127.0.0.1:{PORT}"


def access(**changes: Any) -> Access:
    return Access(**{"secret": "s3cret", "port": PORT} | changes)


def door(**changes: Any) -> Guard:
    """Behind it, everything is answered with `inside`."""

    def inside(_: Request) -> Response:
        return PlainTextResponse("inside")

    routes = [Route("/{path:path}", inside, methods=["GET", "HEAD", "POST", "PUT", "DELETE"])]
    return Guard(Starlette(routes=routes, exception_handlers=HANDLERS), access=access(**changes))


@dataclass
class Reply:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode()


def headers_of(browser: Access, **changes: str | None) -> dict[str, str]:
    """What a page of this console sends along; a change to None leaves the header out."""
    base = {
        "host": HOST,
        "cookie": f"{browser.cookie_name}={browser.session}",
        "origin": f"http://{HOST}",
        "content-type": "application/x-www-form-urlencoded",
    }
    return {name: value for name, value in ({**base, **changes}).items() if value is not None}


def send(
    app: Any, method: str, path: str, *, headers: dict[str, str], query: dict[str, str] | None = None, body: bytes = b""
) -> Reply:
    """One request to an ASGI application, without a network."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": urlencode(query or {}).encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "server": ("127.0.0.1", PORT),
        "client": ("127.0.0.1", 50_000),
    }
    reply = Reply(status=0)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def take(message: Any) -> None:
        if message["type"] == "http.response.start":
            reply.status = message["status"]
            reply.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        elif message["type"] == "http.response.body":
            reply.body += message.get("body", b"")

    asyncio.run(app(scope, receive, take))
    return reply


def line(**changes: Any) -> Line:
    base = {
        "at": 1_000_000,
        "function": "billing",
        "role": "consumer",
        "outcome": "handled",
        "event_id": "e-1",
        "event_source": "ingestion-service",
        "event_type": "ingestion.payment.settled",
        "attempts": 1,
        "duration_ms": 12.0,
        "customer_id": "cus_1",
    }
    return Line(**base | changes)
