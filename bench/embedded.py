"""The capacity comparison on an emulator of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from os import environ  # noqa: TID251 - a composition root

from bench.carried import CALIBRATION, LOADS, WARM_UP, Carried, Comparison
from bench.kill_run import Settings, clean, tune
from bench.usage import Traffic
from local.embedded.cloud import Cloud
from local.embedded.emulator_env import emulator_python
from local.embedded.ministack import running_ministack
from local.embedded.stack import deploy_stack


def on_a_stack(now: datetime, concurrency: int, say: Callable[[str], None]) -> Sequence[Comparison]:
    """Raises DeadlinePassed."""
    count = sum(load.count for load in (WARM_UP, *CALIBRATION, *LOADS))
    with running_ministack(emulator_python(say)) as url:
        stack = deploy_stack(Cloud(url), clean(environ), say, is_ours=True)
        tune(stack, Settings(events=count, concurrency=concurrency, timeout=None))
        return Carried(stack=stack, traffic=Traffic(count, now, 1), concurrency=concurrency).compared(LOADS, say)
