"""The results table: what a migration to services was told to have brought, and beside it what our topologies do.

Each figure says in one word how it was got: `measured` here, `modelled` from the templates, or `read` out of them.
What is told is told by the company that migrated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bench.breaking import PATIENCE, Broken
from bench.broken_billing import KINDS, Kind
from bench.compared import Compared, InTopology
from bench.modelled import HOPS
from ops.cost.answer import FIRST_SERVICES, MONOLITH

How = Literal["measured", "modelled", "read"]

#: What the company tells of its migration, before and after; the dollars are in ops.cost.answer.
DEPLOY_MINUTES: Final = (45, 8)
P95_MS: Final = (320, 280)
_MIB: Final = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`before` and `after` are what is told; `found` has a cell for each topology."""

    name: str
    found: Sequence[str]
    how: How
    note: str
    before: str = ""
    after: str = ""


def rows(compared: Compared) -> list[Row]:
    found = list(compared.topologies.values())
    working = [_working(compared.topologies, kind) for kind in KINDS]
    return [*_deploys(found), *_models(found), *working, _newcomer(compared), *_standing(found)]


def _deploys(found: Sequence[InTopology]) -> Iterator[Row]:
    changes = [t.redeployed for t in found]
    yield Row(
        name="deploy, when a line of billing's code changes",
        before=f"{DEPLOY_MINUTES[0]} min",
        after=f"{DEPLOY_MINUTES[1]} min",
        found=[f"{c.packaging_s + c.deploying_s:.1f} s" for c in changes],
        how="measured",
        note=(
            f"The shortest of {changes[0].rounds}, on the embedded stack: synthesis and packaging "
            f"{_each(f'{c.packaging_s:.1f}' for c in changes)} s, then CloudFormation "
            f"{_each(f'{c.deploying_s:.2f}' for c in changes)} s. AWS's own CloudFormation takes longer, and no tests "
            "are in it; what is told may have been of a whole pipeline."
        ),
    )
    yield Row(
        name="stacks and resources that it touches",
        found=[f"{len(c.stacks)} of {c.of_stacks}, {sum(c.resources.values())} of {c.of_resources}" for c in changes],
        how="measured",
        note="Stacks whose template differs, and resources that CloudFormation therefore updates: functions, no other.",
    )
    yield Row(
        name="services that start anew",
        found=[f"{len(c.services)} of {c.of_services}" for c in changes],
        how="measured",
        note="Lambda starts every process of a function anew whose code has changed.",
    )


def _models(found: Sequence[InTopology]) -> Iterator[Row]:
    asked = [t.modelled for t in found]
    rate = f"{asked[0].requests_per_minute:,}"
    hops = list(HOPS)
    yield Row(
        name="p95: " + ", ".join(hops),
        before=f"{P95_MS[0]} ms",
        after=f"{P95_MS[1]} ms",
        found=[f"{', '.join(f'{m.p95_ms[hop]:,.0f}' for hop in hops)} ms" for m in asked],
        how="modelled",
        note=(
            f"`python -m ops capacity` at {rate} a minute: until a batch of records is accepted, a record is checked "
            "and published, a payment is booked; from the event's own time, with every queue on its way. What is told "
            "does not say of what it is."
        ),
    )
    yield Row(
        name=f"cost a month at {rate} a minute",
        before=f"${MONOLITH:,}",
        after=f"${FIRST_SERVICES:,}",
        found=[f"${m.dollars:,.0f}" for m in asked],
        how="modelled",
        note=f"`python -m ops cost`, mix `{asked[0].mix}`: logs, metrics and alarms included, no free tier.",
    )


def _working(found: Mapping[str, InTopology], kind: Kind) -> Row:
    broken = {name: t.broken[kind] for name, t in found.items()}
    return Row(
        name=f"works while billing's code {kind}",
        found=[f"{sum(f.works for f in b.flows)} of {len(b.flows)} flows" for b in broken.values()],
        how="measured",
        note=_broken_note(broken),
    )


def _broken_note(found: Mapping[str, Broken]) -> str:
    broken = list(found.values())
    shown = _each(f"{b.templates_s:,}" for b in broken)
    minutes = _each(f"{b.templates_s * b.tries / 60:.0f}" for b in broken)
    lost = _each(f"{b.dead}" for b in broken)
    return (
        f"On the embedded stack, as soon as it is imported. {_flows(found)} After the repair all of it was done "
        f"within {_each(f'{b.done_s:.0f}' for b in broken)} s, with {lost} dead letters and queues that show what "
        f"failed again after {broken[0].shown_again_s} s. As deployed they do so after {shown} s; and what they have "
        f"shown {broken[0].tries} times by the repair, after {minutes} minutes, is a dead letter with the reason "
        "`crashed`, to be redriven."
    )


def _flows(found: Mapping[str, Broken]) -> str:
    """In words: once where the topologies agree, each by itself where they do not."""
    told = [
        (", ".join(f.name for f in b.flows if f.works), ", ".join(f.name for f in b.flows if not f.works))
        for b in found.values()
    ]
    alike = len(set(told)) == 1
    return " ".join(
        f"{'In both' if alike else name.capitalize()}: {works}. Not within {PATIENCE:.0f} s: {waits}."
        for name, (works, waits) in zip(found, told[:1] if alike else told, strict=False)
    )


def _newcomer(compared: Compared) -> Row:
    new = compared.newcomer
    own, elsewhere = sum(new.own.values()), sum(new.elsewhere.values())
    return Row(
        name="lines for one more service",
        found=[f"{new.lines}"] * len(compared.topologies),
        how="measured",
        note=(
            f"`examples/loyalty`: {own} of its own, {elsewhere} elsewhere, and {new.test} of a test, which runs. "
            "One event in, one out, and its contract."
        ),
    )


def _standing(found: Sequence[InTopology]) -> Iterator[Row]:
    there = [t.standing for t in found]
    yield Row(
        name="functions, queues, dead-letter queues",
        found=[f"{s.functions}, {s.queues}, {s.dead_letter_queues}" for s in there],
        how="read",
        note="Of `prod`.",
    )
    yield Row(
        name="alarms",
        found=[f"{s.alarms}" for s in there],
        how="read",
        note="Of `prod`. What a consumer promises is watched in every topology.",
    )
    yield Row(
        name="packages, and the largest",
        found=[f"{s.packages}, {s.package_bytes / _MIB:.1f} MiB" for s in there],
        how="read",
        note="Zips for Lambda's arm64, with all wheels.",
    )


def _each(values: Iterable[str]) -> str:
    """One for both, or one and the other."""
    return " and ".join(dict.fromkeys(values))
