"""Runs inside the emulator: faults at the calls that functions make in their roles, by a seeded chance.

| fault        | the call is executed | what the function's SDK sees                     |
|--------------|----------------------|--------------------------------------------------|
| throttled    | no                   | the service's own throttling answer              |
| server_error | no                   | 500 with an error code                           |
| cut_off      | yes                  | 200, and the connection closed within the answer |

Stands alone: it is loaded by path, into an environment that has none of our packages.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

#: Where the emulator tells what it has thrown: {"dynamodb PutItem cut_off": 3, ...}.
PATH = "/_breakwater/faults"
NAMES = ("throttled", "server_error", "cut_off")

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
App = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

#: The emulator derives a role's keys for its functions; nobody else's look so.
_ROLE = re.compile(rb"Credential=ASIA[0-9A-F]{16}/\d+/[^/]+/([a-z0-9-]+)/")
_BUSY = {
    "dynamodb": ("ProvisionedThroughputExceededException", 400),
    "s3": ("SlowDown", 503),
    "ses": ("TooManyRequestsException", 429),
    "sqs": ("RequestThrottled", 400),
}


class Faults:
    """An ASGI application before the emulator's own."""

    def __init__(self, app: App, *, rate: float, seed: int) -> None:
        self._app = app
        self._rate = rate
        self._chance = random.Random(seed)  # noqa: S311 - a schedule, not a secret
        self._thrown: Counter[str] = Counter()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope.get("path") == PATH:
            await _answer(send, 200, json.dumps(self._thrown))
        elif (service := _called(scope)) and self._chance.random() < self._rate:
            await self._throw(service, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _throw(self, service: str, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        fault = self._chance.choice(NAMES)
        self._thrown[f"{service} {_operation(scope)} {fault}"] += 1
        if fault == "cut_off":
            await self._app(scope, receive, _nowhere)
            await _cut_off(send)
            return
        await _read(receive)
        busy = _BUSY.get(service, ("ThrottlingException", 400))
        await _refuse(send, *(busy if fault == "throttled" else ("InternalServerError", 500)))


def _called(scope: dict[str, Any]) -> str | None:
    """The service that a function calls; None for all other requests."""
    found = _ROLE.search(_header(scope, b"authorization"))
    return found[1].decode() if found else None


def _operation(scope: dict[str, Any]) -> str:
    return _header(scope, b"x-amz-target").decode().rpartition(".")[2] or f"{scope['method']} {scope['path']}"


def _header(scope: dict[str, Any], name: bytes) -> bytes:
    return next((value for key, value in scope.get("headers", ()) if key.lower() == name), b"")


async def _read(receive: Receive) -> None:
    while (await receive()).get("more_body"):
        pass


async def _nowhere(_: dict[str, Any]) -> None:
    """The answer is lost."""


async def _refuse(send: Send, code: str, status: int) -> None:
    await _answer(
        send, status, json.dumps({"__type": code, "message": "planned"}), (b"x-amzn-errortype", code.encode())
    )


async def _answer(send: Send, status: int, body: str, *headers: tuple[bytes, bytes]) -> None:
    length = (b"content-length", str(len(body)).encode())
    kind = (b"content-type", b"application/json")
    await send({"type": "http.response.start", "status": status, "headers": [length, kind, *headers]})
    await send({"type": "http.response.body", "body": body.encode()})


async def _cut_off(send: Send) -> None:
    """Less than was promised: the server closes the connection in the middle of the answer."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})


def install(setting: str) -> None:
    """`setting` is a rate and a seed: `0.02 7`. Before the emulator serves its first request."""
    from ministack import app  # type: ignore[import-not-found]  # noqa: PLC0415 - its environment, not ours

    rate, seed = setting.split()
    app.app = Faults(app.app, rate=float(rate), seed=int(seed))
