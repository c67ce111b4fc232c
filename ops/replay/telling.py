"""A plan, its estimate and how it went, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from ops.replay.estimate import Estimate
from ops.replay.eventbridge import Replay
from ops.replay.plan import Plan
from ops.replay.window import said


def plan_lines(plan: Plan, estimate: Estimate) -> Iterator[str]:
    window, choice = plan.choice.window, plan.choice
    yield f"replay {plan.name}"
    yield f"  events    from {said(window.start)} to {said(window.end)}, by their own time"
    for rule in plan.rules:
        how = "by a rule of its own, removed afterwards" if rule.is_temporary else f"by its rule {rule.name}"
        yield f"  to        {rule.consumer}, {how}: {', '.join(rule.types)}"
    for name, values in (("source", choice.sources), *choice.keys.items()):
        if values:
            yield f"  only      {name} {' or '.join(values)}"
    yield f"  effects   {'wanted' if choice.with_effects else 'suppressed'}"
    yield f"  about     {estimate.events:,} events, at most {estimate.deliveries:,} deliveries"
    yield f"            {estimate.duration} (h:mm:ss), ${estimate.dollars:,.2f}"
    yield f"            from {estimate.basis}"
    yield from (f"  note      {note}" for note in plan.notes)


def plan_json(plan: Plan, estimate: Estimate) -> dict[str, Any]:
    choice = plan.choice
    return {
        "name": plan.name,
        "from": choice.window.start.isoformat(),
        "to": choice.window.end.isoformat(),
        "rules": [
            {
                "name": rule.name,
                "consumer": rule.consumer,
                "types": rule.types,
                "temporary": rule.is_temporary,
                "pattern": rule.pattern,
            }
            for rule in plan.rules
        ],
        "with_effects": choice.with_effects,
        "silent": plan.silent,
        "estimate": {
            "events": estimate.events,
            "deliveries_at_most": estimate.deliveries,
            "seconds": estimate.duration.total_seconds(),
            "dollars": round(estimate.dollars, 4),
            "basis": estimate.basis,
        },
        "notes": plan.notes,
    }


def progress_line(plan: Plan, replay: Replay) -> str:
    part = 1.0 if replay.state == "COMPLETED" else plan.choice.window.part_until(replay.reached)
    return f"{replay.state.lower()}: {part:.0%}"


def ended_line(replay: Replay) -> str:
    why = f": {replay.reason}" if replay.reason else ""
    return f"replay {replay.name}: {replay.state.lower()}{why}"


def replay_json(replay: Replay) -> dict[str, Any]:
    return {
        "name": replay.name,
        "state": replay.state,
        "from": _iso(replay.start),
        "to": _iso(replay.end),
        "reached": _iso(replay.reached),
        "began": _iso(replay.began),
        "reason": replay.reason,
        "description": replay.description,
    }


def table(replays: Sequence[Replay]) -> Iterator[str]:
    width = max((len(replay.name) for replay in replays), default=0)
    for r in replays:
        window = f"{said(r.start)} to {said(r.end)}" if r.start and r.end else ""
        yield f"{r.name:<{width}}  {r.state:<10}  {window}  {r.description}".rstrip()


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
