"""One job: how far it is, followed as it goes, and how it ended."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ops.console.console import Console, console_of
from ops.console.forms import Fields
from ops.console.jobs import Job
from ops.console.problems import Problem
from ops.console.sse import message, streamed


def job(request: Request) -> Response:
    console = console_of(request)
    found = _the_job(console, request.query_params.get("id", ""))
    return console.page("letters", "job", job=found)


async def live(request: Request) -> Response:
    console = console_of(request)
    found = _the_job(console, request.query_params.get("id", ""))
    return streamed(_messages(console, found))


def stop(request: Request, fields: Fields) -> Response:
    found = _the_job(console_of(request), fields.get("id", ""))
    found.stop()
    return RedirectResponse(f"/jobs/job?id={found.id}", status_code=HTTPStatus.SEE_OTHER)


async def _messages(console: Console, job: Job) -> AsyncGenerator[str, None]:
    async for progress in job.news():
        told = {
            "html": console.pages.fragment("progress", progress=progress, job=job),
            "over": progress.is_over,
            "sentence": progress.sentence,
        }
        yield message("job", json.dumps(told))


def _the_job(console: Console, job_id: str) -> Job:
    found = console.jobs.get(job_id)
    if found is None:
        advice = "It was of another run of this console. The audit trail says what became of it."
        raise Problem(HTTPStatus.NOT_FOUND, "This job is not there", advice)
    return found
