"""How far to move: the smallest step that takes away what hurts.

stay                 nothing hurts that a move would heal
modularise in place  one deployable, modules inside: `-c topology=monolith`
take one out         one module by itself, the others together
services             every service by itself
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ops.assess.company import Company
from ops.assess.facts import ONE_CONSUMER, Modelled, taken_out
from ops.assess.rules import A_TEAM_EACH, DEPLOYING, HELD_UP, ONE_TEAM
from runtime.topology import MONOLITH, SERVICES

Step = Literal["stay", "modularise in place", "take one out", "services"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """Something that hurts. `kind`: people wait for each other, a module waits for the whole, or it is too slow."""

    kind: Literal["people", "scale", "speed"]
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """`topology` is None where nothing is to be deployed otherwise. `then` are the steps after this one."""

    step: Step
    topology: str | None
    because: Sequence[str]
    then: Sequence[str]


def pressures(company: Company, monolith: Modelled) -> list[Pressure]:
    """What the monolith is the bottleneck of. `monolith` says what ours would carry at the company's load."""
    return [*_people(company), *(_load(company) if is_much(monolith) else ())]


def is_much(monolith: Modelled) -> bool:
    """Whether the whole load is more than one consumer alone may take: below that, nothing has to be scaled apart."""
    return monolith.at_once > ONE_CONSUMER


def _people(company: Company) -> Iterator[Pressure]:
    if company.engineers <= ONE_TEAM.value:
        return
    if company.blocked >= HELD_UP.value:
        yield Pressure(
            kind="people",
            says=f"{company.releases_held_up:.1f} of {company.deploys_a_week:g} releases a week wait for other teams'",
        )
    if company.hours_deploying >= DEPLOYING.value:
        yield Pressure(kind="people", says=f"{company.hours_deploying:.1f} hours a week go into deploys")


def _load(company: Company) -> Iterator[Pressure]:
    for module in company.scale_alone:
        yield Pressure(kind="scale", says=f"{module} must scale when the others need not")
    if company.p95_ms > company.wanted_p95_ms:
        says = f"p95 is {company.p95_ms:g} ms, and should be {company.wanted_p95_ms:g} ms"
        yield Pressure(kind="speed", says=says)


def advise(company: Company, found: Sequence[Pressure], carried: Mapping[str, Modelled]) -> Advice:
    """`carried` has the monolith's and the services' figures, and those of each topology that takes one out."""
    if not found:
        return Advice(step="stay", topology=None, because=_why_stay(company, carried[MONOLITH]), then=_later(company))
    reasons = [pressure.says for pressure in found]
    step, topology = _goal(company, found, carried)
    before = list(_first(company))
    if before and step in {"take one out", "services"}:
        then = [f"then: {step}, `-c topology={topology}`"]
        return Advice(step="modularise in place", topology=MONOLITH, because=[*reasons, *before], then=then)
    return Advice(step=step, topology=topology, because=reasons, then=_afterwards(step))


def _goal(company: Company, found: Sequence[Pressure], carried: Mapping[str, Modelled]) -> tuple[Step, str]:
    """The smallest that answers every pressure."""
    people = any(pressure.kind == "people" for pressure in found)
    if len(company.scale_alone) > 1 and _scales(found) and company.engineers > ONE_TEAM.value:
        return "services", SERVICES
    if people and company.engineers >= A_TEAM_EACH.value:
        return "services", SERVICES
    if len(company.scale_alone) == 1 and _scales(found):
        return "take one out", taken_out(company.scale_alone[0])
    if not people and carried[MONOLITH].p95_ms > company.wanted_p95_ms >= carried[SERVICES].p95_ms:
        return "services", SERVICES
    return "modularise in place", MONOLITH


def _scales(found: Sequence[Pressure]) -> bool:
    return any(pressure.kind == "scale" for pressure in found)


def _first(company: Company) -> Iterator[str]:
    """What has to be so before anything is taken apart."""
    if company.shared_tables:
        yield "modules write each other's tables: taken apart, they would still be one"
    if not company.traces:
        yield "a request cannot be followed today: taken apart, it could be followed even less"


def _why_stay(company: Company, monolith: Modelled) -> list[str]:
    reasons = []
    if company.engineers <= ONE_TEAM.value:
        reasons.append(f"{company.engineers} engineers are one team: nobody waits for another's release")
    else:
        held_up, hours = f"{company.blocked:.0%} of releases are held up", f"{company.hours_deploying:.1f} hours a week"
        reasons.append(f"{held_up}, and deploys take {hours}: neither is much")
    if not is_much(monolith):
        reasons.append(
            f"the whole load keeps {monolith.at_once} executions busy at most, and one consumer alone may have "
            f"{ONE_CONSUMER}: there is nothing to scale apart"
        )
        if company.p95_ms > company.wanted_p95_ms:
            reasons.append(f"a p95 of {company.p95_ms:g} ms under so little load is the code's: profile it")
    return reasons


def _later(company: Company) -> list[str]:
    return [
        f"ask again at {company.rate * 10:,.0f} requests a minute, or when a second team releases",
        "keep modules from each other's tables, and events in one catalog: that is what makes a later move small",
    ]


def _afterwards(step: Step) -> list[str]:
    return {
        "modularise in place": ["ask again when one module must scale alone, or a team wants to release alone"],
        "take one out": ["ask again when a second one must"],
        "services": ["one at a time: each is a line of the topology, and data stays where it is"],
    }.get(step, [])
