"""However the runner ends, nothing of it is left: no process, no directory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.embedded.cloud import http
from local.embedded.paths import CACHE, PROJECT
from local.embedded.polling import wait_until

pytestmark = pytest.mark.xdist_group("processes")  # each starts an emulator of its own


@contextmanager
def runner_up(environ: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`python -m local up --empty`, and the endpoint that it says it is up at."""
    with subprocess.Popen(
        [sys.executable, "-m", "local", "up", "--empty", "--json"],
        cwd=PROJECT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())["AWS_ENDPOINT_URL"]
        finally:
            process.kill()


def answers(endpoint: str) -> bool:
    try:
        return http("GET", f"{endpoint}/_ministack/health", timeout=1).status == 200
    except OSError:
        return False


def directories_of(process: subprocess.Popen[str]) -> list[Path]:
    return list((CACHE / "run").glob(f"{process.pid}-*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_nothing_is_left_when_a_signal_stops_the_runner(clean_environ: dict[str, str], number: signal.Signals) -> None:
    with runner_up(clean_environ) as (process, endpoint):
        assert answers(endpoint)
        assert directories_of(process)

        process.send_signal(number)

        assert process.wait(timeout=60) == 0
        assert not answers(endpoint)
        assert not directories_of(process)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
def test_the_emulator_is_gone_when_the_runner_is_killed(clean_environ: dict[str, str]) -> None:
    with runner_up(clean_environ) as (process, endpoint):
        assert answers(endpoint)

        os.kill(process.pid, signal.SIGKILL)

        wait_until(lambda: not answers(endpoint), what="the emulator is gone", timeout=60)
