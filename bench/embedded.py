"""Scenarios that run on an emulator of their own, which ends with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from os import environ  # noqa: TID251 - a composition root
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.carried import CALIBRATION, LOADS, WARM_UP, Carried, Comparison
from bench.end_to_end import EndToEnd, Rounds, peers
from bench.kill_run import Settings, clean, tune
from bench.paid import Payments
from bench.plain_stack import deploy_plain
from bench.usage import Traffic
from events.catalog import IngestionUsageRecorded
from local.embedded.cloud import Cloud
from local.embedded.emulator_env import emulator_python
from local.embedded.ministack import running_ministack
from local.embedded.signals import signals_stop
from local.embedded.stack import deploy_stack


def on_a_stack(now: datetime, concurrency: int, say: Callable[[str], None]) -> Sequence[Comparison]:
    """Raises DeadlinePassed."""
    count = sum(load.count for load in (WARM_UP, *CALIBRATION, *LOADS))
    with running_ministack(emulator_python(say)) as url:
        stack = deploy_stack(Cloud(url), clean(environ), say, is_ours=True)
        tune(stack, Settings(events=count, concurrency=concurrency, timeout=None))
        return Carried(stack=stack, traffic=Traffic(count, now, 1), concurrency=concurrency).compared(LOADS, say)


def end_to_end(now: datetime, rounds: Rounds, say: Callable[[str], None]) -> Sequence[EndToEnd]:
    """Plain, ours, and payments to their receipts. A signal ends the emulator, too: raises Stopped.

    Raises DeadlinePassed, NotTaken, Refused.
    """
    with signals_stop(), running_ministack(emulator_python(say)) as url, TemporaryDirectory() as directory:
        stack = deploy_stack(Cloud(url), clean(environ), say, is_ours=True)
        deploy_plain(stack.cloud, detail_type=IngestionUsageRecorded.type, directory=Path(directory))
        compared = peers(stack, now).compared(rounds, say)
        say("payments, from the provider to the receipt")
        return [*compared, Payments(stack=stack, moment=now).measured()]
