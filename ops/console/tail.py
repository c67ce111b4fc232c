"""The functions' log groups, read from a moment on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from contracts.deployed import CannotAsk
from contracts.following import LogEvent, Read, log_events
from ops.target import Target


def tail(target: Target) -> Read:
    """What a Follower reads by. It raises CannotAsk."""
    client: Any = target.client("logs")

    def read(group: str, start: int) -> Iterable[LogEvent]:
        try:
            return list(log_events(client, group, start=start))
        except (BotoCoreError, ClientError) as error:
            raise CannotAsk(f"the log {group} cannot be read: {error}; it needs logs:FilterLogEvents") from error

    return read
