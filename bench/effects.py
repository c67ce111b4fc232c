"""Events put on a bus, and when their effect is there: the same way to look for every peer."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any, Final

from local.embedded.cloud import Cloud
from local.embedded.polling import DeadlinePassed

#: What PutEvents takes, and BatchGetItem.
_ENTRIES: Final = 10
_ASKED: Final = 100
_PATIENCE: Final = 300.0
#: Each look costs the emulator something. Of a run without a rate only the end counts.
_PAUSE: Final = 0.01
_SELDOM: Final = 0.05

Key = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One peer. `entry` is what PutEvents is given for the n-th event; `there` tells which events have had effect."""

    name: str
    entry: Callable[[int], Mapping[str, Any]]
    there: Callable[[Sequence[int]], Collection[int]]


def in_table(cloud: Cloud, table: str, key: Callable[[int], Key]) -> Callable[[Sequence[int]], Collection[int]]:
    """For a Way whose effect is an item with that key."""

    def there(numbers: Sequence[int]) -> Collection[int]:
        keys = {_name(key(n)): n for n in numbers}
        names = {f"#{n}": name for n, name in enumerate(key(numbers[0]))}
        asked = {
            "Keys": [key(n) for n in numbers],
            "ProjectionExpression": ", ".join(names),
            "ExpressionAttributeNames": names,
        }
        answer = cloud.client("dynamodb").batch_get_item(RequestItems={table: asked})
        return {keys[_name(item)] for item in answer["Responses"][table]}

    return there


def _name(key: Key) -> str:
    return "\0".join(value["S"] for _, value in sorted(key.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """`count` events, `rate` a second, one a call; as many as are taken, ten a call, with a rate of 0."""

    count: int
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Seen:
    """Seconds: until each event's effect was there, from when it was put; and until the last, from the first put."""

    spans: Sequence[float]
    total: float

    @property
    def rate(self) -> float:
        return len(self.spans) / self.total

    def percentile(self, percent: int) -> float:
        return quantiles(self.spans, n=100, method="inclusive")[percent - 1]


class NotTaken(Exception):
    """PutEvents refused an entry; the message is its answer."""


@dataclass(kw_only=True)
class Run:
    """One load on one way. `first` is the number of its first event: no two runs share any."""

    cloud: Cloud
    way: Way
    load: Load
    first: int
    _put: deque[tuple[int, float]] = field(default_factory=deque)
    _failure: list[BaseException] = field(default_factory=list)

    def perform(self) -> Seen:
        """Raises DeadlinePassed when an effect does not come, NotTaken when an event is not taken."""
        sender = threading.Thread(target=self._send, name="sender", daemon=True)
        start = time.monotonic()
        sender.start()
        spans = list(self._spans(_PAUSE if self.load.rate else _SELDOM))
        return Seen(spans, time.monotonic() - start)

    def _send(self) -> None:
        try:
            for moment, numbers in self._calls():
                time.sleep(max(0.0, moment - time.monotonic()))
                put = time.monotonic()
                self._put_events([self.way.entry(n) for n in numbers])
                self._put.extend((n, put) for n in numbers)
        except BaseException as error:  # noqa: BLE001 - told to the thread that waits
            self._failure.append(error)

    def _calls(self) -> Iterator[tuple[float, range]]:
        start, end = time.monotonic(), self.first + self.load.count
        size = 1 if self.load.rate else _ENTRIES
        for n in range(self.first, end, size):
            moment = start + (n - self.first) / self.load.rate if self.load.rate else start
            yield moment, range(n, min(n + size, end))

    def _put_events(self, entries: Sequence[Mapping[str, Any]]) -> None:
        answer = self.cloud.client("events").put_events(Entries=entries)
        if answer["FailedEntryCount"]:
            raise NotTaken(f"{self.way.name}: {answer['Entries']}")

    def _spans(self, pause: float) -> Iterator[float]:
        waiting: list[tuple[int, float]] = []
        missing, deadline = self.load.count, time.monotonic() + _PATIENCE
        while missing:
            waiting += self._just_put()
            asked = waiting[:_ASKED]
            there = self.way.there([n for n, _ in asked]) if asked else ()
            now = time.monotonic()
            arrived = [event for event in asked if event[0] in there]
            yield from (now - put for _, put in arrived)
            missing -= len(arrived)
            waiting = [event for event in waiting if event[0] not in there]
            if len(arrived) < _ASKED:
                self._check(deadline, missing)
                time.sleep(pause)

    def _just_put(self) -> Iterator[tuple[int, float]]:
        while self._put:
            yield self._put.popleft()

    def _check(self, deadline: float, missing: int) -> None:
        if self._failure:
            raise self._failure[0]
        if time.monotonic() > deadline:
            raise DeadlinePassed(f"{self.way.name}: {missing} of {self.load.count} effects are still missing")
