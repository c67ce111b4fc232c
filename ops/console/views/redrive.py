"""Redriving: what would happen, the confirmation, and the job that does it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ops.console.console import Console, console_of
from ops.console.forms import Fields
from ops.console.jobs import Progress, Tell, Work
from ops.console.problems import Problem
from ops.console.views.which import Which
from ops.console.wording import count
from ops.letters import work
from ops.letters.letter import Letter
from ops.letters.redrive import Report, plan

_RATE: Final = 20.0
_FASTEST: Final = 1000.0


def dry_run(request: Request) -> Response:
    """What redriving would do. Nothing is changed; what is shown is what a confirmation is about."""
    console = console_of(request)
    which = Which.of(request.query_params)
    rate = _rate(request.query_params.get("rate", ""))
    look = console.look(which.selection)
    return console.page(
        "letters",
        "redrive",
        which=which,
        rate=rate,
        plan=plan(look.letters, bus=console.target.bus_name, rate=rate),
        elsewhere=sum(look.elsewhere.values()),
        shown=console.shown.keep(look.letters),
    )


def confirmed(request: Request, fields: Fields) -> Response:
    console = console_of(request)
    which, rate = Which.of(fields), _rate(fields.get("rate", ""))
    letters = console.shown.of(fields.get("shown", ""))
    if letters is None:
        raise Problem(
            HTTPStatus.CONFLICT, "What was shown is out of date", "Look at the dry run again, and confirm that."
        )
    job = console.jobs.start(
        f"Redrive {count(len(letters), 'letter')}",
        _work(console, which, rate, fields.get("why", "").strip(), letters),
        back=which.back,
    )
    return RedirectResponse(f"/jobs/job?id={job.id}", status_code=HTTPStatus.SEE_OTHER)


def _work(console: Console, which: Which, rate: float, why: str, letters: tuple[Letter, ...]) -> Work:
    def run(tell: Tell) -> Progress:
        report = work.redrive(
            console.desk,
            which.selection,
            pace=work.Pace(rate=rate),
            why=why,
            tell=lambda report: tell(_so_far(report)),
            among=letters,
        )
        return _ended(report)

    return run


def _so_far(report: Report) -> Progress:
    return Progress(
        sentence=f"{report.sent:,} of {report.planned:,} sent",
        done=report.sent + len(report.refused) + report.lost,
        planned=report.planned,
        operation=report.operation,
    )


def _ended(report: Report) -> Progress:
    return Progress(
        standing="done" if report.is_complete else "incomplete",
        sentence=f"{count(report.sent, 'letter')} sent, {report.left + len(report.refused):,} left{_but(report)}.",
        details=tuple(_remarks(report)),
        done=report.sent + len(report.refused) + report.lost,
        planned=report.planned,
        operation=report.operation,
    )


def _but(report: Report) -> str:
    return f", and {count(len(report.came_back), 'letter')} came back" if report.came_back else ""


def _remarks(report: Report) -> list[str]:
    remarks = [f"Letter {id_} stays: {why}." for id_, why in list(report.refused.items())[:10]]
    if report.stopped:
        remarks.append(f"It stopped by itself: {report.stopped}. Is the cause gone?")
    if report.others:
        remarks.append(f"{count(len(report.others), 'letter')} arrived meanwhile with another failure.")
    if report.lost:
        remarks.append(f"{count(report.lost, 'letter')} went to somebody else meanwhile.")
    if report.elsewhere:
        held = sum(report.elsewhere.values())
        remarks.append(f"{count(held, 'letter is', 'letters are')} held by somebody else: look again in a minute.")
    return remarks


def _rate(text: str) -> float:
    try:
        rate = float(text or _RATE)
    except ValueError:
        rate = 0.0
    if not 0.1 <= rate <= _FASTEST:  # noqa: PLR2004 - a letter in ten seconds
        raise Problem(HTTPStatus.BAD_REQUEST, f"{text} is no rate", "Say letters a second: from 0.1 to 1000.")
    return rate
