"""Ctrl-C, a plain kill and a closed terminal unwind what is held, so that nothing is left behind."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Stopped(BaseException):
    """A signal asked us to end; whoever holds something lets go of it."""


@contextmanager
def signals_stop() -> Iterator[None]:
    """Raises Stopped in the block when a signal comes. They come to the main thread; elsewhere nothing changes."""

    def stop(number: int, _: object) -> None:
        raise Stopped(signal.Signals(number).name)

    is_main = threading.current_thread() is threading.main_thread()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if is_main else ()
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
