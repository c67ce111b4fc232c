"""What the functions measured, as plots on one time axis."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ops.console.console import console_of
from ops.console.plots.board import boards
from ops.metrics import Window

SPANS: Final = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
}
_SPAN: Final = "1h"


def metrics(request: Request) -> Response:
    """`span` is how far back; `function` shows one alone, larger."""
    console = console_of(request)
    span = request.query_params.get("span", _SPAN)
    span = span if span in SPANS else _SPAN
    function = request.query_params.get("function", "")
    window = Window.last(SPANS[span], until=console.now())
    shown = [b for b in boards(console.metrics, console.target.services, window) if function in ("", b.function)]
    return console.page(
        "metrics", "metrics", boards=shown, span=span, spans=tuple(SPANS), function=function, period=window.period
    )
