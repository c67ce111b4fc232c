"""The deterministic simulation: some thousands of schedules, and that the simulation itself can be trusted."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.memory.faults import Call, Fault
from local.simulate import crashes, report
from local.simulate.generate import plan_of
from local.simulate.invariants.finding import Finding, Violated
from local.simulate.many import play_all
from local.simulate.plan import Close, Noise, Plan, Planned
from local.simulate.run import Verdict, run
from local.simulate.shrink import shrunk
from local.simulate.sites import SITES

SEEDS = 2_000
CORES = os.cpu_count() or 1
ROOT = Path(__file__).parents[2]


def a_plan(*, steps: int = 20, faults: int = 20) -> Plan:
    return Plan(
        seed=1,
        start=datetime(2026, 5, 20, tzinfo=UTC),
        steps=tuple(Close(float(n)) for n in range(steps)),
        faults=tuple(Planned(Call("billing", "invoices.save", n), Fault.LOST) for n in range(faults)),
        slowness=0.2,
    )


def a_verdict(plan: Plan, invariant: str | None) -> Verdict:
    violated = Violated(invariant, Finding("this", "that")) if invariant else None
    return Verdict(plan=plan, violated=violated, made=(), said=(), copies=0, calm_since=0)


def test_everything_holds_after_thousands_of_schedules() -> None:
    tally, _ = play_all(0, SEEDS, workers=CORES, tell=lambda *_: None)

    assert tally.failing == {}
    assert tally.schedules == SEEDS
    assert {str(fault) for fault in Fault} == set(tally.faults)


@pytest.mark.parametrize("seed", [14103, 23617, 62470])
def test_a_schedule_that_once_failed_holds(seed: int) -> None:
    """Batches of dead letters, put away so slowly that the function ended each time before all were."""
    assert run(plan_of(seed)).violated is None


@pytest.fixture(scope="module")
def crash_points() -> list[crashes.Point]:
    return crashes.play_all(CORES)


@pytest.mark.xdist_group("crash points")
def test_everything_holds_wherever_a_function_ends(crash_points: list[crashes.Point]) -> None:
    assert [point for point in crash_points if point.violated] == []


@pytest.mark.xdist_group("crash points")
def test_the_crash_points_are_each_function_s_every_kind_of_call(crash_points: list[crashes.Point]) -> None:
    assert {(point.call.function, point.call.name) for point in crash_points} == set(SITES)
    assert [point for point in crash_points if not point.met] == []


def test_a_seed_gives_the_same_plan_and_the_same_run(silent: None) -> None:
    first, again = run(plan_of(11)), run(plan_of(11))

    assert first.plan == again.plan
    assert first.hops == again.hops
    assert len(first.hops) > 10


def test_a_seed_gives_the_same_run_in_every_process() -> None:
    """Whatever the hash seed: nothing hangs on the order of a set."""

    def traced(hash_seed: str) -> str:
        command = [sys.executable, "-m", "local.simulate", "--seed", "7"]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        played = subprocess.run(  # noqa: S603 - our own command
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        return played.stdout

    assert traced("1") == traced("2")


def test_different_seeds_give_different_plans() -> None:
    assert len({str(plan_of(seed)) for seed in range(50)}) == 50


def test_a_failing_plan_is_shrunk_to_what_it_takes_to_fail() -> None:
    step, fault = Close(13.0), Planned(Call("billing", "invoices.save", 7), Fault.LOST)

    def play(plan: Plan) -> Verdict:
        return a_verdict(plan, "it" if step in plan.steps and fault in plan.faults else None)

    small = shrunk(a_verdict(a_plan(), "it"), play=play).plan

    assert small == replace(a_plan(), steps=(step,), faults=(fault,), slowness=0.0)


def test_a_plan_that_fails_in_another_way_is_no_smaller_one() -> None:
    def play(plan: Plan) -> Verdict:
        return a_verdict(plan, "it" if len(plan.steps) > 5 else "something else")

    assert len(shrunk(a_verdict(a_plan(), "it"), play=play).plan.steps) == 6


def test_shrinking_ends_with_its_budget() -> None:
    plays = []

    def play(plan: Plan) -> Verdict:
        plays.append(plan)
        return a_verdict(plan, None)

    assert shrunk(a_verdict(a_plan(), "it"), play=play, budget=7).plan == a_plan()
    assert len(plays) == 7


def test_a_failure_tells_what_to_look_at(silent: None) -> None:
    plan = replace(a_plan(steps=0, faults=0), steps=(Noise(1.0, "billing", "no event"),))
    failed = replace(run(plan), violated=Violated("nothing_is_lost", Finding("this", "that")))

    told = "\n".join(report.failure(failed, failed))

    assert "seed 1 violates: nothing_is_lost" in told
    assert "seen      this" in told
    assert "at 1.000 s Noise(queue='billing', body='no event')" in told
    assert "billing                queue.dead_letter #1" in told
    assert "python -m local.simulate --seed 1" in told
