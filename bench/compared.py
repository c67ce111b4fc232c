"""`results`: both topologies, measured on the embedded stack, modelled, and read out of their templates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from bench.breaking import Broken, NotAllDone
from bench.broken_billing import Kind
from bench.copied import Failed, Outdated, Say
from bench.modelled import Modelled, modelled
from bench.newcomer import Newcomer, newcomer
from bench.on_the_stack import on_the_stack
from bench.redeploying import Redeployed
from bench.standing import STAGE, Standing, standing
from infra.packaging import PackagingFailed
from local.embedded.assembly import SynthesisFailed
from local.embedded.client import Refused
from local.embedded.deploy import DeploymentFailed
from local.embedded.emulator_env import SetupFailed
from local.embedded.ministack import EmulatorFailed
from local.embedded.polling import DeadlinePassed
from ops.cost.asking import UNANSWERABLE
from ops.cost.templates import templates_of
from runtime.topology import MONOLITH, SERVICES

TOPOLOGIES: Final = (SERVICES, MONOLITH)
#: Failures that a message explains.
EXPLAINED: Final = (
    *(Outdated, Failed, NotAllDone, Refused, DeadlinePassed),
    *(SetupFailed, EmulatorFailed, PackagingFailed, SynthesisFailed, DeploymentFailed),
    *UNANSWERABLE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InTopology:
    redeployed: Redeployed
    broken: Mapping[Kind, Broken]
    modelled: Modelled
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Topology -> what is known of it. `newcomer` is the same in all of them."""

    topologies: Mapping[str, InTopology]
    newcomer: Newcomer


def compared(variables: Mapping[str, str], *, now: datetime, say: Say) -> Compared:
    """Some minutes. `variables` are the environment of what synthesises. Raises what its parts raise."""
    return Compared(
        topologies={name: _in_topology(name, variables, now, say) for name in TOPOLOGIES},
        newcomer=newcomer(say),
    )


def remodelled(before: Compared, *, say: Say) -> Compared:
    """What was measured as it was; what is modelled and read, anew. Raises what is ops.cost.asking.UNANSWERABLE."""
    topologies = {
        name: replace(known, modelled=modelled(name, say=say), standing=_standing(name, say))
        for name, known in before.topologies.items()
    }
    return replace(before, topologies=topologies)


def _in_topology(name: str, variables: Mapping[str, str], now: datetime, say: Say) -> InTopology:
    def told(text: str) -> None:
        say(f"{name}: {text}")

    models, there = modelled(name, say=told), _standing(name, told)  # first: what fails, fails soon
    measured = on_the_stack(name, variables, now=now, say=told)
    return InTopology(redeployed=measured.redeployed, broken=measured.broken, modelled=models, standing=there)


def _standing(name: str, say: Say) -> Standing:
    return standing(name, templates_of(STAGE, name, say))


def as_document(found: Compared, machine: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON has it."""
    return {"scenario": "results", "machine": machine, "results": _ADAPTER.dump_python(found, mode="json")}


def from_document(document: Mapping[str, Any]) -> Compared:
    """Raises ValueError for what is no such document."""
    return _ADAPTER.validate_python(document["results"])


def committed(path: Path) -> Compared:
    """Raises OSError and ValueError."""
    return from_document(json.loads(path.read_text()))


_ADAPTER: Final = TypeAdapter(Compared)
