"""What there is to run and to watch in a topology: read out of the templates of `prod`, and off the packages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts.company import SERVICES
from infra.config import stage_named
from infra.packaging import package
from ops.cost.templates import Templates
from runtime.topology import topology

STAGE: Final = "prod"
_ALARMS: Final = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`dead_letter_queues` are not among `queues`. `package_bytes` is of the largest zip, of `packages`."""

    stacks: int
    resources: int
    functions: int
    queues: int
    dead_letter_queues: int
    alarms: int
    packages: int
    package_bytes: int


def standing(grouping: str, templates: Templates) -> Standing:
    """Raises PackagingFailed when the wheels are in no cache and cannot be had."""
    resources = [made for template in templates.values() for made in template["Resources"].values()]
    kinds = Counter(made["Type"] for made in resources)
    queues = [made for made in resources if made["Type"] == "AWS::SQS::Queue"]
    fed = sum("RedrivePolicy" in made["Properties"] for made in queues)
    sizes = list(_package_sizes(grouping))
    return Standing(
        stacks=len(templates),
        resources=len(resources),
        functions=kinds["AWS::Lambda::Function"],
        queues=fed,
        dead_letter_queues=len(queues) - fed,
        alarms=sum(kinds[kind] for kind in _ALARMS),
        packages=len(sizes),
        package_bytes=max(sizes),
    )


def _package_sizes(grouping: str) -> Iterator[int]:
    for services in sharing(grouping):
        yield package(services, stage_named(STAGE).package_target).path.stat().st_size


def sharing(grouping: str) -> Sequence[Sequence[str]]:
    """The services by name, those together that share a function."""
    grouped = topology(grouping, SERVICES)
    groups: list[Any] = [[member.name for member in group.services] for group in grouped.groups]
    return [*groups, *([s.name] for s in SERVICES if grouped.group_of(s.name) is None)]
