"""`python -m local.simulate`: play seeded schedules of faults on the memory cloud, and see whether everything holds."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable

import typer

from local.simulate import crashes, report
from local.simulate.generate import plan_of
from local.simulate.many import Tally, play_all
from local.simulate.run import run, silence
from local.simulate.shrink import shrunk

app = typer.Typer(add_completion=False)


@app.command(help=__doc__)
def simulate(
    count: int = typer.Argument(1000, min=1, help="How many schedules."),
    first: int = typer.Option(0, "--from", min=0, help="The first seed."),
    seed: int | None = typer.Option(None, "--seed", help="Play this one alone, with its trace."),
    crash_points: bool = typer.Option(False, "--crash-points", help="Each call of each function, with each end of it."),
    workers: int = typer.Option(os.cpu_count() or 1, "--workers", min=1, help="Processes."),
    as_json: bool = typer.Option(False, "--json", help="Print the summary as one JSON object."),
) -> None:
    """Exit code 0 when everything held, 1 with the failing seeds otherwise."""
    silence()
    if crash_points:
        raise typer.Exit(_crash_points(workers))
    if seed is not None:
        raise typer.Exit(_one(seed))
    raise typer.Exit(_many(first, count, workers, as_json=as_json))


def _one(seed: int) -> int:
    verdict = run(plan_of(seed))
    _print(report.plan(verdict.plan))
    _print(report.hops(verdict))
    if verdict.violated is None:
        print(f"seed {seed}: everything held")
        return 0
    print()
    _print(report.failure(verdict, shrunk(verdict)))
    return 1


def _many(first: int, count: int, workers: int, *, as_json: bool) -> int:
    tell = _Progress(count, quiet=as_json)
    try:
        tally, seconds = play_all(first, count, workers=workers, tell=tell)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    summary = tally.summary(seconds)
    if as_json:
        print(json.dumps(summary))
    else:
        _print(f"{name:<22} {value}" for name, value in summary.items())
        _print(_first_failure(tally))
    return 1 if tally.failing else 0


def _first_failure(tally: Tally) -> Iterable[str]:
    if tally.failing:
        verdict = run(plan_of(min(tally.failing)))
        yield ""
        yield from report.failure(verdict, shrunk(verdict))


def _crash_points(workers: int) -> int:
    points = crashes.play_all(workers)
    _print(crashes.table(points))
    return 1 if any(point.violated for point in points) else 0


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


class _Progress:
    """A line that is written over on a terminal, a new line every few seconds elsewhere."""

    def __init__(self, count: int, *, quiet: bool) -> None:
        self._count = count
        self._quiet = quiet
        self._told = time.monotonic()
        self._failed: set[int] = set()

    def __call__(self, tally: Tally, seconds: float) -> None:
        at_terminal = sys.stderr.isatty()
        self._tell_of_failures(tally)
        if self._quiet or time.monotonic() - self._told < (0.2 if at_terminal else 10):
            return
        self._told = time.monotonic()
        speed = f"{tally.schedules / seconds:.0f}/s"
        line = f"{tally.schedules}/{self._count} schedules, {speed}, {len(tally.failing)} failing"
        print(f"\r{line}" if at_terminal else line, end="" if at_terminal else "\n", file=sys.stderr, flush=True)

    def _tell_of_failures(self, tally: Tally) -> None:
        """At once: nobody should have to wait for the end to look into one."""
        for seed in tally.failing.keys() - self._failed:
            self._failed.add(seed)
            print(f"\nseed {seed} violates {tally.failing[seed]}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    app(prog_name="python -m local.simulate")
