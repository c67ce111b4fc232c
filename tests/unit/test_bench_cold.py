"""The budget: what observing costs a function that starts, with tracing off."""

from __future__ import annotations

from bench.cold import OBSERVING, as_table, handlers, measure


def test_every_function_s_module_is_measured_once() -> None:
    assert "functions.notification.handler" in handlers()
    assert len(handlers()) == len(set(handlers())) == 11


def test_what_is_for_observing_is_told_apart_and_nothing_of_opentelemetry_is_in_it() -> None:
    (result,) = measure(["runtime.tracing"], runs=1)

    assert set(result.observing) == set(OBSERVING)
    assert 0 < result.observing["tracing"] < result.total
    assert "runtime.tracing" in as_table([result])
