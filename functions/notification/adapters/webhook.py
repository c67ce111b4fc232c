"""Customers' endpoints over HTTPS, called so that an address a customer gave cannot reach inside our network.

The host is resolved once, every address is checked, and the connection goes to the address that was checked:
a name that answers differently the next time gains nothing. Redirects are not followed: a 3xx is a refusal.
A call ends within its deadline, name resolution included, and of an answer nothing is read but its status.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from http import HTTPStatus
from http.client import HTTPException
from queue import Empty, SimpleQueue
from typing import BinaryIO, Final, NamedTuple

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import Url, parse_url

from functions.notification.adapters.addresses import is_public
from functions.notification.domain import WebhookCall
from functions.notification.ports import EndpointUnavailable, Refused
from functions.notification.signing import signed_headers
from runtime.clock import Clock
from runtime.errors import Throttled

#: Seconds for each wait, and for the whole call, the resolution of the name included. A batch of calls that all take
#: the whole fits the function's time.
TIMEOUT: Final = 2.0
DEADLINE: Final = 5.0
_AGAIN: Final = 0.1

_RETRYABLE: Final = frozenset((HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS))
#: Below 1024, other ports are other protocols', with which nobody shall make us talk; above it, these are enough.
_PORTS: Final = frozenset((443, 8443))
#: Names in ASCII (`xn--` and all) and addresses in any spelling: what they come to is checked after resolution.
_HOST: Final = re.compile(r"[a-z0-9._-]{1,253}|\[[0-9a-f:.]+\]")
#: Of an answer, interim answers (1xx) and their headers included. A deadline alone does not end one that floods us:
#: the kernel goes on to receive after the watchdog has hung up.
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})[ \r\n]")
_MOST_LINES: Final = 100
_LONGEST_LINE: Final = 4096

Resolve = Callable[[str, int], Collection[str]]


class _Target(NamedTuple):
    url: Url
    host: str
    port: int
    address: str


class HttpsWebhookSender:
    """Signs each call and makes it.

    `trusted_hosts` are called as they are, over plain HTTP too; `master_key` is asked at each call.
    """

    def __init__(
        self,
        *,
        master_key: Callable[[], bytes],
        clock: Clock,
        trusted_hosts: Collection[str] = (),
        resolve: Resolve | None = None,
        tls: Callable[[], ssl.SSLContext] | None = None,
        deadline: float = DEADLINE,
    ) -> None:
        self._master_key = master_key
        self._clock = clock
        self._trusted = frozenset(trusted_hosts)
        self._resolve = resolve or _resolve
        self._tls = tls or _tls
        self._deadline = deadline

    def send(self, call: WebhookCall) -> str | None:
        signature = signed_headers(call, master_key=self._master_key(), now=self._clock.now())
        ends = time.monotonic() + self._deadline
        target = self._target(call.url, ends)
        headers = {
            "Host": target.url.netloc or target.host,
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "User-Agent": "Breakwater-Webhooks/1",
            **call.trace,
            **signature,
        }
        _judge(self._post(target, call.body.encode(), headers, ends - time.monotonic()), target.host)
        return None

    def _target(self, text: str, ends: float) -> _Target:
        """Where to connect to. Raises Refused for a URL that must not be called."""
        url, host = _parsed(text)
        port = url.port if url.port is not None else 443 if url.scheme == "https" else 80
        trusted = host in self._trusted
        if not trusted:
            _refuse_unsafe(url, port)
        addresses = self._addresses(host, port, ends)
        if not trusted and not all(map(is_public, addresses)):
            raise Refused(f"the webhook's host {host} is not on the public internet")
        return _Target(url, host, port, next(iter(addresses)))

    def _addresses(self, host: str, port: int, ends: float) -> Collection[str]:
        try:
            addresses = _within(ends - time.monotonic(), lambda: self._resolve(host, port))
        except UnicodeError as error:
            raise Refused(f"the webhook's host {host} is no host name") from error
        except OSError as error:
            raise EndpointUnavailable(f"the webhook's host {host} cannot be resolved: {error}") from error
        if not addresses:
            raise EndpointUnavailable(f"the webhook's host {host} has no address")
        return addresses

    def _post(self, target: _Target, body: bytes, headers: dict[str, str], seconds: float) -> int:
        connection = self._connection(target, min(TIMEOUT, max(_AGAIN, seconds)))
        try:
            with _deadline(connection, seconds):
                connection.connect()
                connection.request("POST", target.url.request_uri, body=body, headers=headers, preload_content=False)
                with connection.sock.makefile("rb") as answer:  # left open, it would keep the socket open
                    return _status(answer)
        except (HTTPError, HTTPException, OSError) as error:
            raise EndpointUnavailable(f"webhook at {target.host}: {type(error).__name__}: {error}") from error
        finally:
            connection.close()

    def _connection(self, target: _Target, timeout: float) -> HTTPConnection:
        if target.url.scheme != "https":
            return HTTPConnection(target.address, target.port, timeout=timeout)
        return HTTPSConnection(
            target.address,
            target.port,
            timeout=timeout,
            ssl_context=self._tls(),
            server_hostname=target.host,
        )


def _parsed(text: str) -> tuple[Url, str]:
    """The URL, and its host as it is resolved."""
    try:
        url = parse_url(text)
    except LocationParseError as error:
        raise Refused("the webhook's URL is not a URL") from error
    if not url.host or url.scheme not in ("http", "https"):
        raise Refused("the webhook's URL is not an http URL")
    # With the package `idna` at hand, and only then, parse_url would translate other hosts.
    if not text.isascii() or not _HOST.fullmatch(url.host):
        raise Refused("the webhook's URL must be in ASCII, and its host a name or an address")
    if url.auth is not None:
        raise Refused("the webhook's URL must not carry a user name or a password")
    return url, url.host.strip("[]").rstrip(".")


def _refuse_unsafe(url: Url, port: int) -> None:
    if url.scheme != "https":
        raise Refused(f"the webhook's URL must be https, not {url.scheme}")
    if port not in _PORTS:
        raise Refused(f"the webhook's port must be one of {sorted(_PORTS)}, not {port}")


def _status(answer: BinaryIO) -> int:
    """The first status that is final. An answer that never comes to one, however much it says, is no HTTP."""
    for number in range(_MOST_LINES):
        line = _STATUS_LINE.match(answer.readline(_LONGEST_LINE))
        if line and not line[1].startswith(b"1"):
            return int(line[1])
        if number == 0 and not line:
            break
    raise HTTPException("the answer is no HTTP")


def _judge(status: int, host: str) -> None:
    """Raises Refused or TransientError for all but success."""
    told = f"webhook at {host} answered {status}"
    if status in _RETRYABLE:
        raise Throttled(told) if status == HTTPStatus.TOO_MANY_REQUESTS else EndpointUnavailable(told)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise EndpointUnavailable(told)
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise Refused(told)


@contextmanager
def _deadline(connection: HTTPConnection, seconds: float) -> Iterator[None]:
    """Timeouts are for one read each; this ends an endpoint that drips its answer."""
    done = threading.Event()

    def hang_up() -> None:
        # Again and again: a TLS handshake puts another socket into its place, and that must be hung up too.
        wait = seconds
        while not done.wait(wait):
            with suppress(OSError, AttributeError):  # it may hang up by itself in this very moment
                connection.sock.shutdown(socket.SHUT_RDWR)
            wait = _AGAIN

    threading.Thread(target=hang_up, daemon=True).start()
    try:
        yield
    finally:
        done.set()


def _within(seconds: float, ask: Callable[[], Collection[str]]) -> Collection[str]:
    """What `ask` returns or raises; TimeoutError when it does neither in time. getaddrinfo knows no timeout."""
    answers: SimpleQueue[Collection[str] | Exception] = SimpleQueue()

    def run() -> None:
        try:
            answers.put(ask())
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            answers.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.0, seconds))
    except Empty as error:
        raise TimeoutError(f"no answer in {seconds:.1f} seconds") from error
    if isinstance(answer, Exception):
        raise answer
    return answer


def _resolve(host: str, port: int) -> Collection[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
