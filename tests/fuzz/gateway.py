"""API Gateway in front of a function, as a WSGI application."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from tests.fuzz.messages import Request
from tests.unit.runtime_fakes import FakeContext

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Gateway:
    """Calls the function with payload format 2.0. Each request meets one that `build` has made for it alone."""

    def __init__(self, build: Callable[[], APIGatewayHttpResolver]) -> None:
        self._build = build

    def __call__(self, environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        answer = self._build().resolve(_request(environ).to_gateway_event(), FakeContext())
        status = HTTPStatus(answer["statusCode"])
        start_response(f"{status.value} {status.phrase}", list(answer["headers"].items()))
        return [answer["body"].encode()]


def _request(environ: Mapping[str, Any]) -> Request:
    headers = {n[5:].replace("_", "-"): v for n, v in environ.items() if n.startswith("HTTP_")}
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    target = f"{quote(environ['PATH_INFO'].encode('latin-1'))}?{environ['QUERY_STRING']}"
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return Request(environ["REQUEST_METHOD"], target, headers, body)
