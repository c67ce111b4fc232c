"""An OpenTelemetry collector on loopback: takes OTLP over HTTP as JSON, and shows what came."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.unit.spans import Told, Trace

#: Source: opentelemetry-proto, Span.SpanKind and Status.StatusCode.
KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
ERROR = 2


class Collector:
    """`url` is an endpoint for OTEL_EXPORTER_OTLP_ENDPOINT; `resources` are the services that spoke."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.resources: list[Mapping[str, object]] = []
        self._spans: list[Told] = []

    @property
    def told(self) -> Trace:
        return Trace(tuple(self._spans))

    def take(self, document: Mapping[str, Any]) -> None:
        for resource in document["resourceSpans"]:
            self.resources.append(_attributes(resource["resource"]))
            for scope in resource["scopeSpans"]:
                self._spans.extend(map(_told, scope["spans"]))


@contextmanager
def collecting() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.take(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _told(span: Mapping[str, Any]) -> Told:
    return Told(
        name=span["name"],
        kind=KINDS[span["kind"]],
        trace_id=span["traceId"],
        span_id=span["spanId"],
        parent_id=span.get("parentSpanId", ""),
        links=tuple((link["traceId"], link["spanId"]) for link in span.get("links", ())),
        attributes=_attributes(span),
        is_error=span.get("status", {}).get("code") == ERROR,
    )


def _attributes(holder: Mapping[str, Any]) -> dict[str, object]:
    return {a["key"]: next(iter(a["value"].values())) for a in holder.get("attributes", ())}
