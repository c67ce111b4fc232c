"""The console's door: what each of its locks keeps out, and that no address goes round it."""

from __future__ import annotations

from dataclasses import fields
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from ops.console.app import ROUTES
from ops.console.console import Console
from ops.console.forms import Fields, posting
from ops.console.guard import Guard
from ops.console.problems import HANDLERS
from tests.unit.console_builders import HOST, PORT, Reply, access, door, headers_of, send

OWN = access()


def test_the_printed_address_is_exchanged_for_a_cookie_that_scripts_and_other_sites_cannot_use() -> None:
    reply = send(door(), "GET", "/events", headers={"host": HOST}, query={"token": OWN.token, "service": "billing"})

    assert (reply.status, reply.headers["location"]) == (303, "/events?service=billing")
    name, *flags = reply.headers["set-cookie"].split("; ")
    assert name == f"breakwater-console-{PORT}={OWN.session}"
    assert set(flags) == {"Path=/", "HttpOnly", "SameSite=Strict"}
    assert OWN.token not in reply.headers["set-cookie"]


def test_an_exchange_never_leads_to_another_host() -> None:
    reply = send(door(), "GET", "//elsewhere.example/", headers={"host": HOST}, query={"token": OWN.token})

    assert reply.headers["location"] == "/elsewhere.example/"


@pytest.mark.parametrize("token", ["", "wrong", access(secret="another").token, OWN.session, OWN.form_token])
def test_a_wrong_token_opens_nothing(token: str) -> None:
    reply = send(door(), "GET", "/", headers={"host": HOST}, query={"token": token})

    assert reply.status == 403
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize(
    "cookie",
    [
        None,
        "",
        "breakwater-console-4711=wrong",
        f"breakwater-console-4712={OWN.session}",
        f"breakwater-console-4711={OWN.token}",
        "\x00;=;,",
    ],
)
def test_without_the_session_s_cookie_nothing_is_shown(cookie: str | None) -> None:
    reply = send(door(), "GET", "/letters", headers=headers_of(OWN, cookie=cookie))

    assert reply.status == 401
    assert "inside" not in reply.text


def test_the_session_s_cookie_is_found_among_others() -> None:
    cookie = f"a=b; breakwater-console-4711={OWN.session}; c=d"

    assert send(door(), "GET", "/letters", headers=headers_of(OWN, cookie=cookie)).text == "inside"


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:4712", "", "localhost."]
)
@pytest.mark.parametrize("path", ["/", "/static/tokens.css"])
def test_a_request_to_another_name_is_refused_whatever_it_carries(host: str, path: str) -> None:
    """DNS rebinding: a name of somebody else's that resolves to loopback."""
    assert send(door(), "GET", path, headers=headers_of(OWN, host=host)).status == 421


@pytest.mark.parametrize("host", [f"localhost:{PORT}", f"[::1]:{PORT}", f"LOCALHOST:{PORT}"])
def test_loopback_s_other_names_are_its_own(host: str) -> None:
    assert send(door(), "GET", "/", headers=headers_of(OWN, host=host)).status == 200


def test_a_name_that_it_is_exposed_by_is_its_own_and_no_other() -> None:
    exposed = door(hosts=("ops.example",))

    assert send(exposed, "GET", "/", headers=headers_of(OWN, host=f"ops.example:{PORT}")).status == 200
    assert send(exposed, "GET", "/", headers=headers_of(OWN)).status == 421


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "origin",
    [None, "null", "http://evil.example", f"https://{HOST}", "http://127.0.0.1:4712", f"http://localhost:{PORT}"],
)
def test_nothing_is_changed_for_a_page_of_another_origin(method: str, origin: str | None) -> None:
    assert send(door(), method, "/letters/redrive", headers=headers_of(OWN, origin=origin)).status == 403


def test_a_page_of_its_own_may_change_something() -> None:
    assert send(door(), "POST", "/letters/redrive", headers=headers_of(OWN)).text == "inside"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_console_that_only_looks_refuses_whatever_changes_something(method: str) -> None:
    reply = send(door(read_only=True), method, "/letters/redrive", headers=headers_of(OWN, accept="text/html"))

    assert reply.status == 403
    assert "This console only looks" in reply.text


def test_every_answer_says_what_a_browser_may_do_with_it() -> None:
    replies = [
        send(door(), "GET", "/", headers=headers_of(OWN)),
        send(door(), "GET", "/", headers=headers_of(OWN, cookie=None)),
        send(door(), "GET", "/", headers={"host": HOST}, query={"token": OWN.token}),
    ]

    for reply in replies:
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["referrer-policy"] == "same-origin"
        assert reply.headers["x-content-type-options"] == "nosniff"


def test_a_refusal_is_a_page_for_people_and_a_problem_for_programs() -> None:
    page = send(door(), "GET", "/", headers=headers_of(OWN, cookie=None, accept="text/html"))
    problem = send(door(), "GET", "/", headers=headers_of(OWN, cookie=None))

    assert "Open the address that the console printed" in page.text
    assert problem.headers["content-type"] == "application/problem+json"
    assert '"status":401' in problem.text


def test_looks_are_open_to_everybody_and_nothing_else_is() -> None:
    assert send(door(), "GET", "/static/tokens.css", headers=headers_of(OWN, cookie=None)).status == 200
    assert send(door(), "POST", "/static/tokens.css", headers=headers_of(OWN, cookie=None)).status == 401


def test_the_secret_and_what_is_derived_from_it_are_all_different_and_not_shown() -> None:
    assert len({OWN.secret, OWN.token, OWN.session, OWN.form_token}) == 4
    assert "s3cret" not in repr(OWN)


def test_every_address_that_takes_a_post_reads_its_form_in_the_one_place_that_asks_for_the_token() -> None:
    taking = [route for route in ROUTES if isinstance(route, Route) and "POST" in (route.methods or ())]

    assert taking
    assert {route.endpoint.__qualname__ for route in taking} == {"posting.<locals>.endpoint"}
    assert all(isinstance(route, Route | Mount) for route in ROUTES)


def form(path: str, fields: dict[str, str], **headers: str | None) -> Reply:
    """To an address that takes forms, behind the door."""

    def taken(_: Request, fields: Fields) -> Response:
        return PlainTextResponse(f"taken: {fields.get('why')}")

    app = Starlette(routes=[posting("/form", taken)], exception_handlers=HANDLERS)
    app.state.console = Console(access=OWN, **dict.fromkeys(OTHERS))  # type: ignore[arg-type]
    body = urlencode(fields).encode()
    return send(Guard(app, access=OWN), "POST", path, headers=headers_of(OWN, **headers), body=body)


#: What a form does not need of a console.
OTHERS = tuple(each.name for each in fields(Console) if each.name != "access")


def test_a_form_of_this_console_is_taken() -> None:
    assert form("/form", {"form_token": OWN.form_token, "why": "because"}).text == "taken: because"


@pytest.mark.parametrize("token", [None, "", "wrong", OWN.token, OWN.session])
def test_a_form_without_this_session_s_token_is_refused(token: str | None) -> None:
    reply = form("/form", {"why": "because"} | ({} if token is None else {"form_token": token}))

    assert reply.status == 403
    assert "taken" not in reply.text


@pytest.mark.parametrize("kind", [None, "text/plain", "application/json", "multipart/form-data; boundary=x"])
def test_what_is_no_form_is_refused(kind: str | None) -> None:
    reply = form("/form", {"form_token": OWN.form_token}, **{"content-type": kind})

    assert reply.status == 415
