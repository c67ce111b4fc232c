"""What happens after a while, without a process of its own."""

from __future__ import annotations

from collections.abc import Callable

from simpy import Environment, Event


def after(env: Environment, seconds: float, then: Callable[[], None]) -> None:
    def over(_: Event) -> None:
        then()

    event = env.timeout(seconds)
    if event.callbacks is not None:
        event.callbacks.append(over)
