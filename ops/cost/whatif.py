"""What another batch size, another memory, another price class would do: the same bill, reckoned again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from ops.cost.bill import Bill, billed
from ops.cost.figures import Mix, Prices
from ops.cost.scope import USAGE_PATH, Scope
from ops.cost.topology import Function, Topology
from ops.cost.uses import uses_of

_MEMORIES: Final = (256, 512, 1024, 1769)
_CALL: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`where` it would be made: in a manifest, in the stage's config, by the clients, or in code that is not there."""

    what: str
    where: str
    dollars: float


def bill_of(scope: Scope, prices: Prices) -> Bill:
    return billed(uses_of(scope), prices)


def changes(scope: Scope, prices: Prices, now: Bill) -> list[Change]:
    """What each alone would add or (negative) save in a month, the largest saving first."""
    found = [
        Change(what=what, where=where, dollars=bill_of(other, prices).dollars - now.dollars)
        for what, where, other in _variants(scope)
    ]
    return sorted(found, key=lambda change: change.dollars)


def plain_topology(topology: Topology) -> Topology:
    """As Powertools' and Lambda's documentation begin: ten messages a batch, no window, all lines in the log."""
    return replace(
        topology,
        queues={name: replace(m, batch_size=10, window=0) for name, m in topology.queues.items()},
        functions={name: replace(f, platform_lines=True) for name, f in topology.functions.items()},
    )


def _variants(scope: Scope) -> Iterator[tuple[str, str, Scope]]:
    yield from _shaped(scope)
    there = replace(scope.topology, tables=[replace(t, on_demand=False) for t in scope.topology.tables])
    yield "tables with provisioned capacity, scaled to 70%", "config", replace(scope, topology=there)
    there = replace(scope.topology, tables=[replace(t, rare=not t.expires) for t in scope.topology.tables])
    yield "tables of the Standard-IA class", "config", replace(scope, topology=there)
    yield (
        "logs of the Infrequent Access class (no metrics from logs)",
        "config",
        _functions(scope, log_class="infrequent"),
    )
    yield "Lambda's own lines in the log", "config", _functions(scope, platform_lines=True)
    yield "functions on x86", "config", _functions(scope, architecture="x86_64")
    yield "no archive", "config", replace(scope, topology=replace(scope.topology, archive_days=None))
    yield f"usage in HTTP calls of {_CALL} records", "clients", replace(scope, mix=_calls(scope.mix, _CALL))
    yield "usage in HTTP calls of one record", "clients", replace(scope, mix=_calls(scope.mix, 1))
    yield "usage logged by one line a batch", "code", replace(scope, batch_lines=True)
    yield "ten usage records in one event", "code", replace(scope, packed=10)
    slow = scope.assumptions.values["processor_factor"].model_copy(update={"value": 2.0})
    values = {**scope.assumptions.values, "processor_factor": slow}
    slower = scope.assumptions.model_copy(update={"values": values})
    yield "a processor half as fast as assumed", "assumption", replace(scope, assumptions=slower)


def _shaped(scope: Scope) -> Iterator[tuple[str, str, Scope]]:
    """Of the functions and queues that usage goes through: of a service's own, or of its group's."""
    for name in dict.fromkeys(scope.topology.deployed_as(part) for part in USAGE_PATH):
        size, now = scope.topology.queues[name].batch_size, scope.topology.functions[name].memory_mib
        for other, window in ((size * 10, 1), (max(1, size // 10), scope.topology.queues[name].window)):
            yield f"{name}: batches of {other}, window {window} s", "manifest", _queue(scope, name, other, window)
        for memory in _MEMORIES:
            if memory != now:
                yield f"{name}: {memory} MiB", "manifest", _functions(scope, only=name, memory_mib=memory)


def _queue(scope: Scope, name: str, batch_size: int, window: int) -> Scope:
    queues = {**scope.topology.queues}
    queues[name] = replace(queues[name], batch_size=batch_size, window=window)
    return replace(scope, topology=replace(scope.topology, queues=queues))


def _functions(scope: Scope, *, only: str | None = None, **settings: object) -> Scope:
    change: Callable[..., Function] = replace
    functions = {
        name: change(f, **settings) if only in (None, name) else f for name, f in scope.topology.functions.items()
    }
    return replace(scope, topology=replace(scope.topology, functions=functions))


def _calls(mix: Mix, records: int) -> Mix:
    requests = tuple(
        r.model_copy(update={"records_per_call": records}) if r.what == "usage" and r.by == "http" else r
        for r in mix.requests
    )
    return mix.model_copy(update={"requests": requests})
