"""Server-sent events on the wire. Source: the HTML standard, "Server-sent events"."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
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
    following: asyncio.Future[str] | None = None
    try:
        while True:
            following = asyncio.ensure_future(anext(messages, ""))
            while not (await asyncio.wait({following}, timeout=seconds))[0]:
                yield _HEARTBEAT
            text = following.result()
            if not text:
                return
            yield text
    finally:
        if following is not None and not following.done():
            following.cancel()  # which ends the messages where they wait
        else:
            await messages.aclose()
