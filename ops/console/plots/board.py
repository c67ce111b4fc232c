"""The plots of a stage: what is asked of its metrics, and how the answers are laid out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ops.console.plots.plot import Curve, Plot, Unit
from ops.metrics import MetricSource, Query, Series, Statistic, Window
from ops.story.words import span
from runtime.manifest import Consumer, Relay, Service
from runtime.metrics import (
    AGE_AT_PICK_UP,
    CRITICAL_TIME,
    DEAD_LETTER,
    DEFERRED,
    HANDLED,
    OUTBOX_LAG,
    RETRY,
)

_PERCENTILES: Final[tuple[tuple[Statistic, str], ...]] = (("p50", "one"), ("p95", "two"), ("p99", "three"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A plot before anything was asked: each curve's name, its look, and its query."""

    title: str
    unit: Unit
    curves: tuple[tuple[str, str, Query], ...]
    promise: tuple[float, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The plots of one function. `note` says what it is."""

    function: str
    service: str
    note: str
    plots: tuple[Plot, ...]

    @property
    def is_empty(self) -> bool:
        return all(plot.is_empty for plot in self.plots)


def boards(source: MetricSource, services: Sequence[Service], window: Window) -> list[Board]:
    """All of the stage's, asked in one go. Raises CannotAsk."""
    wanted = list(_wanted(services))
    queries = [query for _, _, _, plots in wanted for plot in plots for _, _, query in plot.curves]
    answers = iter(source.series(queries, window))
    return [
        Board(
            function=function,
            service=service,
            note=note,
            plots=tuple(_plot(plot, [next(answers) for _ in plot.curves], window) for plot in plots),
        )
        for function, service, note, plots in wanted
    ]


def _wanted(services: Sequence[Service]) -> Iterator[tuple[str, str, str, tuple[Wanted, ...]]]:
    for service in services:
        for consumer in service.consumers:
            yield consumer.name, service.name, "consumer", _of_consumer(consumer)
        for relay in service.relays:
            yield relay.function.name, service.name, "outbox relay", _of_relay(relay)


def _of_consumer(consumer: Consumer) -> tuple[Wanted, ...]:
    name = consumer.name
    promised = consumer.slo.critical_p95_ms if consumer.slo else None
    return (
        Wanted(title="Handled", unit="count", curves=(("handled", "one", Query(metric=HANDLED, function=name)),)),
        Wanted(
            title="Critical time",
            unit="ms",
            curves=_percentiles(CRITICAL_TIME, name),
            promise=(promised, f"promised: 95 in 100 within {span(promised)}") if promised else None,
        ),
        Wanted(title="Age at pick-up", unit="ms", curves=_percentiles(AGE_AT_PICK_UP, name)[1:]),
        Wanted(
            title="Failures",
            unit="count",
            curves=(
                ("dead", "bad", Query(metric=DEAD_LETTER, function=name)),
                ("retried", "warn", Query(metric=RETRY, function=name)),
                ("put off", "idle", Query(metric=DEFERRED, function=name)),
            ),
        ),
    )


def _of_relay(relay: Relay) -> tuple[Wanted, ...]:
    name = relay.function.name
    return (
        Wanted(title="Published", unit="count", curves=(("published", "one", Query(metric=HANDLED, function=name)),)),
        Wanted(title="Outbox lag", unit="ms", curves=_percentiles(OUTBOX_LAG, name)),
        Wanted(
            title="Failures",
            unit="count",
            curves=(
                ("dead", "bad", Query(metric=DEAD_LETTER, function=name)),
                ("retried", "warn", Query(metric=RETRY, function=name)),
            ),
        ),
    )


def _percentiles(metric: str, function: str) -> tuple[tuple[str, str, Query], ...]:
    return tuple(
        (statistic, look, Query(metric=metric, function=function, statistic=statistic))
        for statistic, look in _PERCENTILES
    )


def _plot(wanted: Wanted, answers: Sequence[Series], window: Window) -> Plot:
    return Plot(
        title=wanted.title,
        unit=wanted.unit,
        window=window,
        curves=tuple(
            Curve(name=name, look=look, points=series.points)
            for (name, look, _), series in zip(wanted.curves, answers, strict=True)
        ),
        promise=wanted.promise,
    )
