"""What is known of a topology: modelled for the asker's load, and measured when the results table was filled."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contracts.company import SOURCES
from functions.billing.manifest import PAYMENTS
from ops.assess.company import Company
from ops.capacity.asking import capacity
from ops.capacity.result import PROMISED, Result
from ops.cost.asking import Question, Say, monthly_cost
from ops.derived import ROOT
from ops.wrong_use import WrongUse
from runtime.topology import MONOLITH, SERVICES

RESULTS: Final = ROOT / "bench" / "results" / "results.json"
TOPOLOGIES: Final = (MONOLITH, SERVICES)
#: Executions at once that one consumer may have by its manifest: what fits into that has nothing to be scaled apart.
ONE_CONSUMER: Final = PAYMENTS.max_concurrency
_SCENARIO: Final = "steady"
_MS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Modelled:
    """At the asker's load. `p95_ms` is of the slowest of what somebody waits for; `broken` are quotas, with how often.

    `at_once` is how many executions there are at the same time, at most.
    """

    topology: str
    dollars: float
    p95_ms: float
    slowest: str
    at_once: int
    broken: Sequence[tuple[str, float]]
    lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """When a line of billing's code changed; how many of the `flows` worked, by how its code was broken.

    `functions` and `queues` (without those for dead letters) are what there is to run, read out of prod's templates.
    """

    topology: str
    services_restarted: Sequence[str]
    stacks: int
    resources: int
    works: Mapping[str, int]
    flows: int
    functions: int
    queues: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """`newcomer_lines` are of code, for one more service; `measured_on` says when that was."""

    measured: Mapping[str, Measured]
    newcomer_lines: int
    measured_on: str


#: Answers for one topology under the company's load.
Model = Callable[[str, Company], Modelled]


def model(say: Say) -> Model:
    """The models of cost and capacity. What it gives raises what is ops.cost.asking.UNANSWERABLE."""

    def ask(topology: str, company: Company) -> Modelled:
        question = Question(topology=topology, rate=company.rate / 60, mix=company.mix)
        say(f"what {topology} costs and carries at {company.rate:,.0f} requests a minute")
        dollars = monthly_cost(question, say=say).bill.dollars
        return _modelled(topology, dollars, capacity(question, _SCENARIO, say=say))

    return ask


def _modelled(topology: str, dollars: float, played: Result) -> Modelled:
    found = {name: getattr(played, kind)[name].p95 for kind, name in PROMISED if name in getattr(played, kind)}
    slowest = max(found, key=lambda name: found[name], default="")
    return Modelled(
        topology=topology,
        dollars=round(dollars, 2),
        p95_ms=round(found.get(slowest, 0.0) * _MS, 1),
        slowest=slowest,
        at_once=played.at_once,
        broken=[(name, round(times, 2)) for name, times in played.broken()],
        lost=played.lost,
    )


def known(path: Path = RESULTS) -> Known:
    """From the committed results. Raises WrongUse when there are none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongUse(f"{path} is missing: `python -m bench --keep results` measures it") from error
    results = document["results"]
    new = results["newcomer"]
    return Known(
        measured={name: _measured(name, found) for name, found in results["topologies"].items()},
        newcomer_lines=sum(new["own"].values()) + sum(new["elsewhere"].values()),
        measured_on=f"{document['machine']['date']} on {document['machine']['cpu']}",
    )


def _measured(topology: str, found: Mapping[str, Any]) -> Measured:
    changed, broken = found["redeployed"], found["broken"]
    works = {kind: sum(flow["works"] for flow in run["flows"]) for kind, run in broken.items()}
    return Measured(
        topology=topology,
        services_restarted=changed["services"],
        stacks=len(changed["stacks"]),
        resources=sum(changed["resources"].values()),
        works=works,
        flows=max(len(run["flows"]) for run in broken.values()),
        functions=found["standing"]["functions"],
        queues=found["standing"]["queues"],
    )


def taken_out(module: str) -> str:
    """The topology in which this module stands alone, and the others share a function."""
    return f"{'+'.join(name for name in SOURCES if name != module)},{module}"
