"""Customers' endpoints over HTTPS, called so that an address a customer gave cannot reach inside our network.

The host is resolved once, every address is checked, and the connection goes to the address that was checked:
a name that answers differently the next time gains nothing. Redirects are not followed.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from http import HTTPStatus
from http.client import HTTPException
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final, NamedTuple

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import Url, parse_url

from functions.notification.domain import WebhookCall
from functions.notification.ports import Refused
from functions.notification.signing import signed_headers
from runtime.clock import Clock
from runtime.errors import DependencyUnavailable, Throttled

#: Seconds for each wait, and for the whole call. A batch of calls that all take the whole fits the function's time.
TIMEOUT: Final = 2.0
DEADLINE: Final = 5.0
_AGAIN: Final = 0.1

_RETRYABLE: Final = frozenset((HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS))
_NAT64: Final = IPv6Network("64:ff9b::/96")

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
        target = self._target(call.url)
        headers = {
            "Host": target.url.netloc or target.host,
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "User-Agent": "Breakwater-Webhooks/1",
            **signed_headers(call, master_key=self._master_key(), now=self._clock.now()),
        }
        _judge(self._post(target, call.body.encode(), headers), target.host)
        return None

    def _target(self, text: str) -> _Target:
        """Where to connect to. Raises Refused for a URL that must not be called."""
        url, host = _parsed(text)
        trusted = host in self._trusted
        if url.scheme != "https" and not trusted:
            raise Refused(f"the webhook's URL must be https, not {url.scheme}")
        port = url.port or (443 if url.scheme == "https" else 80)
        addresses = self._addresses(host, port)
        if not trusted and not all(_is_public(a) for a in addresses):
            raise Refused(f"the webhook's host {host} is not on the public internet")
        return _Target(url, host, port, next(iter(addresses)))

    def _addresses(self, host: str, port: int) -> Collection[str]:
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise DependencyUnavailable(f"the webhook's host {host} cannot be resolved: {error}") from error
        if not addresses:
            raise DependencyUnavailable(f"the webhook's host {host} has no address")
        return addresses

    def _post(self, target: _Target, body: bytes, headers: dict[str, str]) -> int:
        connection = self._connection(target)
        try:
            with _deadline(connection, self._deadline):
                connection.connect()
                connection.request("POST", target.url.request_uri, body=body, headers=headers, preload_content=False)
                return connection.getresponse().status
        except (HTTPError, HTTPException, OSError) as error:
            raise DependencyUnavailable(f"webhook at {target.host}: {type(error).__name__}: {error}") from error
        finally:
            connection.close()

    def _connection(self, target: _Target) -> HTTPConnection:
        if target.url.scheme != "https":
            return HTTPConnection(target.address, target.port, timeout=TIMEOUT)
        return HTTPSConnection(
            target.address,
            target.port,
            timeout=TIMEOUT,
            ssl_context=self._tls(),
            server_hostname=target.host,
        )


def _parsed(text: str) -> tuple[Url, str]:
    try:
        url = parse_url(text)
    except LocationParseError as error:
        raise Refused("the webhook's URL is not a URL") from error
    if not url.host or url.scheme not in ("http", "https"):
        raise Refused("the webhook's URL is not an http URL")
    if url.auth is not None:
        raise Refused("the webhook's URL must not carry a user name or a password")
    return url, url.host.strip("[]").rstrip(".")


def _is_public(text: str) -> bool:
    address: IPv4Address | IPv6Address = ip_address(text)
    if isinstance(address, IPv6Address):
        address = _embedded(address) or address
    return address.is_global and not address.is_multicast


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a translating IPv6 address stands for."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _judge(status: int, host: str) -> None:
    """Raises Refused or TransientError for all but success."""
    told = f"webhook at {host} answered {status}"
    if status in _RETRYABLE:
        raise Throttled(told) if status == HTTPStatus.TOO_MANY_REQUESTS else DependencyUnavailable(told)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise DependencyUnavailable(told)
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


def _resolve(host: str, port: int) -> Collection[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
