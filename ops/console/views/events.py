"""The list of what happens: the latest lines, filtered, and a way to any event."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from events.catalog import TYPES
from ops.console.console import console_of
from ops.console.flow import Filter

_SHOWN: Final = 100
OUTCOMES: Final = ("handled", "relayed", "accepted", "duplicate", "suppressed", "retry", "deferred", "dead_letter")


def events(request: Request) -> Response:
    console = console_of(request)
    wanted = Filter.of(request.query_params)
    return console.page(
        "events",
        "events",
        wanted=wanted,
        lines=console.feed.latest(wanted, _SHOWN),
        services=[service.name for service in console.target.services],
        types=sorted(TYPES),
        outcomes=OUTCOMES,
    )
