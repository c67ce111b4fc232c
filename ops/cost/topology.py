"""What is deployed, as far as money and queues are concerned (ops.cost.reading has it from the templates).

A part is a manifest's function. It is deployed as itself, or as the group that its service is in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from contracts.company import SERVICES
from runtime import routing
from runtime.topology import MONOLITH, Group
from runtime.topology import SERVICES as APART

LogClass = Literal["standard", "infrequent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """`name` is the manifest's, or the group's. `platform_lines`: Lambda writes of each invocation, too."""

    name: str
    stack: str
    memory_mib: int
    timeout: int
    architecture: str
    log_class: LogClass
    log_days: int
    platform_lines: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMapping:
    """A queue -> its function. `window` is in seconds."""

    function: str
    batch_size: int
    window: int
    max_concurrency: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamMapping:
    """A table's stream -> the part that it is for."""

    function: str
    batch_size: int
    parallel: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An event that one of the patterns picks goes to the function's queue, once."""

    function: str
    patterns: tuple[Mapping[str, Any], ...]

    def picks(self, type_: str, source: str) -> bool:
        return any(_fits(pattern, type_, source) for pattern in self.patterns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """`function` is the part that answers. `access_log` is the format of a request's line, None when there is none.

    `rate` is requests a second.
    """

    function: str
    access_log: str | None
    rate: int
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`name` without the stage. `on_demand` is False for provisioned capacity; `rare` is the Standard-IA class."""

    name: str
    stack: str
    on_demand: bool
    rare: bool
    recovery: bool
    expires: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """`fixed` are resources that cost by being there: (stack, price) -> how many."""

    functions: Mapping[str, Function]
    queues: Mapping[str, QueueMapping]
    streams: Sequence[StreamMapping]
    rules: Sequence[Rule]
    apis: Mapping[str, Api]
    tables: Sequence[Table]
    archive_days: int | None
    fixed: Mapping[tuple[str, str], int]
    groups: Sequence[Group] = ()

    @property
    def text(self) -> str:
        """As runtime.topology reads it."""
        if not self.groups:
            return APART
        if self.groups[0].name == MONOLITH:
            return MONOLITH
        alone = [(service.name,) for service in SERVICES if all(service not in group.services for group in self.groups)]
        parts = [*(tuple(service.name for service in group.services) for group in self.groups), *alone]
        return ",".join("+".join(part) for part in parts)

    def deployed_as(self, part: str) -> str:
        """The function that does a part's work, and its queue."""
        group = self.group_of(part)
        return group.name if group else part

    def function_of(self, part: str) -> Function:
        return self.functions[self.deployed_as(part)]

    def group_of(self, part: str) -> Group | None:
        return next((g for g in self.groups if any(f.name == part for f in g.functions)), None)

    def takers(self, queue: str, type_: str, source: str) -> Sequence[str]:
        """The parts that a message on the queue is for, in the order in which they are called (runtime.group)."""
        group = next((group for group in self.groups if group.name == queue), None)
        if group is None:
            return (queue,)
        found = (c for c in group.consumers if any(_fits(s.pattern, type_, source) for s in c.subscriptions))
        return tuple(consumer.name for consumer in found)


def _fits(pattern: Mapping[str, Any], type_: str, source: str) -> bool:
    return routing.matches(pattern, {"detail-type": type_, "source": source})
