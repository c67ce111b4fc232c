"""The console's application: every address that it has, behind one door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from ops.console.console import Console
from ops.console.forms import posting
from ops.console.guard import Guard
from ops.console.pages import FOLDER
from ops.console.problems import HANDLERS
from ops.console.views import audit, editing, jobs, letters, parking, redrive
from ops.console.views.event import event
from ops.console.views.events import events
from ops.console.views.live import live
from ops.console.views.metrics import metrics
from ops.console.views.overview import overview

#: Of a request: a dead letter of SQS's largest size, escaped for a form.
_LARGEST: Final = 4 * 1024 * 1024

ROUTES: Final[tuple[BaseRoute, ...]] = (
    Route("/", overview),
    Route("/live", live),
    Route("/events", events),
    Route("/event", event),
    Route("/metrics", metrics),
    Route("/letters", letters.letters),
    Route("/letters/group", letters.group),
    Route("/letters/letter", letters.letter),
    Route("/letters/redrive", redrive.dry_run),
    posting("/letters/redrive", redrive.confirmed),
    Route("/letters/edit", editing.editor),
    posting("/letters/edit", editing.checked),
    posting("/letters/park", parking.park),
    posting("/letters/unpark", parking.unpark),
    Route("/letters/audit", audit.audit),
    Route("/letters/operation", audit.operation),
    Route("/jobs/job", jobs.job),
    Route("/jobs/live", jobs.live),
    posting("/jobs/stop", jobs.stop),
    Mount("/static", StaticFiles(directory=FOLDER / "static"), name="static"),
)


def application(console: Console) -> Starlette:
    """Watches the stage from its start on, until the console is closed."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        console.feed.start()
        yield

    app = Starlette(
        routes=ROUTES,
        middleware=[Middleware(Guard, access=console.access)],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
        max_body_size=_LARGEST,
    )
    app.state.console = console
    return app
