"""What the views work with: one stage, and who is asked about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse

from ops.console.access import Access
from ops.console.feed import Feed
from ops.console.inquiry import Inquiry
from ops.console.jobs import Jobs
from ops.console.pages import Pages
from ops.console.shown import Shown
from ops.letters.desk import Desk
from ops.letters.looking import Look
from ops.letters.selection import Selection
from ops.metrics import MetricSource
from ops.target import Target


@dataclass(frozen=True, kw_only=True)
class Console:
    """`now` is the time of day. Made once, in the composition root, and found on the application's state."""

    target: Target
    access: Access
    feed: Feed
    pages: Pages
    desk: Desk
    inquiry: Inquiry
    metrics: MetricSource
    jobs: Jobs
    shown: Shown
    now: Callable[[], datetime]

    def page(self, view: str, name: str, *, status_code: int = 200, **values: object) -> HTMLResponse:
        """A page with the menu's badge as it is now. `view` is the menu's entry."""
        badges = {"letters": self.feed.now().depths.letters}
        return self.pages.page(name, status_code=status_code, view=view, badges=badges, now=self.now(), **values)

    def close(self) -> None:
        """Ends the watch and the jobs. What they hold is given back."""
        self.feed.stop()
        self.jobs.end_all()

    def look(self, selection: Selection) -> Look:
        """The letters that are meant. Raises CannotAsk."""
        return self.desk.look(selection)


def console_of(request: Request) -> Console:
    console = request.app.state.console
    assert isinstance(console, Console)  # noqa: S101 - ops.console.app puts it there
    return console
