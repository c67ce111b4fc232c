"""Watches the stage for as long as anybody looks, and tells all who do.

One thread asks, whoever many pages are open; with none open it asks nothing.
"""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from contracts.deployed import CannotAsk
from contracts.lines import Line
from ops.console.depths import Depths
from ops.console.flow import Filter, Flow, Rates, service_of
from ops.console.health import Health, health, unknown
from ops.target import Target

#: Rounds of reading lines for one of counting messages.
_DEPTHS_EVERY: Final = 2
_STALE: Final = 5.0
_BUFFER: Final = 200
#: Lines that somebody who comes is told at once.
_KNOWN: Final = 1_000


class Tail(Protocol):
    def __call__(self) -> Sequence[Line]:
        """The lines that were not there at the last call; at the first, those of a while. Raises CannotAsk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is known of the stage as a whole."""

    health: Health
    depths: Depths
    rates: Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """The state now, and the lines that are new, oldest first; at `first`, those that were known already."""

    state: State
    lines: tuple[Line, ...] = ()
    first: bool = False


@dataclass(eq=False)
class _Listener:
    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[News | None] = field(default_factory=lambda: asyncio.Queue(_BUFFER))

    def tell(self, news: News | None) -> None:
        """From any thread. Whoever is too slow loses the oldest news."""
        self.loop.call_soon_threadsafe(self._put, news)

    def _put(self, news: News | None) -> None:
        if self.queue.full():
            self.queue.get_nowait()
        self.queue.put_nowait(news)


class Feed:
    """`every` are the seconds between two rounds."""

    def __init__(
        self,
        target: Target,
        *,
        tail: Tail,
        depths: Callable[[], Depths],
        elapsed: Callable[[], float],
        now_ms: Callable[[], int],
        every: float = 1.0,
    ) -> None:
        self._tail = tail
        self._ask_depths = depths
        self._elapsed = elapsed
        self._now_ms = now_ms
        self._every = every
        self._services = {function.name: service.name for service in target.services for function in service.functions}
        self._flow = Flow()
        self._depths = Depths(queues={}, dead={})
        self._state: State | None = None
        self._asked_at = float("-inf")
        self._listeners: set[_Listener] = set()
        self._asking = threading.Lock()
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._watch, name="feed", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the watch, and every listener's news."""
        self._stopped.set()
        self._wake.set()
        for listener in tuple(self._listeners):
            listener.tell(None)
        if self._thread is not None:
            self._thread.join()

    def now(self) -> State:
        """The state, not older than a few seconds."""
        if self._state is None or self._elapsed() - self._asked_at > _STALE:
            self._round(with_depths=True)
        assert self._state is not None  # noqa: S101 - a round sets it
        return self._state

    def latest(self, wanted: Filter, limit: int) -> list[Line]:
        self.now()
        return self._flow.latest(wanted, limit)

    async def news(self) -> AsyncGenerator[News, None]:
        """What is known, and from then on what is new, until the feed stops. Nothing is lost in between."""
        listener = _Listener(asyncio.get_running_loop())
        self._listeners.add(listener)
        self._wake.set()
        try:
            state = await asyncio.to_thread(self.now)
            yield News(state=state, lines=tuple(reversed(self._flow.latest(Filter(), _KNOWN))), first=True)
            while (news := await listener.queue.get()) is not None:
                yield news
        finally:
            self._listeners.discard(listener)

    def _watch(self) -> None:
        rounds = 0
        while not self._stopped.is_set():
            if not self._listeners:
                self._wake.wait()
                self._wake.clear()
                continue
            news = self._round(with_depths=rounds % _DEPTHS_EVERY == 0)
            for listener in tuple(self._listeners):
                listener.tell(news)
            rounds += 1
            self._stopped.wait(self._every)

    def _round(self, *, with_depths: bool) -> News:
        with self._asking:
            lines: Sequence[Line] = ()
            try:
                lines = self._tail()
                self._flow.add(lines)
                if with_depths:
                    self._depths = self._ask_depths()
            except CannotAsk as error:
                self._state = self._seen(unknown(str(error)))
            except Exception as error:  # noqa: BLE001 - a defect must not end the watch: it is told, and the next round tries
                traceback.print_exc()
                self._state = self._seen(unknown(f"{type(error).__name__}: {error}"))
            else:
                self._state = self._seen()
            self._asked_at = self._elapsed()
            return News(state=self._state, lines=tuple(lines))

    def _seen(self, ill: Health | None = None) -> State:
        rates = self._flow.rates(now_ms=self._now_ms())
        return State(health=ill or health(self._depths, rates, self._services), depths=self._depths, rates=rates)


def spoken(line: Line) -> dict[str, str]:
    """A line as the drawing needs it."""
    return {
        "type": line.event_type,
        "function": line.function,
        "service": service_of(line.function),
        "role": line.role,
        "outcome": line.outcome,
    }
