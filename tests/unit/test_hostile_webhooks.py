"""What a customer's URL, name server and endpoint may try, and what it comes to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import chain, repeat

import pytest

from functions.notification.adapters.addresses import is_public
from functions.notification.adapters.webhook import DEADLINE, HttpsWebhookSender
from functions.notification.manifest import MESSAGES
from functions.notification.ports import EndpointUnavailable, Refused
from runtime.clock import SystemClock
from tests.unit.notification_builders import call

OUTSIDE = "93.184.215.14"
OK = b"HTTP/1.1 200 OK\r\n"


def sender(**options) -> HttpsWebhookSender:
    return HttpsWebhookSender(**({"master_key": lambda: b"key", "clock": SystemClock()} | options))


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.255.254", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1"),
        *("169.254.169.254", "169.254.170.2", "0.0.0.1", "0.1.2.3", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("192.0.0.9", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "fc00::1", "fec0::1", "ff02::1", "100::1"),
        *("2001:db8::1", "3fff::1", "2001:2::1", "2001:20::1", "5f00::1"),
        *("::ffff:169.254.169.254", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1", "::127.0.0.1"),
        *("64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
    ],
)
def test_it_is_refused_when_the_host_is_inside(address: str) -> None:
    with pytest.raises(Refused, match="not on the public internet"):
        sender(resolve=lambda *_: [address]).send(call())


@pytest.mark.parametrize(
    "address", [OUTSIDE, "1.1.1.1", "100.128.0.1", "172.32.0.1", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]
)
def test_an_address_outside_is_public(address: str) -> None:
    assert is_public(address)


def test_an_address_that_translates_to_one_outside_is_public() -> None:
    assert is_public("64:ff9b::5db8:d70e")


def test_it_is_refused_when_any_of_the_addresses_is_inside() -> None:
    with pytest.raises(Refused):
        sender(resolve=lambda *_: [OUTSIDE, "127.0.0.1"]).send(call())


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "[::1]", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "127.1", "0"),
        *("127.0.0.1.", "localhost", "LOCALHOST", "localhost.", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),
    ],
)
def test_it_is_refused_when_the_url_spells_an_inside_address(host: str) -> None:
    with pytest.raises(Refused, match="not on the public internet"):
        sender().send(call(url=f"https://{host}/"))


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "//hooks.example.com/",
        "hooks.example.com",
        "",
        "https://",
        "https:///in",
        "https://user:secret@hooks.example.com/",
        "https://user@hooks.example.com/",
        "https://a b.example.com/",
        "https://[::1",
        "https://[fe80::1%25eth0]/",
        "https://münchen.example/",
        "https://127\u30020\u30020\u30021/",
        "https://\u24dbocalhost/",
        "https://h\x00.example.com/",
        "https://h\r\nHost: inside/",
        "https://hooks.example.com:\uff11/",
        "https://hooks.example.com:99999/",
        "https://hooks.example.com:-1/",
        "https://" + "a." * 130 + "com/",
    ],
)
def test_it_is_refused_when_the_url_must_not_be_called(url: str) -> None:
    with pytest.raises(Refused):
        sender(resolve=lambda *_: [OUTSIDE]).send(call(url=url))


@pytest.mark.parametrize("port", [0, 22, 25, 80, 3306, 8080])
def test_it_is_refused_when_the_port_is_another_protocol_s(port: int) -> None:
    with pytest.raises(Refused, match="port"):
        sender(resolve=lambda *_: [OUTSIDE]).send(call(url=f"https://hooks.example.com:{port}/"))


@pytest.mark.parametrize("port", ["", ":443", ":8443"])
def test_a_usual_port_is_called(port: str) -> None:
    with pytest.raises(Refused, match="public internet"):
        sender(resolve=lambda *_: ["10.0.0.1"]).send(call(url=f"https://hooks.example.com{port}/"))


def test_it_is_refused_for_good_when_the_host_can_be_no_name() -> None:
    with pytest.raises(Refused, match="no host name"):
        sender().send(call(url=f"https://{'a' * 64}.example.com/"))


def test_it_is_tried_again_when_the_name_server_does_not_answer_in_time() -> None:
    released = threading.Event()

    def hang(*_: object) -> list[str]:
        released.wait()
        return [OUTSIDE]

    with ExitStack() as stack:
        stack.callback(released.set)
        with pytest.raises(EndpointUnavailable, match="no answer"):
            sender(resolve=hang, deadline=0.05).send(call())


def test_calls_that_take_all_their_time_fit_the_function_s() -> None:
    last_to_begin = MESSAGES.function.timeout - 3

    assert MESSAGES.batch_size * DEADLINE < last_to_begin


@contextmanager
def endpoint(speak: Callable[[], Iterator[bytes]]) -> Iterator[str]:
    """An endpoint that takes one request and says what it likes, until the other side has gone; its URL."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError), closing(server), closing(server.accept()[0]) as connection:
            connection.recv(65_536)
            for chunk in speak():
                connection.sendall(chunk)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/in"
    finally:
        server.close()
        thread.join()


