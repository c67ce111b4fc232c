"""AWS on a loopback port: what CannedAws answers, for processes of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from bench.canned import CannedAws


@contextmanager
def canned_endpoint(aws: CannedAws) -> Iterator[str]:
    """The URL of an endpoint for the services that speak JSON, for the length of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Requests,), {"aws": aws}))
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    aws: CannedAws

    def do_POST(self) -> None:
        params: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
        # Of the JSON services, SES alone names no operation: it has one of each path.
        operation = self.headers.get("x-amz-target", ".SendEmail").rpartition(".")[2]
        body = json.dumps(self.aws.answer(operation, params)).encode()
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.0")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Nothing."""
