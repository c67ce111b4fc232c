from __future__ import annotations

import gc
from datetime import datetime, timedelta

import pytest

from local.memory.clock import DeadlineExceeded, StillBusy
from tests.unit.memory_builders import START, a_clock


def test_time_stands_still_when_nobody_moves_it():
    clock = a_clock()

    assert clock.now() == clock.now() == START


def test_time_passes_when_someone_sleeps():
    clock = a_clock()

    clock.sleep(1.5)

    assert clock.now() == START + timedelta(seconds=1.5)


def test_actions_run_in_the_order_of_their_times():
    clock, ran = a_clock(), []
    clock.call_later(2, lambda: ran.append("later"))
    clock.call_later(1, lambda: ran.append("sooner"))

    clock.run_until_idle()

    assert ran == ["sooner", "later"]
    assert clock.now() == START + timedelta(seconds=2)


def test_actions_run_in_the_order_of_scheduling_when_their_time_is_the_same():
    clock, ran = a_clock(), []
    for name in "abc":
        clock.call_later(1, lambda name=name: ran.append(name))

    clock.run_until_idle()

    assert ran == ["a", "b", "c"]


def test_an_action_runs_at_once_when_its_time_is_past():
    clock, ran = a_clock(), []
    clock.call_at(START - timedelta(hours=1), lambda: ran.append(clock.now()))

    clock.run_until_idle()

    assert ran == [START]


def test_an_action_is_late_when_another_slept_past_its_time():
    clock, ran = a_clock(), []
    clock.call_later(1, lambda: clock.sleep(10))
    clock.call_later(2, lambda: ran.append(clock.now()))

    clock.run_until_idle()

    assert ran == [START + timedelta(seconds=11)]


def test_actions_of_actions_run_too():
    clock, ran = a_clock(), []
    clock.call_later(1, lambda: clock.call_later(1, lambda: ran.append(clock.now())))

    steps = clock.run_until_idle()

    assert ran == [START + timedelta(seconds=2)]
    assert steps == 2


def test_advance_stops_at_its_end_when_more_is_to_come():
    clock, ran = a_clock(), []
    clock.call_later(5, lambda: ran.append("due"))
    clock.call_later(5.1, lambda: ran.append("not yet"))

    clock.advance(5)

    assert ran == ["due"]
    assert clock.now() == START + timedelta(seconds=5)
    assert clock.pending == 1


def test_a_cancelled_action_neither_runs_nor_takes_time():
    clock, ran = a_clock(), []
    clock.cancel(clock.call_later(60, lambda: ran.append("cancelled")))

    clock.run_until_idle()

    assert ran == []
    assert clock.now() == START


def test_a_run_ends_with_an_error_when_the_system_never_rests():
    clock = a_clock()

    def again():
        clock.call_later(1, again)

    again()

    with pytest.raises(StillBusy):
        clock.run_until_idle(limit=100)


def test_a_sleep_is_cut_off_when_it_passes_the_deadline():
    clock = a_clock()

    with pytest.raises(DeadlineExceeded), clock.deadline(3):
        clock.sleep(5)

    assert clock.now() == START + timedelta(seconds=3)


def test_a_sleep_is_whole_when_the_deadline_is_over():
    clock = a_clock()
    with clock.deadline(3):
        clock.sleep(3)

    clock.sleep(100)

    assert clock.now() == START + timedelta(seconds=103)


def test_many_small_sleeps_add_up_exactly():
    clock = a_clock()

    for _ in range(1000):
        clock.sleep(0.001)

    assert clock.now() == START + timedelta(seconds=1)


def test_a_start_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        type(a_clock())(datetime(2026, 5, 20))  # noqa: DTZ001 - the point of the test


def test_time_does_not_run_backwards():
    with pytest.raises(ValueError, match="backwards"):
        a_clock().sleep(-1)


def test_a_task_that_sleeps_lets_others_run():
    clock, seen = a_clock(), []

    def work(name, seconds):
        seen.append((name, "begins"))
        clock.sleep(seconds)
        seen.append((name, clock.now()))

    clock.spawn(lambda: work("slow", 5))
    clock.spawn(lambda: work("quick", 2))
    clock.run_until_idle()

    assert seen == [
        ("slow", "begins"),
        ("quick", "begins"),
        ("quick", START + timedelta(seconds=2)),
        ("slow", START + timedelta(seconds=5)),
    ]


def test_a_task_that_sleeps_for_no_time_lets_others_run_first():
    clock, seen = a_clock(), []

    def work(name):
        clock.sleep(0)
        seen.append(name)

    for name in "abc":
        clock.spawn(lambda name=name: (seen.append(name), work(name)))
    clock.run_until_idle()

    assert seen == ["a", "b", "c", "a", "b", "c"]


def test_each_task_has_a_deadline_of_its_own():
    clock, seen = a_clock(), []

    def work(name, deadline):
        try:
            with clock.deadline(deadline):
                clock.sleep(5)
            seen.append((name, "done"))
        except DeadlineExceeded:
            seen.append((name, clock.now()))

    clock.spawn(lambda: work("cut off", 3))
    clock.spawn(lambda: work("in time", 10))
    clock.run_until_idle()

    assert seen == [("cut off", START + timedelta(seconds=3)), ("in time", "done")]


def test_what_was_cut_off_can_not_sleep_again_under_its_deadline():
    clock, again = a_clock(), []

    def stubborn():
        with clock.deadline(3):
            for _ in range(3):
                try:
                    clock.sleep(5)
                except DeadlineExceeded:
                    again.append(clock.now())

    clock.spawn(stubborn)
    clock.run_until_idle()

    assert again == [START + timedelta(seconds=3)] * 3


def test_a_task_that_nobody_comes_back_to_does_nothing_more():
    seen = []

    def abandoned():
        clock = a_clock()

        def work():
            try:
                clock.sleep(5)
            finally:
                clock.sleep(0)
                seen.append("on")

        clock.spawn(work)

    abandoned()
    gc.collect()

    assert seen == []
