"""HTTP messages as text, and as API Gateway hands them to a function.

POST /invoices?dry=1
content-type: application/json

{"customer_id": "cus_1"}
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

#: What an HTTP API passes on as text; all else it passes on as base64.
_TEXT = ("text/", "application/json", "application/javascript", "application/xml")


class Request(NamedTuple):
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    def to_bytes(self) -> bytes:
        head = [f"{self.method} {self.target}", *(f"{name}: {value}" for name, value in self.headers.items())]
        return "\n".join(head).encode() + b"\n\n" + self.body

    @classmethod
    def of(cls, data: bytes) -> Request:
        """Whatever the bytes are, some request is in them."""
        head, _, body = data.partition(b"\n\n")
        first, *lines = head.decode(errors="replace").split("\n")
        method, _, target = first.partition(" ")
        named = (line.partition(":")[::2] for line in lines)
        return cls(method, target, _joined((name.strip().lower(), value.strip()) for name, value in named), body)

    def to_gateway_event(self) -> dict[str, Any]:
        """Payload format 2.0: the path decoded, names of headers in lower case, repeated ones joined by commas."""
        path, _, query = self.target.partition("?")
        headers = _joined((name.lower(), value) for name, value in self.headers.items())
        text = _text(headers.get("content-type", ""), self.body)
        event = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": unquote(path),
            "rawQueryString": query,
            "headers": headers,
            "requestContext": {
                "http": {"method": self.method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
                "requestId": "r-1",
                "stage": "$default",
            },
            "body": base64.b64encode(self.body).decode() if text is None else text,
            "isBase64Encoded": text is None,
        }
        asked = _joined(parse_qsl(query, keep_blank_values=True))
        return event | ({"queryStringParameters": asked} if asked else {})


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    together: dict[str, str] = {}
    for name, value in pairs:
        together[name] = f"{together[name]},{value}" if name in together else value
    return together


def _text(content_type: str, body: bytes) -> str | None:
    if not content_type.startswith(_TEXT):
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
