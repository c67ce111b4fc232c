"""Mending one letter's event: checked against the catalog, shown as a difference, and sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ops.console.console import Console, console_of
from ops.console.forms import Fields
from ops.console.jobs import Progress, Tell, Work
from ops.console.problems import Problem
from ops.console.views.parking import ended
from ops.console.views.which import Which, the_letter
from ops.letters import work
from ops.letters.editing import DoesNotFit, Edited, document, edited, event_text
from ops.letters.letter import Letter
from ops.wrong_use import WrongUse
from runtime.errors import BreakwaterError


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """`problems` are pairs of where and what; `diff` is of a draft that may be sent."""

    text: str
    why: str = ""
    problems: tuple[tuple[str, str], ...] = ()
    diff: tuple[str, ...] = ()


def editor(request: Request) -> Response:
    console = console_of(request)
    which = Which.of(request.query_params)
    letter = the_letter(console, which.id)
    try:
        text = event_text(document(letter, console.desk.claims))
    except (WrongUse, BreakwaterError) as error:
        raise Problem(HTTPStatus.CONFLICT, "This letter cannot be edited", str(error)) from error
    return _shown(console, letter, Draft(text=text))


def checked(request: Request, fields: Fields) -> Response:
    """The draft with what is wrong with it, or with what would change; and sent, when that was asked for."""
    console = console_of(request)
    letter = the_letter(console, Which.of(fields).id)
    text, why = fields.get("text", ""), fields.get("why", "").strip()
    judged = _judged(letter, text)
    if isinstance(judged, Edited) and fields.get("act") == "send" and why:
        job = console.jobs.start("Send an edited letter", _sending(console, judged, why), back="/letters")
        return RedirectResponse(f"/jobs/job?id={job.id}", status_code=HTTPStatus.SEE_OTHER)
    if isinstance(judged, Edited):
        missing = (("why", "say why: the audit trail keeps the reason"),) if fields.get("act") == "send" else ()
        return _shown(
            console, letter, Draft(text=text, why=why, diff=tuple(judged.diff.splitlines()), problems=missing)
        )
    return _shown(console, letter, Draft(text=text, why=why, problems=judged), status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _judged(letter: Letter, text: str) -> Edited | tuple[tuple[str, str], ...]:
    """The letter as edited, or what is wrong, and where."""
    try:
        event: Any = json.loads(text)
    except ValueError as error:
        return (("the text", f"is not JSON: {error}"),)
    if not isinstance(event, dict):
        return (("the text", "is no JSON object"),)
    try:
        return edited(letter, event)
    except DoesNotFit as error:
        return tuple((problem.field, problem.message) for problem in error.problems)
    except WrongUse as error:
        return (("the event", str(error)),)


def _sending(console: Console, mended: Edited, why: str) -> Work:
    def run(tell: Tell) -> Progress:
        tell(Progress(sentence="on its way", planned=1))
        return ended(work.edit(console.desk, mended, why=why), "sent as edited")

    return run


def _shown(console: Console, letter: Letter, draft: Draft, *, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return console.page("letters", "edit", status_code=status, letter=letter, draft=draft)
