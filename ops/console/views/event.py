"""One event: the sentence that answers, its tree of cause and effect on a time axis, its tries; or which are meant."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ops.console.console import console_of
from ops.console.inquiry import PAST
from ops.console.problems import Problem
from ops.console.story.waterfall import waterfall
from ops.story.story import Choices
from ops.times import moment
from ops.wrong_use import WrongUse

PASTS: Final = ("1h", "24h", "7d", "14d")


def event(request: Request) -> Response:
    """`id` (and `source`) name an event, `q` is a word that somebody typed, `since` how far back to look."""
    console = console_of(request)
    query = request.query_params
    word, event_id = query.get("q", "").strip(), query.get("id", "").strip()
    if not (word or event_id):
        return RedirectResponse("/events?find", status_code=HTTPStatus.SEE_OTHER)
    past = _past(query.get("since", ""), request)
    told = (
        console.inquiry.event(event_id, source=query.get("source", ""), past=past)
        if event_id
        else console.inquiry.about(word, past=past)
    )
    shared: dict[str, Any] = {"word": word or event_id, "pasts": PASTS, "since": query.get("since", "24h")}
    if isinstance(told, Choices):
        return console.page("events", "choices", choices=told, **shared)
    return console.page("events", "event", story=told, waterfall=waterfall(told), **shared)


def _past(text: str, request: Request) -> timedelta:
    now = console_of(request).now()
    try:
        return now - moment(text, now=now) if text else PAST
    except WrongUse as error:
        raise Problem(HTTPStatus.BAD_REQUEST, f"{text} is no time", str(error)) from error
