"""What a change of billing's code alone sets in motion: the same stacks deployed again, a line later.

Measured on the embedded stack. Seconds are this machine's, and the shortest of several: what else it does is mostly not
in them. Of AWS's own CloudFormation they say nothing, but which stacks, resources and functions are touched is the same
there.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.copied import Copy, Say
from contracts.company import SERVICES
from local.embedded.assembly import TOPOLOGY, Stack
from local.embedded.cloud import Cloud
from local.embedded.deploy import deploy
from local.embedded.stack import PREFIX
from runtime.topology import Topology, topology

#: Where the one line is changed: billing's own, and nobody else's.
CHANGED: Final = "functions/billing/domain.py"
_ROUNDS: Final = 3

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeployed:
    """`packaging_s` is from the changed line to templates and packages, `deploying_s` until all stacks stand.

    The shortest of `rounds` changes. `resources` are those whose template differs, by type; `functions` those whose
    code Lambda has changed, which starts every process of theirs anew; `services` those that have such a function.
    """

    packaging_s: float
    deploying_s: float
    rounds: int
    stacks: Sequence[str]
    of_stacks: int
    resources: Mapping[str, int]
    of_resources: int
    functions: Sequence[str]
    of_functions: int
    services: Sequence[str]
    of_services: int


def redeployed(copy: Copy, cloud: Cloud, variables: Mapping[str, str], say: Say) -> Redeployed:
    """On a cloud where the copy stands as it is. Raises DeploymentFailed and SynthesisFailed."""
    before = Snapshot.of(cloud, copy.stacks(variables, say))
    packaging, deploying = list[float](), list[float]()
    for number in range(1, _ROUNDS + 1):
        _change(copy, number)
        began = time.monotonic()
        stacks = copy.stacks(variables, say)
        packed = time.monotonic()
        deploy(cloud, stacks, say)
        packaging.append(packed - began)
        deploying.append(time.monotonic() - packed)
    touched = before.changed_in(Snapshot.of(cloud, stacks))
    return Redeployed(
        packaging_s=round(min(packaging), 2),
        deploying_s=round(min(deploying), 2),
        rounds=_ROUNDS,
        **touched,
        services=_services(topology(variables[TOPOLOGY], SERVICES), touched["functions"]),
        of_services=len(SERVICES),
    )


def _services(grouped: Topology, functions: Sequence[str]) -> list[str]:
    """Those of which a function is among these."""
    names = {s.name: {f"{PREFIX}-{grouped.deployed_as(f.name)}" for f in s.functions} for s in SERVICES}
    return [service for service, deployed in names.items() if deployed & set(functions)]


def _change(copy: Copy, number: int) -> None:
    """One line, with every round another one."""
    path = copy.root / CHANGED
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("_CHANGE =")]
    path.write_text("\n".join([*kept, f"_CHANGE = {number}", ""]), encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Templates' resources by stack and logical id, and the hash of each function's code by its name."""

    resources: Mapping[str, Mapping[str, Any]]
    code: Mapping[str, str]

    @classmethod
    def of(cls, cloud: Cloud, stacks: Sequence[Stack]) -> Snapshot:
        return cls(resources={s.name: _resources(s.template) for s in stacks}, code=_code(cloud))

    def changed_in(self, after: Snapshot) -> dict[str, Any]:
        """Redeployed's members that say what is touched."""
        changed = {name: list(_differing(self.resources[name], new)) for name, new in after.resources.items()}
        return {
            "stacks": [name for name, found in changed.items() if found],
            "of_stacks": len(after.resources),
            "resources": dict(Counter(kind for found in changed.values() for kind in found)),
            "of_resources": sum(len(resources) for resources in after.resources.values()),
            "functions": sorted(name for name, sha in after.code.items() if self.code.get(name) != sha),
            "of_functions": len(after.code),
        }


def _resources(template: Path) -> Mapping[str, Any]:
    return dict(json.loads(template.read_text())["Resources"])


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The types of the resources that are new, gone or otherwise than before."""
    names = sorted(before.keys() | after.keys())
    return [(after.get(n) or before[n])["Type"] for n in names if _essence(before.get(n)) != _essence(after.get(n))]


def _essence(resource: Mapping[str, Any] | None) -> Any:
    """Without the metadata: CloudFormation updates nothing for it."""
    return resource and {name: value for name, value in resource.items() if name != "Metadata"}


def _code(cloud: Cloud) -> dict[str, str]:
    pages = cloud.client("lambda").get_paginator("list_functions").paginate()
    return {f["FunctionName"]: f["CodeSha256"] for page in pages for f in page["Functions"]}
