"""What happens on the stack, as it happens: the functions' canonical log lines, told as hops."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Self

from botocore.exceptions import BotoCoreError, ClientError

from contracts.following import Follower, LogEvent, log_events
from contracts.lines import Line
from local.embedded.polling import wait_until
from local.embedded.stack import CONSUMERS, Stack

_POLL_SECONDS: Final = 0.25
_CATCH_UP_SECONDS: Final = 10
#: The round that is under way may have passed a log already; the one after it reads all of them anew.
_WHOLE_ROUND: Final = 2
_SHORT: Final = 12
_DERIVED_ID_LENGTH: Final = 32
#: What a consumer's success changes in the world.
_EFFECTS: Final = {
    "ingestion": "checked",
    "ingestion-files": "read to its end",
    "billing": "booked",
    "billing-usage": "booked",
    "notification": "sent",
    "notification-contacts": "contact book updated",
}


def told(hop: Line, *, over_http: bool) -> Iterator[str]:
    """One hop as lines for people: event -> rule -> queue -> function -> effect -> events out."""
    if hop.role == "api":
        return
    name = f"{hop.event_type or '(unreadable)'} {_short(hop.event_id or '(none)')}"
    if hop.function not in _RULES:
        yield f"{name} → {hop.function} → {'bus' if hop.outcome == 'relayed' else hop.outcome}"
        return
    way = "HTTP API" if over_http else f"rule {_RULES[hop.function]}"
    effect = _EFFECTS.get(hop.function, "done") if hop.outcome == "handled" else hop.outcome.replace("_", " ")
    tries = f", try {hop.attempts}" if hop.attempts > 1 else ""
    yield f"{name} → {way} → queue {hop.function} → {hop.function}: {effect} ({hop.duration_ms:.0f} ms{tries})"
    for type_, event_id in hop.out:
        yield f"  └ out: {type_} {_short(event_id)}"
    if hop.error_message:
        yield f"  └ why: {hop.error_message}"


_RULES: Final = {c.name: " or ".join(s.name for s in c.subscriptions) for c in CONSUMERS}


def _short(event_id: str) -> str:
    return f"{event_id[:_SHORT]}…" if len(event_id) == _DERIVED_ID_LENGTH else event_id


@dataclass
class Watcher:
    """Reads the functions' logs in the background, from `start` on. A context manager."""

    stack: Stack
    on_hop: Callable[[Line], None]
    since: int = 0
    hops: list[Line] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _hurry: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _rounds: int = 0
    _awaited: int = 0

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch, name="hops", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._hurry.set()
        if self._thread is not None:
            self._thread.join()

    def wait_for(self, identity: tuple[str, str], function: str, *, timeout: float) -> Line:
        """The first hop of this event at this function. Raises DeadlinePassed."""
        return wait_until(
            lambda: next((h for h in self.hops if h.identity == identity and h.function == function), None),
            what=f"{function} says what became of event {identity[1]}",
            timeout=timeout,
        )

    def catch_up(self) -> None:
        """Returns when everything that was in the logs at the time of the call has been told."""
        self._awaited = self._rounds + _WHOLE_ROUND
        self._hurry.set()
        wait_until(
            lambda: self._rounds >= self._awaited, what="the logs are read", timeout=_CATCH_UP_SECONDS, interval=0.01
        )

    def _watch(self) -> None:
        follower = Follower(self._read, self.stack.log_groups, since=self.since)
        while not self._stop.is_set():
            for hop in follower.new():
                self.hops.append(hop)
                self.on_hop(hop)
            self._rounds += 1
            if self._rounds >= self._awaited:
                self._hurry.wait(_POLL_SECONDS)
                self._hurry.clear()

    def _read(self, group: str, start: int) -> list[LogEvent]:
        try:
            return list(log_events(self.stack.cloud.client("logs"), group, start=start))
        except (BotoCoreError, ClientError):
            return []  # the stack is going down: the next round will tell
