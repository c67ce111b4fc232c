from __future__ import annotations

from datetime import timedelta

import pytest

from runtime.breaker import FIRST_PAUSE, LONGEST_PAUSE, THRESHOLD, Breaker
from runtime.errors import CircuitOpen, DependencyUnavailable
from tests.unit.runtime_fakes import FakeClock

DOWN = DependencyUnavailable("down")


def is_open(breaker: Breaker) -> bool:
    try:
        breaker.check()
    except CircuitOpen:
        return True
    return False


def opened(clock: FakeClock) -> Breaker:
    breaker = Breaker(clock)
    for _ in range(THRESHOLD):
        breaker.failed(DOWN)
    return breaker


def test_bad_luck_does_not_open_it() -> None:
    breaker = Breaker(FakeClock())

    for _ in range(10):
        for _ in range(THRESHOLD - 1):
            assert breaker.failed(DOWN) is DOWN
        breaker.succeeded()

    assert not is_open(breaker)


def test_failures_in_a_row_open_it_until_its_pause_is_over() -> None:
    clock = FakeClock()
    breaker = opened(clock)

    assert is_open(breaker)
    clock.time += timedelta(seconds=FIRST_PAUSE)
    assert not is_open(breaker)


def test_a_probe_that_fails_costs_nothing_and_makes_the_pause_longer_up_to_its_limit() -> None:
    clock = FakeClock()
    breaker = opened(clock)
    pauses = []

    for _ in range(8):
        pauses.append(0)
        while is_open(breaker):
            clock.time += timedelta(seconds=1)
            pauses[-1] += 1
        assert isinstance(breaker.failed(DOWN), CircuitOpen)

    assert pauses == [5, 10, 20, 40, 60, 60, 60, 60]
    assert max(pauses) == LONGEST_PAUSE


def test_a_probe_that_succeeds_closes_it() -> None:
    clock = FakeClock()
    breaker = opened(clock)
    clock.time += timedelta(seconds=FIRST_PAUSE)

    breaker.succeeded()

    assert not is_open(breaker)
    assert breaker.failed(DOWN) is DOWN


@pytest.mark.parametrize("failures", [1, 50, 5000])
def test_any_number_of_failures_is_counted_without_harm(failures: int) -> None:
    breaker = Breaker(FakeClock())

    for _ in range(failures):
        breaker.failed(DOWN)

    assert is_open(breaker) == (failures >= THRESHOLD)
