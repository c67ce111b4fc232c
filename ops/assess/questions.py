"""The three questions that were asked before the migration, answered with figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ops.assess.advice import Pressure, is_much
from ops.assess.company import Company
from ops.assess.facts import ONE_CONSUMER, Known, Measured, Modelled
from runtime.topology import MONOLITH, SERVICES


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A sentence of an answer, and in a few words where its figures are from."""

    text: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    question: str
    answer: Literal["yes", "no", "not yet"]
    because: Sequence[Said]


MODELLED = "modelled: ops cost, ops capacity"


def answers(company: Company, found: Sequence[Pressure], carried: Mapping[str, Modelled], known: Known) -> list[Answer]:
    return [_bottleneck(company, found, carried[MONOLITH]), _in_place(company, carried, known), _traceable(company)]


def _bottleneck(company: Company, found: Sequence[Pressure], monolith: Modelled) -> Answer:
    load = (
        f"all of the load keeps {monolith.at_once} executions of one function busy at most; "
        f"one consumer alone may have {ONE_CONSUMER}"
    )
    because = [Said(text=pressure.says, source=_whose(company, pressure)) for pressure in found]
    because.append(Said(text=load, source=f"{MODELLED}; read: functions/billing/manifest.py"))
    if not is_much(monolith):
        because.append(Said(text="so nothing has to be scaled apart at this load", source="follows"))
    return Answer(question="Is the monolith the bottleneck?", answer="yes" if found else "no", because=because)


def _whose(company: Company, pressure: Pressure) -> str:
    fields = {
        "people": ("deploys_a_week", "deploy_minutes", "blocked", "engineers"),
        "scale": ("scale_alone",),
        "speed": ("p95_ms", "wanted_p95_ms"),
    }[pressure.kind]
    sources = dict.fromkeys(company.source_of(field) for field in fields)
    return ", ".join(sources)


def _in_place(company: Company, carried: Mapping[str, Modelled], known: Known) -> Answer:
    monolith, services, measured = carried[MONOLITH], carried[SERVICES], known.measured[MONOLITH]
    restarted = len(measured.services_restarted)
    because = [
        Said(text=_prices(monolith, services), source=MODELLED),
        Said(
            text=f"but a changed line of one module starts {restarted} anew; while billing's code "
            f"{_works(measured)} of {measured.flows} flows work",
            source=f"measured {known.measured_on}: bench results",
        ),
        Said(
            text=f"one more module takes {known.newcomer_lines} lines, its manifest and its event among them",
            source=f"measured {known.measured_on}: examples/loyalty",
        ),
        Said(text=_taking_apart(known), source="read out of the templates; decision 0025"),
    ]
    if company.shared_tables:
        text = "modules write each other's tables: give each one owner first; how much work that is, nobody knows here"
        because.insert(0, Said(text=text, source=company.source_of("shared_tables")))
    return Answer(
        question="Can you modularise in place?", answer="not yet" if company.shared_tables else "yes", because=because
    )


def _taking_apart(known: Known) -> str:
    apart, together = known.measured[SERVICES], known.measured[MONOLITH]
    return (
        f"to take it apart later is one word of the topology, and no table moves: {apart.functions} functions and "
        f"{apart.queues} queues in place of {together.functions} and {together.queues}"
    )


def _works(measured: Measured) -> str:
    return ", and while it ".join(f"{kind}, {count}" for kind, count in measured.works.items())


def _prices(monolith: Modelled, services: Modelled) -> str:
    return (
        f"one function for all of it costs ${monolith.dollars:,.0f} a month, services ${services.dollars:,.0f}; what "
        f"somebody waits for has a p95 of {monolith.p95_ms:,.0f} ms, with services of {services.p95_ms:,.0f} ms"
    )


def _traceable(company: Company) -> Answer:
    here = Said(
        text="here events carry the trace through queues, bus and outbox, and every log line has its id, "
        "in every topology: `python -m ops why EVENT_ID`",
        source="decision 0016, held by tests/stack/test_stack_traces.py",
    )
    says = "one request can be followed" if company.traces else "a request is lost where it leaves its process"
    own = Said(text=says, source=company.source_of("traces"))
    return Answer(
        question="Can you trace a request end to end?",
        answer="yes" if company.traces else "not yet",
        because=[own, here],
    )
