"""`python -m bench cold`: what a handler's import costs, and what of it is there to be observed.

Each handler is imported in processes of its own with `-X importtime`; of each module the shortest time of all runs
counts, its own without that of what it imports. So the figures hold on a machine that has other things to do.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from functions.billing.manifest import SERVICE as BILLING
from functions.ingestion.manifest import SERVICE as INGESTION
from functions.notification.manifest import SERVICE as NOTIFICATION
from infra.packaging import ROOT

#: What is imported for nothing else, by what it is for: modules by their names' beginnings.
OBSERVING: Final[Mapping[str, tuple[str, ...]]] = {
    "tracing": (
        "events.trace_context",
        "runtime.tracing",
        "runtime.lambda_tracing",
        "runtime.otel",
        "functions.notification.adapters.traced",
        "opentelemetry",
    ),
}
_LINE: Final = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """Of one handler, in milliseconds. `observing` is contained in `total`, by its purpose."""

    handler: str
    modules: int
    total: float
    observing: Mapping[str, float]


def measure(handlers: Iterable[str], *, runs: int) -> list[Import]:
    return [_import(handler, [_run(handler) for _ in range(runs)]) for handler in handlers]


def handlers() -> list[str]:
    """The modules of all functions, each once."""
    functions = (function for service in (INGESTION, BILLING, NOTIFICATION) for function in service.functions)
    return list(dict.fromkeys(function.handler.rpartition(".")[0] for function in functions))


def as_table(results: Sequence[Import]) -> str:
    head = f"{'handler':34}{'modules':>8}{'total ms':>10}" + "".join(f"{name + ' ms':>12}" for name in OBSERVING)
    return "\n".join([head, *map(_row, results)])


def _row(result: Import) -> str:
    parts = "".join(f"{result.observing[name]:12.1f}" for name in OBSERVING)
    return f"{result.handler:34}{result.modules:8}{result.total:10.1f}{parts}"


def _run(handler: str) -> dict[str, int]:
    """Module -> its own microseconds."""
    command = [sys.executable, "-X", "importtime", "-c", f"import {handler}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own modules
    return {name: int(micros) for micros, name in _LINE.findall(done.stderr)}


def _import(handler: str, runs: Sequence[Mapping[str, int]]) -> Import:
    shortest = {module: min(run.get(module, 0) for run in runs) / 1_000 for module in runs[0]}
    observing = {
        purpose: sum(ms for module, ms in shortest.items() if module.startswith(prefixes))
        for purpose, prefixes in OBSERVING.items()
    }
    return Import(handler=handler, modules=len(shortest), total=sum(shortest.values()), observing=observing)
