"""Log groups as they grow: each line once, in time order, though logs show lines late and out of order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final

from contracts.lines import Line, lines_in

#: Lines show up late and out of order by less than this, in milliseconds.
OVERLAP: Final = 5_000
#: What FilterLogEvents answers at most at a time.
_FULL_PAGE: Final = 10_000

LogEvent = Mapping[str, Any]
#: A log group and a time in milliseconds -> what is in it from then on.
Read = Callable[[str, int], Iterable[LogEvent]]


def log_events(logs: Any, group: str, *, start: int, end: int | None = None) -> Iterator[LogEvent]:
    """What FilterLogEvents has of one group in that time, in milliseconds; nothing of a group that is not there yet.

    Raises botocore's errors. Embedded emulators cut an answer off without a token for the next: then time goes on.
    """
    until = {} if end is None else {"endTime": end}
    token: dict[str, Any] = {}
    while True:
        try:
            answer = logs.filter_log_events(logGroupName=group, startTime=start, **until, **token)
        except logs.exceptions.ResourceNotFoundException:
            return
        found = answer["events"]
        yield from found
        if answer.get("nextToken"):
            token = {"nextToken": answer["nextToken"]}
        elif len(found) >= _FULL_PAGE and found[-1]["timestamp"] > start:
            start, token = found[-1]["timestamp"], {}
        else:
            return


class Follower:
    """Follows `groups` (function, by its name in the manifest -> log group) from `since` on, in milliseconds.

    `each` maps over the groups: give a thread pool's map where asking takes long.
    """

    def __init__(
        self,
        read: Read,
        groups: Mapping[str, str],
        *,
        since: int,
        each: Callable[..., Iterable[list[LogEvent]]] = map,
    ) -> None:
        self._read = read
        self._groups = groups
        self._since = since
        self._each = each
        self._newest: dict[str, int] = {}
        self._seen: dict[str, set[tuple[int, str, str]]] = {}

    def new(self) -> list[Line]:
        """The lines about events that have come since the last call, by time."""
        names = list(self._groups)
        answers = self._each(self._ask, names)
        lines = chain.from_iterable(self._lines(name, answer) for name, answer in zip(names, answers, strict=True))
        return sorted(lines, key=lambda line: line.at)

    def _ask(self, name: str) -> list[LogEvent]:
        start = max(self._since, self._newest.get(name, 0) - OVERLAP)
        return list(self._read(self._groups[name], start))

    def _lines(self, name: str, events: Iterable[LogEvent]) -> Iterator[Line]:
        seen = self._seen.get(name, set())
        # Not by eventId: an emulator gives none.
        keyed = {(event["timestamp"], event["logStreamName"], event["message"]): event for event in events}
        for key, event in keyed.items():
            if key not in seen:
                yield from lines_in(event["message"], function=name, at=event["timestamp"])
        self._remember(name, seen | keyed.keys())

    def _remember(self, name: str, seen: set[tuple[int, str, str]]) -> None:
        """As much as the next answer can repeat."""
        self._newest[name] = max((at for at, *_ in seen), default=0)
        self._seen[name] = {key for key in seen if key[0] >= self._newest[name] - OVERLAP}
