"""Waiting for what happens elsewhere: ask again until it is so, or the deadline has passed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


class DeadlinePassed(Exception):
    """What was waited for did not happen in time."""


def wait_until(
    probe: Callable[[], Found | None],
    *,
    what: str,
    timeout: float,
    interval: float = 0.1,
    pause: Callable[[float], None] = time.sleep,
    elapsed: Callable[[], float] = time.monotonic,
) -> Found:
    """The first true answer of `probe`, asked at least once and then every `interval` seconds.

    Raises DeadlinePassed, with `what` and the last answer, after `timeout` seconds.
    """
    deadline = elapsed() + timeout
    while not (answer := probe()):
        if elapsed() >= deadline:
            raise DeadlinePassed(f"not within {timeout:g} s: {what} (last seen: {answer!r})")
        pause(interval)
    return answer
