"""How each consumer and relay does over a window, beside what its manifest promises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ops.metrics.series import MetricSource, Query, Series, Statistic, Window
from runtime.manifest import Service, Slo
from runtime.metrics import (
    AGE_AT_PICK_UP,
    BY_FATE,
    CRITICAL_TIME,
    DEAD_LETTER,
    HANDLER_TIME,
    OUTBOX_LAG,
    SETTLED,
    THROTTLED,
    UNKNOWN,
)

COUNTS: Final = (*dict.fromkeys(BY_FATE.values()), SETTLED, THROTTLED)
TIMES: Final = (AGE_AT_PICK_UP, HANDLER_TIME, CRITICAL_TIME, OUTBOX_LAG)
_PERCENTILES: Final[tuple[Statistic, ...]] = ("p50", "p95", "p99")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who is measured: a consumer or relay by its name in the manifest; of all its event types, if None is named."""

    function: str
    event_type: str | None = None
    slo: Slo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one subject measured. `counts` has every fate; `times` (ms) only what was measured, by percentile."""

    subject: Subject
    counts: Mapping[str, int]
    times: Mapping[str, Mapping[Statistic, float]]

    @property
    def share_dead(self) -> float | None:
        """Of the records that do not come again; None when there were none."""
        settled = self.counts[SETTLED]
        return self.counts[DEAD_LETTER] / settled if settled else None

    @property
    def broken(self) -> tuple[str, ...]:
        """What of its promises does not hold in this window, in words."""
        return tuple(self._broken())

    def _broken(self) -> Iterator[str]:
        slo, p95, dead = self.subject.slo, self.times.get(CRITICAL_TIME, {}).get("p95"), self.share_dead
        if slo is None:
            return
        if slo.critical_p95_ms is not None and p95 is not None and p95 > slo.critical_p95_ms:
            yield f"p95 of its critical time is {p95:.0f} ms, promised are {slo.critical_p95_ms}"
        if dead is not None and 1 - dead < slo.without_dead_letter:
            yield f"{dead:.2%} are dead letters, promised are at most {1 - slo.without_dead_letter:.2%}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        slo = self.subject.slo
        return {
            "function": self.subject.function,
            "event_type": self.subject.event_type,
            "counts": dict(self.counts),
            "times_ms": {name: dict(values) for name, values in self.times.items()},
            "promised": slo
            and {"critical_p95_ms": slo.critical_p95_ms, "without_dead_letter": slo.without_dead_letter},
            "broken": list(self.broken),
        }


def subjects(services: Sequence[Service], only: str | None = None) -> list[Subject]:
    """Every consumer and relay; or one of them, and below it each of its event types. None of them: no subject."""
    found: list[tuple[Subject, tuple[str, ...]]] = []
    for service in services:
        found += [(Subject(function=c.name, slo=c.slo), c.event_types) for c in service.consumers]
        found += [(Subject(function=r.function.name), r.event_types) for r in service.relays]
    if only is None:
        return [subject for subject, _ in found]
    return [
        each
        for subject, types in found
        if subject.function == only
        for each in (subject, *(Subject(function=only, event_type=type_) for type_ in (*types, UNKNOWN)))
    ]


def report(source: MetricSource, asked: Sequence[Subject], window: Window) -> list[Row]:
    """A row for each subject, in their order, over a window of one period. Raises CannotAsk."""
    answers = iter(source.series([query for subject in asked for query in _queries(subject)], window))
    return [_row(subject, [next(answers) for _ in _queries(subject)]) for subject in asked]


def _queries(subject: Subject) -> list[Query]:
    wanted: list[tuple[str, Statistic]] = [(metric, "Sum") for metric in COUNTS]
    wanted += [(metric, statistic) for metric in TIMES for statistic in _PERCENTILES]
    return [
        Query(metric=metric, function=subject.function, event_type=subject.event_type, statistic=statistic)
        for metric, statistic in wanted
    ]


def _row(subject: Subject, answers: Sequence[Series]) -> Row:
    counts = {s.query.metric: round(s.total) for s in answers if s.query.metric in COUNTS}
    times: dict[str, dict[Statistic, float]] = {}
    for series in answers:
        if series.query.metric in TIMES and series.latest is not None:
            times.setdefault(series.query.metric, {})[series.query.statistic] = series.latest
    return Row(subject=subject, counts=counts, times=times)
