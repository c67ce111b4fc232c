"""Results as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ops.capacity.result import TARGET, Result, Times
from ops.capacity.world import world

_NAME: Final = 46
_LEGEND: Final = """
Milliseconds. `answers` are the APIs'; `critical` is from an event's own time to its effect, by consumer; `whole` is
from what came in first to an event's effect. Queue age is the oldest message's when it was handed out. Drained: seconds
after load, surge or outage, until nothing was late any more. Refused calls were told 429 or 503: nothing of them was
accepted."""


def table(results: Sequence[Result], *, head: str) -> str:
    return "\n".join([head, *(line for result in results for line in _scenario(result)), _LEGEND])


def sources() -> str:
    given = world()
    lines = [f"    {name} p50 {x.p50:g} ms, p99 {x.p99:g} ms: {x.source}" for name, x in given.latencies_ms.items()]
    lines += [f"    {name} {x.value:g}: {x.source}" for name, x in given.values.items()]
    lines += [f"    {name} {x.value:,.0f} {x.unit}: {x.source}" for name, x in given.quotas.items()]
    return "\n".join([f"Taken for granted ({given.date}):", *lines])


def _scenario(result: Result) -> Iterator[str]:
    yield ""
    yield f"{result.scenario:{_NAME}}{'p50':>10}{'p95':>10}{'p99':>10}{'records':>12}"
    for kind, found in (("answers", result.answers), ("critical", result.critical), ("whole", result.whole)):
        for name, times in found.items():
            yield _row(f"  {kind}: {name}", times)
    yield f"  {result.at_once} functions at once: {_listed(result.concurrency)}"
    yield f"  oldest message, s: {_listed({n: round(age, 1) for n, age in result.oldest.items()})}"
    yield f"  most that waited: {_listed(result.backlog)}"
    yield f"  messages a batch: {_listed({name: round(size, 1) for name, size in result.batches.items()})}"
    yield (
        f"  accepted {result.accepted:,}, refused {result.refused:,}, put back {result.deferred:,} times, "
        f"lost {result.lost:,}; drained after {result.drained:,.0f} s"
    )
    yield f"  quotas: {_quotas(result)}"
    if result.scenario == "steady":
        late = ", ".join(result.missed())
        yield f"  p95 under {TARGET * 1000:.0f} ms: {f'not {late}' if late else 'all that was promised'}"


def _row(name: str, times: Times) -> str:
    cells = "".join(f"{value * 1000:>10,.0f}" for value in (times.p50, times.p95, times.p99))
    return f"{name:{_NAME}}{cells}{times.records:>12,}"


def _listed(counts: object) -> str:
    assert isinstance(counts, dict)  # noqa: S101 - for the type checker
    return ", ".join(f"{name} {count:,}" for name, count in counts.items() if count) or "none"


def _quotas(result: Result) -> str:
    """What broke, or which is nearest to it."""
    given = world().quotas
    broken = result.broken()
    if broken:
        return "; ".join(
            f"{name} asked for {times:.1f} x the {given[name].value:,.0f} {given[name].unit}" for name, times in broken
        )
    name, part = max(((n, peak / given[n].value) for n, peak in result.quotas.items()), key=lambda pair: pair[1])
    return f"none is broken; the nearest is {name} at {part:.0%} of {given[name].value:,.0f} {given[name].unit}"
