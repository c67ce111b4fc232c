"""What happens on the stack, as it happens: the functions' canonical log lines, told as hops."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from botocore.exceptions import BotoCoreError, ClientError

from local.embedded.polling import wait_until
from local.embedded.stack import CONSUMERS, Stack

_POLL_SECONDS: Final = 0.15
_CATCH_UP_SECONDS: Final = 10
#: Log lines may show up late and out of order, by less than this.
_OVERLAP_MILLISECONDS: Final = 5_000
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One canonical log line: what `function` made of one event. `at` is in milliseconds since the epoch."""

    at: int
    function: str
    outcome: str
    event_id: str
    event_source: str
    event_type: str
    attempts: int = 0
    duration_ms: float = 0.0
    events_out: tuple[str, ...] = ()
    error: str = ""

    @property
    def identity(self) -> tuple[str, str]:
        return (self.event_source, self.event_id)


def hop_from_log(function: str, at: int, message: str) -> Hop | None:
    """None for a line that is about no event."""
    try:
        line = json.loads(message)
    except ValueError:
        return None
    if not isinstance(line, dict) or "event_id" not in line:
        return None
    return Hop(
        at=at,
        function=line.get("consumer") or line.get("relay") or function,
        outcome=line.get("outcome") or str(line.get("message")),
        event_id=line["event_id"] or "(none)",
        event_source=line.get("event_source") or "(none)",
        event_type=line.get("event_type") or "(unreadable)",
        attempts=line.get("attempts") or 0,
        duration_ms=line.get("duration_ms") or 0.0,
        events_out=tuple(line.get("events_out") or ()),
        error=line.get("error_message") or "",
    )


def told(hop: Hop, *, over_http: bool) -> Iterator[str]:
    """One hop as lines for people: event -> rule -> queue -> function -> effect -> events out."""
    name = f"{hop.event_type} {_short(hop.event_id)}"
    if hop.function not in _RULES:
        yield f"{name} → {hop.function} → {'bus' if hop.outcome == 'relayed' else hop.outcome}"
        return
    way = "HTTP API" if over_http else f"rule {_RULES[hop.function]}"
    effect = _EFFECTS.get(hop.function, "done") if hop.outcome == "handled" else hop.outcome.replace("_", " ")
    tries = f", try {hop.attempts}" if hop.attempts > 1 else ""
    yield f"{name} → {way} → queue {hop.function} → {hop.function}: {effect} ({hop.duration_ms:.0f} ms{tries})"
    for event in hop.events_out:
        type_, _, event_id = event.partition(" ")
        yield f"  └ out: {type_} {_short(event_id)}"
    if hop.error:
        yield f"  └ why: {hop.error}"


_RULES: Final = {c.name: " or ".join(s.name for s in c.subscriptions) for c in CONSUMERS}


def _short(event_id: str) -> str:
    return f"{event_id[:_SHORT]}…" if len(event_id) == _DERIVED_ID_LENGTH else event_id


@dataclass
class Watcher:
    """Reads the functions' logs in the background, from `start` on. A context manager."""

    stack: Stack
    on_hop: Callable[[Hop], None]
    since: int = 0
    hops: list[Hop] = field(default_factory=list)
    _newest: dict[str, int] = field(default_factory=dict)
    _seen: set[tuple[str, int, str]] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _rounds: int = 0

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch, name="hops", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def wait_for(self, identity: tuple[str, str], function: str, *, timeout: float) -> Hop:
        """The first hop of this event at this function. Raises DeadlinePassed."""
        return wait_until(
            lambda: next((h for h in self.hops if h.identity == identity and h.function == function), None),
            what=f"{function} says what became of event {identity[1]}",
            timeout=timeout,
        )

    def catch_up(self) -> None:
        """Returns when everything that was in the logs at the time of the call has been told."""
        seen = self._rounds
        wait_until(lambda: self._rounds >= seen + _WHOLE_ROUND, what="the logs are read", timeout=_CATCH_UP_SECONDS)

    def _watch(self) -> None:
        while not self._stop.is_set():
            for hop in sorted(self._new(), key=lambda hop: hop.at):
                self.hops.append(hop)
                self.on_hop(hop)
            self._rounds += 1
            self._stop.wait(_POLL_SECONDS)

    def _new(self) -> Iterator[Hop]:
        for function, group in self.stack.log_groups.items():
            for event in self._events(group):
                # Not by eventId: the emulator gives none.
                key = (event["logStreamName"], event["timestamp"], event["message"])
                if key in self._seen:
                    continue
                self._seen.add(key)
                self._newest[group] = max(event["timestamp"], self._newest.get(group, 0))
                hop = hop_from_log(function, event["timestamp"], event["message"])
                if hop is not None:
                    yield hop

    def _events(self, group: str) -> list[Mapping[str, Any]]:
        logs = self.stack.cloud.client("logs")
        start = max(self.since, self._newest.get(group, 0) - _OVERLAP_MILLISECONDS)
        try:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=start)
            return [event for page in pages for event in page["events"]]
        except (BotoCoreError, ClientError):
            return []  # the function has not run yet, or the stack is going down: the next round will tell
