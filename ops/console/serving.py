"""The console's parts, made and put together."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from contracts.following import Follower
from local.embedded.assembly import STAGE
from ops.console.access import LOOPBACK, Access
from ops.console.console import Console
from ops.console.depths import Gauge
from ops.console.feed import Feed
from ops.console.inquiry import Inquiry, asker
from ops.console.jobs import Jobs
from ops.console.pages import Pages
from ops.console.shown import Shown
from ops.letters.desk import Desk
from ops.logs.live import reading
from ops.metrics import source_of

_SECRET_BYTES: Final = 32
#: Seconds between two looks at all logs. CloudWatch takes 25 of FilterLogEvents a second of an account.
_EVERY: Final = 3.0
_EVERY_EMBEDDED: Final = 1.0
#: How much of the past the lists begin with.
_PAST: Final = timedelta(hours=1)


def access_to(listener: socket.socket, *, name: str | None = None, read_only: bool = False) -> Access:
    """For one server: with a secret of its own, and loopback's names or, besides, the one that it is exposed by."""
    return Access(
        secret=secrets.token_urlsafe(_SECRET_BYTES),
        port=int(listener.getsockname()[1]),
        hosts=LOOPBACK if name is None else (*LOOPBACK, name.lower()),
        read_only=read_only,
    )


def console_at(desk: Desk, access: Access, *, new_id: Callable[[], UUID]) -> Console:
    """Everything that the pages work with. Raises CannotAsk."""

    target, clock = desk.target, desk.clock

    def millis(before: timedelta = timedelta()) -> int:
        return int((clock.now() - before).timestamp() * 1000)

    def short_id() -> str:
        return new_id().hex

    follower = Follower(reading(target), target.log_groups, since=millis(_PAST))
    feed = Feed(
        target,
        tail=follower.new,
        depths=Gauge(target).read,
        elapsed=time.monotonic,
        now_ms=millis,
        every=_EVERY_EMBEDDED if target.stage.name == STAGE else _EVERY,
    )
    where = target.aws.endpoint_url or target.client("sqs").meta.endpoint_url
    return Console(
        target=target,
        access=access,
        feed=feed,
        pages=Pages(access=access, stage=target.stage.name, where=where),
        desk=desk,
        inquiry=Inquiry(ask=asker(target, clock)),
        metrics=source_of(target),
        jobs=Jobs(new_id=short_id, now=clock.now),
        shown=Shown(new_id=short_id),
        now=clock.now,
    )
