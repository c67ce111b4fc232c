"""What a topology costs and how quick it is at the rate that the migration was told for: the two models, asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bench.copied import Say
from functions.billing.manifest import PAYMENTS
from functions.ingestion.manifest import CONSUMER as INTAKE
from ops.capacity.asking import capacity
from ops.cost.asking import Question, monthly_cost

#: Row -> where the capacity model has its times.
HOPS: Final[Mapping[str, tuple[str, str]]] = {
    "accepted": ("answers", "ingestion-api POST /events"),
    "published": ("critical", INTAKE.name),
    "paid": ("critical", PAYMENTS.name),
}
_SCENARIO: Final = "steady"
_MS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Modelled:
    """`p95_ms` by hop. `missed` are those of the capacity model's promises that take longer than its target."""

    requests_per_minute: int
    mix: str
    dollars: float
    p95_ms: Mapping[str, float]
    at_once: int
    lost: int
    missed: tuple[str, ...]


def modelled(grouping: str, *, say: Say) -> Modelled:
    """Raises what is ops.cost.asking.UNANSWERABLE."""
    question = Question(topology=grouping)
    dollars = monthly_cost(question, say=say).bill.dollars
    say(f"playing {_SCENARIO} on {grouping}")
    played = capacity(question, _SCENARIO, say=say)
    return Modelled(
        requests_per_minute=round(question.rate * 60),
        mix=question.mix,
        dollars=round(dollars, 2),
        p95_ms={hop: round(getattr(played, kind)[name].p95 * _MS, 1) for hop, (kind, name) in HOPS.items()},
        at_once=played.at_once,
        lost=played.lost,
        missed=tuple(played.missed()),
    )
