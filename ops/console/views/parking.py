"""Parking letters with the reason, and bringing them back."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ops.console.console import Console, console_of
from ops.console.forms import Fields
from ops.console.jobs import Progress, Tell, Work
from ops.console.problems import Problem
from ops.console.views.which import Which
from ops.console.wording import count
from ops.letters import work
from ops.letters.operations import Entry


def park(request: Request, fields: Fields) -> Response:
    console = console_of(request)
    which, why = Which.of(fields), _why(fields)
    job = console.jobs.start("Park letters", _parking(console, which, why), back="/letters")
    return RedirectResponse(f"/jobs/job?id={job.id}", status_code=HTTPStatus.SEE_OTHER)


def unpark(request: Request, fields: Fields) -> Response:
    console = console_of(request)
    wanted = fields.get("letter", "")
    entry = console.desk.trail.parked().get(wanted)
    if entry is None:
        raise Problem(HTTPStatus.NOT_FOUND, "This letter is not parked", "Somebody may have brought it back already.")
    why = fields.get("why", "").strip()
    job = console.jobs.start("Bring a parked letter back", _returning(console, entry, why), back="/letters")
    return RedirectResponse(f"/jobs/job?id={job.id}", status_code=HTTPStatus.SEE_OTHER)


def _why(fields: Fields) -> str:
    why = fields.get("why", "").strip()
    if not why:
        raise Problem(HTTPStatus.BAD_REQUEST, "Say why", "The audit trail keeps the reason. Go back, and give one.")
    return why


def _parking(console: Console, which: Which, why: str) -> Work:
    def run(tell: Tell) -> Progress:
        parked = 0

        def counted(more: int) -> None:
            nonlocal parked
            parked += more
            tell(Progress(sentence=f"{parked:,} parked", done=parked))

        return ended(work.park(console.desk, which.selection, why=why, tell=counted), "parked")

    return run


def _returning(console: Console, entry: Entry, why: str) -> Work:
    def run(tell: Tell) -> Progress:
        done = work.unpark(console.desk, [entry], why=why, tell=lambda _: tell(Progress(sentence="on its way")))
        return ended(done, "brought back to its dead-letter queue")

    return run


def ended(done: work.Outcome, what: str) -> Progress:
    remarks = [f"Letter {id_} stays: {why}." for id_, why in list(done.refused.items())[:10]]
    if done.elsewhere:
        held = sum(done.elsewhere.values())
        remarks.append(f"{count(held, 'letter is', 'letters are')} held by somebody else: look again in a minute.")
    return Progress(
        standing="done" if done.is_complete else "incomplete",
        sentence=f"{count(done.moved, 'letter')} {what}, {done.planned - done.moved:,} left.",
        details=tuple(remarks),
        done=done.moved,
        planned=done.planned,
        operation=done.operation,
    )