def send_to(url: str, **options) -> None:
    sender(trusted_hosts=("127.0.0.1",), **options).send(call(url=url))


@pytest.mark.parametrize(
    "answer",
    [
        lambda: iter([OK, b"\r\n"]),
        lambda: iter([OK, b"Content-Length: 1000000\r\n\r\n"]),
        lambda: chain([OK, b"Content-Length: 1000000000000\r\n\r\n"], repeat(b"x" * 65_536)),
        lambda: chain([OK, b"Transfer-Encoding: chunked\r\n\r\n"], repeat(b"5\r\nhello\r\n")),
        lambda: chain([OK], repeat(b"X-More: and more\r\n")),
        lambda: chain([OK, b"X-Long: "], repeat(b"x" * 65_536)),
        lambda: repeat(b"HTTP/1.1 200 " + b"O" * 65_536),
        lambda: iter([b"HTTP/1.1 100 Continue\r\n\r\n", OK, b"\r\n"]),
        lambda: iter([b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", OK, b"\r\n"]),
    ],
    ids=[
        *("no body", "a body that does not come", "an endless body", "endless chunks"),
        *("endless headers", "an endless header", "an endless reason", "a 100 before", "a 103 before"),
    ],
)
def test_nothing_of_an_answer_is_read_but_its_status(answer) -> None:
    with endpoint(answer) as url:
        send_to(url)


@pytest.mark.parametrize(
    "answer",
    [
        lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n"),
        lambda: chain([b"HTTP/1.1 103 Early Hints\r\n"], repeat(b"Link: </more>\r\n")),
        lambda: repeat(b"\x00" * 1024),
        lambda: iter([b"HTTP/1.1 2000 OK\r\n\r\n"]),
        lambda: iter([b"HTTP/1.1 2\xb2\xb3 OK\r\n\r\n"]),
        lambda: iter([b"SSH-2.0-OpenSSH_9.6\r\n"]),
        lambda: iter([]),
    ],
    ids=[
        *(
            "endless 100s",
            "an endless 103",
            "endless zeros",
            "no status",
            "digits that are none",
            "another protocol",
            "nothing",
        ),
    ],
)
def test_it_is_tried_again_when_the_answer_is_no_http(answer) -> None:
    with endpoint(answer) as url, pytest.raises(EndpointUnavailable):
        send_to(url, deadline=0.5)


@pytest.mark.parametrize("drop", [b"", b"H"], ids=["is silent", "drips"])
def test_the_call_ends_in_time_when_the_endpoint(drop: bytes) -> None:
    gone = threading.Event()

    def drip() -> Iterator[bytes]:
        while not gone.wait(0.01):
            yield drop

    with endpoint(drip) as url:
        with pytest.raises(EndpointUnavailable):
            send_to(url, deadline=0.1)
        gone.set()


def test_a_redirect_is_a_refusal_and_nobody_goes_there() -> None:
    visited: list[str] = []

    def elsewhere() -> Iterator[bytes]:
        visited.append("elsewhere")
        yield OK + b"\r\n"

    with endpoint(elsewhere) as inside:
        redirect = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {inside}\r\nContent-Length: 0\r\n\r\n"
        with endpoint(lambda: iter([redirect.encode()])) as url, pytest.raises(Refused, match="307"):
            send_to(url)
        socket.create_connection(("127.0.0.1", int(inside.split(":")[2].partition("/")[0]))).close()

    assert visited == ["elsewhere"]


def test_a_name_that_answers_differently_the_next_time_gains_nothing() -> None:
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])

    with endpoint(lambda: iter([OK + b"\r\n"])) as url:
        rebinding = url.replace("127.0.0.1", "hooks.example.com")
        sender(trusted_hosts=("hooks.example.com",), resolve=lambda *_: next(answers)).send(call(url=rebinding))

    assert next(answers) == ["169.254.169.254"]
