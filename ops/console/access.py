"""Who may use the console, and for what. It has an operator's credentials, so it trusts no request by its place alone.

A request is served when all of these hold:

    host     it was addressed to this console by a name that is its own (a page of somebody else's cannot send one
             here under a name that resolves to loopback: DNS rebinding)
    session  it carries the cookie that the address printed at the start was exchanged for
    origin   it changes nothing, or it comes from a page of this console and carries that page's form token
    mode     it changes nothing, or the console is not read-only
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Final

TOKEN: Final = "token"  # noqa: S105 - the parameter's name
FORM_TOKEN: Final = "form_token"  # noqa: S105 - the field's name
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """`secret` is random and this process's own; `hosts` are the names, without a port, that it may be called by."""

    secret: str = field(repr=False)
    port: int
    hosts: tuple[str, ...] = LOOPBACK
    read_only: bool = False

    @property
    def token(self) -> str:
        """What opens a session, in the address that is printed."""
        return self._derived("token")

    @property
    def session(self) -> str:
        """The cookie's value. Not the token: what stands in a browser's history is not what is sent with requests."""
        return self._derived("session")

    @property
    def form_token(self) -> str:
        """What each form carries."""
        return self._derived("form")

    @property
    def cookie_name(self) -> str:
        """With the port: browsers share a host's cookies among its ports, and two consoles are two sessions."""
        return f"breakwater-console-{self.port}"

    @property
    def cookie(self) -> str:
        """The Set-Cookie header that opens the session. It ends with the browser's, or with this process."""
        return f"{self.cookie_name}={self.session}; Path=/; HttpOnly; SameSite=Strict"

    def is_own_host(self, host: str) -> bool:
        return host.lower() in {f"{name}:{self.port}" for name in self.hosts}

    def is_own_origin(self, origin: str, host: str) -> bool:
        return self.is_own_host(host) and origin.lower() == f"http://{host.lower()}"

    def opens(self, token: str) -> bool:
        return _same(token, self.token)

    def has_session(self, cookie_header: str) -> bool:
        return _same(_cookies(cookie_header).get(self.cookie_name, ""), self.session)

    def is_own_form(self, token: str) -> bool:
        return _same(token, self.form_token)

    def _derived(self, purpose: str) -> str:
        return hmac.new(self.secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _cookies(header: str) -> Mapping[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}
