"""The ingestion API behind a port of this machine, for clients that speak HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from events.envelope import CloudEvent
from functions.ingestion.adapters.memory import MemoryIntake
from functions.ingestion.api import events_api
from runtime.claim_check import MemoryClaimChecks
from runtime.errors import DependencyUnavailable
from tests.unit.event_builders import known_events
from tests.unit.ingestion_builders import http_request
from tests.unit.runtime_fakes import FakeClock, FakeContext


class IngestionServer:
    """`outages` requests are answered with 503 first; the queue refuses a message with an event of `refused` once."""

    def __init__(self) -> None:
        self.outages = 0
        self.refused: set[str] = set()
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self._intake = MemoryIntake(MemoryClaimChecks(), self._deliver)
        self._api = events_api(intake=self._intake, clock=FakeClock())
        self.url = ""

    @property
    def queued(self) -> list[CloudEvent]:
        return [event for body in self._intake.bodies for event in known_events(body)]

    def _deliver(self, body: str) -> None:
        if refused := {event.id for event in known_events(body)} & self.refused:
            self.refused -= refused
            raise DependencyUnavailable(", ".join(refused))
        self._intake.bodies.append(body)

    def answer(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], str]:
        self.requests.append((headers, body))
        if self.outages:
            self.outages -= 1
            return 503, {"content-type": "text/html"}, "<h1>out of order</h1>"
        answer = self._api.resolve(http_request(body, headers), FakeContext())
        told = (
            {name: ", ".join(values) for name, values in answer["multiValueHeaders"].items()}
            if ("multiValueHeaders" in answer)
            else answer.get("headers", {})
        )
        return answer["statusCode"], told, answer["body"]


@contextmanager
def serving() -> Iterator[IngestionServer]:
    server = IngestionServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, headers, text = server.answer({k.lower(): v for k, v in self.headers.items()}, body)
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(text.encode()))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    server.url = f"http://127.0.0.1:{listener.server_port}"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
