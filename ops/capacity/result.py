"""What came of a scenario."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from functions.billing.manifest import PAYMENTS, RELAY, USAGE
from functions.ingestion.manifest import CONSUMER as INTAKE
from functions.notification.manifest import MESSAGES
from ops.capacity.notes import Notes, Samples
from ops.capacity.scenario import Scenario
from ops.capacity.system import System
from ops.capacity.world import World, world
from ops.cost.scope import Scope

#: Seconds at p95, at the steady rate.
TARGET: Final = 0.280
#: What is promised within the target: what somebody waits for. `whole` flows are from the first cause to the effect.
PROMISED: Final = (
    ("answers", "ingestion-api POST /events"),
    ("answers", "billing-api POST /invoices"),
    ("answers", "billing-api GET /invoices/{invoice_id}"),
    ("critical", INTAKE.name),
    ("critical", PAYMENTS.name),
)
_SECONDS_PER_DAY: Final = 86_400
_E_MAILS: Final = "SES sending rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds."""

    mean: float
    p50: float
    p95: float
    p99: float
    records: int

    @classmethod
    def of(cls, samples: Samples) -> Times:
        p50, p95, p99 = samples.percentiles(0.5, 0.95, 0.99)
        return cls(mean=samples.mean, p50=p50, p95=p95, p99=p99, records=samples.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`lost` are records that were accepted and were not done when the queues' patience was over.

    `drained` is for how many seconds after the surge, the outage or all load there were still late messages. `quotas`
    are peaks by quota; `oldest` is the queues' greatest age.
    """

    scenario: str
    answers: Mapping[str, Times]
    critical: Mapping[str, Times]
    whole: Mapping[str, Times]
    concurrency: Mapping[str, int]
    at_once: int
    oldest: Mapping[str, float]
    backlog: Mapping[str, int]
    batches: Mapping[str, float]
    accepted: int
    refused: int
    deferred: int
    lost: int
    drained: float
    quotas: Mapping[str, float]

    def broken(self) -> Sequence[tuple[str, float]]:
        """Quotas that were asked for more than they give, and how many times as much; the worst first."""
        given = world().quotas
        over = [(name, peak / given[name].value) for name, peak in self.quotas.items() if peak > given[name].value]
        return sorted(over, key=lambda pair: -pair[1])

    def missed(self) -> Sequence[str]:
        """What was promised within the target, and took longer."""
        there: dict[tuple[str, str], Times] = {("answers", name): times for name, times in self.answers.items()}
        there |= {("critical", name): times for name, times in self.critical.items()}
        return [name for kind, name in PROMISED if (kind, name) in there and there[kind, name].p95 >= TARGET]


def played(scope: Scope, scenario: Scenario, seed: int) -> Result:
    """The same for the same seed."""
    system = System(scope=scope, scenario=scenario, world=world(), seed=seed)
    with _uncollected():
        notes = system.play()
    return Result(
        scenario=scenario.name,
        answers=_times(notes.answers),
        critical=_times(notes.critical),
        whole=_times(notes.whole),
        concurrency=dict(notes.concurrency),
        at_once=notes.peak,
        oldest=dict(notes.ages),
        backlog=dict(notes.backlog),
        batches={name: notes.mean_batch(name) for name in notes.batches},
        accepted=notes.accepted.total(),
        refused=notes.refused.total(),
        deferred=notes.deferred.total(),
        lost=system.open,
        drained=max(0.0, notes.late - calm_from(scenario)),
        quotas=_quotas(notes, scope, world()),
    )


@contextmanager
def _uncollected() -> Iterator[None]:
    """What waits is alive: to look through it for garbage again and again takes longer than to play."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def calm_from(scenario: Scenario) -> float:
    """When what was wrong is over."""
    if scenario.outage is not None:
        return scenario.outage.end
    return scenario.surge.end if scenario.surge is not None else scenario.seconds


def _times(samples: Mapping[str, Samples]) -> dict[str, Times]:
    return {name: Times.of(found) for name, found in sorted(samples.items())}


def _quotas(notes: Notes, scope: Scope, given: World) -> dict[str, float]:
    peaks = {name: rate.peak for name, rate in notes.rates.items() if name in given.quotas}
    mails = sum(made.per_second * made.point.units.get("e_mails", 0) for made in scope.shares.values())
    return {
        **peaks,
        "Lambda concurrency": notes.peak,
        "DynamoDB first writes": peaks.get("DynamoDB table writes", 0.0),
        "SES sending quota": mails * _SECONDS_PER_DAY,
        "SQS messages in flight": max(notes.concurrency.values(), default=0)
        * max((m.batch_size for m in scope.topology.queues.values()), default=0),
    }


#: Consumers in the order of the flow, for tables.
ORDER: Final = (INTAKE.name, USAGE.name, PAYMENTS.name, RELAY.function.name, MESSAGES.name)


def document(result: Result) -> dict[str, Any]:
    def times(found: Mapping[str, Times]) -> dict[str, Any]:
        return {
            name: {
                "mean_ms": _ms(t.mean),
                "p50_ms": _ms(t.p50),
                "p95_ms": _ms(t.p95),
                "p99_ms": _ms(t.p99),
                "records": t.records,
            }
            for name, t in found.items()
        }

    return {
        "scenario": result.scenario,
        "answers": times(result.answers),
        "critical": times(result.critical),
        "whole": times(result.whole),
        "concurrency": dict(result.concurrency),
        "at_once": result.at_once,
        "oldest_seconds": {name: round(age, 3) for name, age in result.oldest.items()},
        "backlog": dict(result.backlog),
        "batches": {name: round(size, 1) for name, size in result.batches.items()},
        "accepted": result.accepted,
        "refused": result.refused,
        "deferred": result.deferred,
        "lost": result.lost,
        "drained_seconds": round(result.drained, 1),
        "quotas": {name: round(peak, 1) for name, peak in result.quotas.items()},
        "broken_quotas": [{"quota": name, "times": round(times_, 2)} for name, times_ in result.broken()],
        "missed": list(result.missed()),
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
