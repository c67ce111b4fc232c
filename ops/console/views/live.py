"""`/live`: what happens, as server-sent events. Each page has one, and says what it wants to hear.

state    how the stage is now
hops     the new lines, for the drawing
rows     the new lines that match the page's filter, as rows of a list
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ops.console.console import Console, console_of
from ops.console.feed import News, spoken
from ops.console.flow import Filter
from ops.console.sse import message, streamed
from ops.console.views.overview import state_message

#: At a time: a list that grows faster than that is not read.
_ROWS: Final = 50


async def live(request: Request) -> Response:
    console = console_of(request)
    wanted = Filter.of(request.query_params)
    return streamed(_messages(console, wanted))


async def _messages(console: Console, wanted: Filter) -> AsyncGenerator[str, None]:
    async for news in console.feed.news():
        for text in _told(console, wanted, news):
            yield text


def _told(console: Console, wanted: Filter, news: News) -> list[str]:
    told = [message("state", json.dumps(state_message(console, news.state)))]
    if news.lines and not news.first:
        told.append(message("hops", json.dumps([spoken(line) for line in news.lines])))
    matching = [line for line in reversed(news.lines) if wanted.matches(line)][:_ROWS]
    if matching:
        told.append(message("rows", console.pages.fragment("rows", lines=matching)))
    return told
