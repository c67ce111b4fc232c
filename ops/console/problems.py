"""What goes wrong, as a page for people and as `application/problem+json` (RFC 9457) for everybody else."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from contracts.deployed import CannotAsk
from ops.console.pages import page

_UNEXPECTED: Final = (
    "Something is wrong in the console itself: its terminal shows where. Nothing was changed unless it says so."
)
_CANNOT_ASK: Final = "Check the endpoint, the profile and the credentials that the console was started with."


class Problem(HTTPException):
    """`title` says what is wrong in a few words, `advice` what to do next."""

    def __init__(self, status: HTTPStatus, title: str, advice: str = "") -> None:
        super().__init__(status_code=status, detail=title)
        self.advice = advice


def refusal(scope: Scope, error: HTTPException) -> Response:
    return _answer(scope, error.status_code, error.detail, getattr(error, "advice", ""))


async def on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    return refusal(request.scope, error)


async def on_cannot_ask(request: Request, error: Exception) -> Response:
    return _answer(request.scope, HTTPStatus.BAD_GATEWAY, str(error), _CANNOT_ASK)


async def on_defect(request: Request, error: Exception) -> Response:
    title = f"{type(error).__name__}: {error}"
    return _answer(request.scope, HTTPStatus.INTERNAL_SERVER_ERROR, title, _UNEXPECTED)


HANDLERS: Final = {HTTPException: on_http, CannotAsk: on_cannot_ask, Exception: on_defect}


def _answer(scope: Scope, status: int, title: str, advice: str) -> Response:
    if "text/html" in Headers(scope=scope).get("accept", ""):
        return page("problem", status_code=status, title=title, advice=advice, status=status)
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": f"{title}. {advice}".strip(),
    }
    return JSONResponse(body, status_code=status, media_type="application/problem+json")
