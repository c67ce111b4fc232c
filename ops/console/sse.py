"""Server-sent events on the wire. Source: the HTML standard, "Server-sent events"."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from starlette.responses import StreamingResponse

_HEARTBEAT: Final = ": still here\n\n"
_SECONDS: Final = 15.0


def message(event: str, data: str) -> str:
    """One event; `data` may have any number of lines."""
    lines = "\n".join(f"data: {line}" for line in data.replace("\r", "").split("\n"))
    return f"event: {event}\n{lines}\n\n"


def streamed(messages: AsyncGenerator[str, None]) -> StreamingResponse:
    return StreamingResponse(
        with_heartbeat(messages), media_type="text/event-stream", headers={"cache-control": "no-store"}
    )


async def with_heartbeat(
    messages: AsyncGenerator[str, None], *, seconds: float = _SECONDS
) -> AsyncGenerator[str, None]:
    """The messages, and a comment where there is none for a while: so a connection that is gone is noticed."""
    yield _HEARTBEAT
    async with aclosing(messages):
        while True:
            following = asyncio.ensure_future(anext(messages, ""))
            try:
                while not (await asyncio.wait({following}, timeout=seconds))[0]:
                    yield _HEARTBEAT
                text = following.result()
            finally:
                following.cancel()
            if not text:
                return
            yield text
