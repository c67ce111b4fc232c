"""What flows, by the functions' log lines: the latest of them, and rates. Pure but for its own memory."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Final

from contracts.company import SERVICES
from contracts.lines import Line

_KEPT: Final = 2_000
_MINUTE_MS: Final = 60_000
_RECENT_MS: Final = 5 * _MINUTE_MS
#: What a line may end as that an operator should hear of.
SETTLED: Final = ("handled", "duplicate", "suppressed")
TROUBLE: Final = ("retry", "deferred", "dead_letter")
_WITH_OUTBOX: Final = frozenset(service.name for service in SERVICES if service.relays)
_SERVICE_OF: Final[Mapping[str, str]] = {f.name: s.name for s in SERVICES for f in s.functions}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A line is meant when it matches all that is given."""

    service: str = ""
    type: str = ""
    customer: str = ""
    outcome: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Filter:
        return cls(**{each.name: query.get(each.name, "").strip() for each in fields(cls)})

    @property
    def is_any(self) -> bool:
        return self == Filter()

    def matches(self, line: Line) -> bool:
        return (
            self.service in ("", service_of(line.function))
            and self.type in ("", line.event_type)
            and self.customer in ("", line.customer_id)
            and self.outcome in ("", line.outcome)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """In the last minute: `handled` by function, `sent` by service; `trouble` in the last five, by outcome.

    `total` are those that consumers have settled.
    """

    handled: Mapping[str, int]
    sent: Mapping[str, int]
    trouble: Mapping[str, int]
    total: int = 0


class Flow:
    """The latest lines of all functions, newest first."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque(maxlen=_KEPT)

    def add(self, lines: Iterable[Line]) -> None:
        for line in sorted(lines, key=lambda line: line.at):
            self._lines.appendleft(line)

    def latest(self, wanted: Filter, limit: int) -> list[Line]:
        found = (line for line in self._newest_first() if wanted.matches(line))
        return [line for line, _ in zip(found, range(limit), strict=False)]

    def rates(self, *, now_ms: int) -> Rates:
        lines = [line for line in self._newest_first() if line.at > now_ms - _RECENT_MS]
        minute = [line for line in lines if line.at > now_ms - _MINUTE_MS]
        return Rates(
            handled=Counter(line.function for line in minute),
            sent=Counter(service for line in minute for service in _senders(line)),
            trouble=Counter(line.outcome for line in lines if line.outcome in TROUBLE),
            total=sum(line.role == "consumer" and line.outcome in SETTLED for line in minute),
        )

    def _newest_first(self) -> Iterator[Line]:
        return iter(tuple(self._lines))


def service_of(function: str) -> str:
    return _SERVICE_OF.get(function, "")


def _senders(line: Line) -> Iterator[str]:
    """Once for each event that is on the bus by it; what a service with an outbox brings about, its relay sends."""
    service = service_of(line.function)
    if line.role == "relay":
        yield service
    elif service not in _WITH_OUTBOX:
        yield from (service for _ in line.out)
