"""Usage while its functions are killed and AWS has its faults: booked once, all of it."""

from __future__ import annotations

import sys

import pytest

from bench.kill_run import Settings, run


@pytest.mark.xdist_group("kills")  # on a stack of its own
@pytest.mark.skipif(sys.platform != "linux", reason="the killer reads /proc")
def test_every_event_is_booked_once_when_functions_are_killed_and_calls_fail() -> None:
    result = run(Settings(events=2_000, pause=1.5, faults=0.02, again=0.5, timeout=8, patience=300), print)

    assert result.is_exact
    assert result.booked + sum(result.dead_letters.values()) >= 2_000
    assert result.kills
    assert result.faults
    assert result.events_sent_again
