"""What changes something comes as a form of this console's own pages: posted, with their token, and read here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ops.console.access import FORM_TOKEN
from ops.console.console import console_of
from ops.console.problems import Problem

_FORM: Final = "application/x-www-form-urlencoded"

Fields = Mapping[str, str]
#: The answer to a form. Called in a thread of its own: it may ask AWS.
Answer = Callable[[Request, Fields], Response]


def posting(path: str, answer: Answer) -> Route:
    """The only way in which an address takes a POST."""

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(answer, request, await _fields(request))

    return Route(path, endpoint, methods=["POST"])


async def _fields(request: Request) -> Fields:
    """Raises Problem for what is no form of this console's."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != _FORM:
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Not a form", "Open the console, and do it there.")
    try:
        fields = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    except ValueError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "This form cannot be read", str(error)) from error
    if not console_of(request).access.is_own_form(fields.get(FORM_TOKEN, "")):
        raise Problem(
            HTTPStatus.FORBIDDEN, "This form is of another session", "Load its page again, and send it from there."
        )
    return fields
