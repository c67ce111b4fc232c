"""What a person reads at three in the morning."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from local.simulate.plan import Plan
from local.simulate.run import Verdict

_LAST_HOPS: Final = 40
_MILLION: Final = 1_000_000


def failure(found: Verdict, small: Verdict) -> Iterator[str]:
    """A failing seed: what was violated, the smallest plan that does, and how it came to that."""
    if found.violated is None or small.violated is None:
        raise ValueError("nothing has failed")
    yield f"seed {found.plan.seed} violates: {found.violated.invariant}"
    yield f"  seen      {small.violated.finding.seen}"
    yield f"  expected  {small.violated.finding.expected}"
    yield f"the smallest plan that was found ({sum(1 for _ in plan(small.plan)) - 1} of {_size(found.plan)} parts):"
    yield from (f"  {line}" for line in plan(small.plan))
    yield f"its last {_LAST_HOPS} hops:"
    yield from hops(small, _LAST_HOPS)
    yield f"replay it with its whole trace: python -m local.simulate --seed {found.plan.seed}"


def plan(planned: Plan) -> Iterator[str]:
    yield f"start {planned.start:%Y-%m-%d %H:%M:%S}, {planned.slowness:.0%} of the calls slow"
    for step in planned.steps:
        named = ", ".join(f"{name}={value!r}" for name, value in step._asdict().items() if name != "at")
        yield f"at {step.at:.3f} s {type(step).__name__}({named})"
    for fault in planned.faults:
        yield f"{fault.call}: {fault.fault}"
    for outage in planned.outages:
        yield f"{outage.service}: {outage.fault} from {outage.start:.1f} s for {outage.seconds:.0f} s"
    for late in planned.late:
        yield f"{late.queue}: message #{late.nth} comes after {', '.join(f'{c:g}' for c in late.copies)} s"


def hops(verdict: Verdict, last: int | None = None) -> Iterator[str]:
    """Who did what, when; all of it without `last`. A close looks into many periods, which is seldom of interest."""
    told = [hop for hop in verdict.hops if last is None or "unsettled" not in hop.what or "<--" in hop.what]
    for micros, who, what in told[-last if last else 0 :]:
        at = datetime.fromtimestamp(micros / _MILLION, UTC)
        yield f"  {at:%m-%d %H:%M:%S.%f} {who:<22} {what}"


def _size(planned: Plan) -> int:
    return len(planned.steps) + len(planned.faults) + len(planned.outages) + len(planned.late)
