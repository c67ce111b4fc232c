"""The one door: every request passes it before anything of the console sees it (see ops.console.access)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ops.console.access import TOKEN, Access
from ops.console.problems import Problem, refusal

#: Without a session there are the looks of the page that says so, and nothing else.
OPEN: Final = "/static/"
_READING: Final = ("GET", "HEAD")

#: No script, style, font or picture but our own files; no page may frame or post for us.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",  # with none at all, browsers would send no origin along with forms
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Guard:
    def __init__(self, app: ASGIApp, *, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = self._answer(scope)
        is_open = scope["path"].startswith(OPEN)
        await (answer or self._app)(scope, receive, _with_headers(send, cache="no-cache" if is_open else "no-store"))

    def _answer(self, scope: Scope) -> Response | None:
        """What ends the request here; None when it may go on."""
        try:
            opened = self._opened(scope)
            if opened is None:
                self._check(scope)
        except HTTPException as error:
            return refusal(scope, error)
        return opened

    def _opened(self, scope: Scope) -> Response | None:
        """A session, to whoever comes with the address that was printed; and an address without the token."""
        self._check_host(scope)
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        tokens = [value for name, value in query if name == TOKEN]
        if not tokens or scope["method"] != "GET":
            return None
        if not self._access.opens(tokens[-1]):
            raise Problem(HTTPStatus.FORBIDDEN, "This address is of another console", _ASK_AGAIN)
        rest = urlencode([(name, value) for name, value in query if name != TOKEN])
        path = f"/{scope['path'].lstrip('/')}"  # //host would be another's
        return RedirectResponse(
            f"{path}?{rest}" if rest else path,
            status_code=HTTPStatus.SEE_OTHER,
            headers={"set-cookie": self._access.cookie, "cache-control": "no-store"},
        )

    def _check_host(self, scope: Scope) -> None:
        host = Headers(scope=scope).get("host", "")
        if not self._access.is_own_host(host):
            advice = "Use the address that the console printed when it started, or start it with --host."
            raise Problem(HTTPStatus.MISDIRECTED_REQUEST, f"This console is not called {host or 'nothing'}", advice)

    def _check(self, scope: Scope) -> None:
        if scope["path"].startswith(OPEN) and scope["method"] in _READING:
            return
        headers = Headers(scope=scope)
        if not self._access.has_session(headers.get("cookie", "")):
            raise Problem(HTTPStatus.UNAUTHORIZED, "No session", _ASK_AGAIN)
        if scope["method"] not in _READING:
            self._check_change(headers)

    def _check_change(self, headers: Headers) -> None:
        if not self._access.is_own_origin(headers.get("origin", ""), headers.get("host", "")):
            raise Problem(
                HTTPStatus.FORBIDDEN, "Not from this console's own pages", "Open the console, and do it there."
            )
        if self._access.read_only:
            advice = "It was started with --read-only. Start one without, to change something."
            raise Problem(HTTPStatus.FORBIDDEN, "This console only looks", advice)


_ASK_AGAIN: Final = "Open the address that the console printed when it started: it holds the token that lets you in."


def _with_headers(send: Send, *, cache: str) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            headers.setdefault("cache-control", cache)
        await send(message)

    return sending
