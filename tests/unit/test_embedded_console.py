"""The console's process beside a stack: its address, its end, and that nothing depends on it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local.embedded.cloud import Cloud
from local.embedded.console import running_console
from local.embedded.polling import wait_until

CLOUD = Cloud("http://127.0.0.1:1")
#: Says where it is, leaves its process id and what it was given, and lives until its standard input ends.
LIVES = """
import json, os, pathlib, sys
aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
note = {"pid": os.getpid(), "argv": sys.argv[2:], "aws": aws}
pathlib.Path(sys.argv[1]).write_text(json.dumps(note))
print(json.dumps({"url": "http://127.0.0.1:2/?token=t"}), flush=True)
sys.stdin.read()
"""


def living(note: Path) -> list[str]:
    return [sys.executable, "-c", LIVES, str(note)]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_its_address_is_given_and_it_is_gone_when_the_block_ends(tmp_path: Path) -> None:
    said: list[str] = []
    note = tmp_path / "note"

    with running_console(CLOUD, {"AWS_PROFILE": "somebody's"}, said.append, command=living(note)) as url:
        pid = json.loads(note.read_text())["pid"]
        assert url == "http://127.0.0.1:2/?token=t"
        assert is_alive(pid)

    assert not is_alive(pid)
    assert said == []


def test_it_is_told_of_the_stack_and_of_no_other_account(tmp_path: Path) -> None:
    note = tmp_path / "note"

    with running_console(CLOUD, {"AWS_PROFILE": "somebody's"}, print, command=living(note)):
        told = json.loads(note.read_text())

    assert told["argv"] == ["--endpoint-url", CLOUD.endpoint]
    assert told["aws"] == CLOUD.environment()


@pytest.mark.parametrize(
    "command",
    [
        ["/no/such/program"],
        [sys.executable, "-c", "raise SystemExit(2)"],
        [sys.executable, "-c", "print('not what was asked for')"],
    ],
    ids=["not there", "ends at once", "says something else"],
)
def test_a_console_that_does_not_start_is_told_and_nothing_more(command: list[str]) -> None:
    said: list[str] = []

    with running_console(CLOUD, {}, said.append, command=command) as url:
        assert url == ""

    assert "no console" in said[0]


def test_it_ends_though_the_one_who_started_it_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "note"
    program = (
        "import sys, time\n"
        "from local.embedded.cloud import Cloud\n"
        "from local.embedded.console import running_console\n"
        f"with running_console(Cloud('http://127.0.0.1:1'), {{}}, print, command={living(note)!r}) as url:\n"
        "    print(url, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stdout.readline()
        pid = json.loads(note.read_text())["pid"]

        process.send_signal(signal.SIGKILL)

    wait_until(lambda: not is_alive(pid), what="the console is gone", timeout=30)
