from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook, WebhookVerificationError

from functions.notification.adapters.webhook import HttpsWebhookSender
from functions.notification.domain import WebhookCall
from functions.notification.ports import EndpointUnavailable, Refused
from functions.notification.signing import secret_for
from runtime.clock import SystemClock
from runtime.errors import Throttled
from tests.unit.event_builders import paid
from tests.unit.notification_builders import CUSTOMER, call

MASTER = b"master key of the tests"
HOST = "hooks.example.com"


class Endpoint(HTTPServer):
    """A customer's endpoint: remembers its requests and answers `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.before_answer: Callable[[_Handler], None] = lambda _: None

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        self.server.before_answer(self)
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def running(server: Endpoint) -> Iterator[Endpoint]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with running(Endpoint()) as server:
        yield server


def sender(**options) -> HttpsWebhookSender:
    base = {"master_key": lambda: MASTER, "clock": SystemClock(), "trusted_hosts": ("127.0.0.1",)}
    return HttpsWebhookSender(**(base | options))


def to(endpoint: Endpoint, path: str = "/in?key=1") -> WebhookCall:
    return call(url=f"http://127.0.0.1:{endpoint.server_port}{path}", body=paid(subject="Grüße").to_json())


def test_the_receiver_s_library_verifies_the_signature(endpoint: Endpoint) -> None:
    sender().send(to(endpoint))

    ((path, headers, body),) = endpoint.requests
    verified = Webhook(secret_for(MASTER, CUSTOMER)).verify(body, headers)
    assert verified == paid(subject="Grüße").to_dict()
    assert path == "/in?key=1"
    assert headers["webhook-id"] == "msg_1"
    assert headers["host"] == f"127.0.0.1:{endpoint.server_port}"
    assert headers["content-type"].startswith("application/cloudevents+json")


def test_another_customer_s_secret_does_not_verify(endpoint: Endpoint) -> None:
    sender().send(to(endpoint))

    _, headers, body = endpoint.requests[0]
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_for(MASTER, "cus_other")).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_for(MASTER, CUSTOMER)).verify(body + b" ", headers)


@pytest.mark.parametrize("status", [200, 202, 204])
def test_any_2xx_is_success(endpoint: Endpoint, status: int) -> None:
    endpoint.status = status

    sender().send(to(endpoint))

    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 403, 404, 410, 422])
def test_it_is_refused_for_good_when_the_endpoint_says_so(endpoint: Endpoint, status: int) -> None:
    endpoint.status = status

    with pytest.raises(Refused, match=str(status)):
        sender().send(to(endpoint))

    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (408, EndpointUnavailable),
        (425, EndpointUnavailable),
        (429, Throttled),
        (500, EndpointUnavailable),
        (503, EndpointUnavailable),
    ],
)
def test_it_is_tried_again_when_the_endpoint_may_recover(endpoint: Endpoint, status: int, error) -> None:
    endpoint.status = status

    with pytest.raises(error, match=str(status)):
        sender().send(to(endpoint))


def test_it_is_tried_again_when_nobody_listens() -> None:
    with running(Endpoint()) as gone:
        url = f"http://127.0.0.1:{gone.server_port}/"

    with pytest.raises(EndpointUnavailable):
        sender().send(call(url=url))


def test_it_is_tried_again_when_the_name_does_not_resolve() -> None:
    def fail(*_: object) -> list[str]:
        raise OSError("no such name")

    with pytest.raises(EndpointUnavailable, match=HOST):
        sender(resolve=fail).send(call())


def certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + made.public_bytes(serialization.Encoding.PEM)
    path = folder / f"{name}.pem"
    path.write_bytes(pem)
    return path


@contextmanager
def secure_endpoint(pem: Path) -> Iterator[Endpoint]:
    server = Endpoint()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with running(server):
        yield server


def over_tls(pem: Path) -> HttpsWebhookSender:
    """Trusts the tests' certificate, and resolves every name to this machine."""
    return sender(
        trusted_hosts=(HOST,), resolve=lambda *_: ["127.0.0.1"], tls=lambda: ssl.create_default_context(cafile=str(pem))
    )


def test_the_checked_address_is_called_under_the_host_s_name(tmp_path: Path) -> None:
    pem = certificate(tmp_path, HOST)
    with secure_endpoint(pem) as server:
        over_tls(pem).send(call(url=f"https://{HOST}:{server.server_port}/in", body=paid().to_json()))

    ((_, headers, body),) = server.requests
    assert headers["host"] == f"{HOST}:{server.server_port}"
    assert json.loads(body)["id"] == paid().id


def test_it_is_not_sent_when_the_certificate_is_another_host_s(tmp_path: Path) -> None:
    pem = certificate(tmp_path, "elsewhere.example.com")
    with secure_endpoint(pem) as server, pytest.raises(EndpointUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        over_tls(pem).send(call(url=f"https://{HOST}:{server.server_port}/in"))

    assert server.requests == []


def test_the_receiver_is_told_of_the_trace_beside_what_is_signed(endpoint: Endpoint) -> None:
    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "rojo=1"}

    sender(trusted_hosts=("127.0.0.1",)).send(call(url=f"http://127.0.0.1:{endpoint.server_port}/in", trace=trace))

    ((_, headers, _),) = endpoint.requests
    assert trace.items() <= headers.items()
    assert headers["webhook-id"] == "msg_1"
