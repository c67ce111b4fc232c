"""The three commands: play the demonstration, play it and stay, or only stay up."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from local.embedded.age import process_age
from local.embedded.assembly import SynthesisFailed, assembly
from local.embedded.console import running_console
from local.embedded.deploy import DeploymentFailed
from local.embedded.emulator_env import SetupFailed
from local.embedded.hops import Watcher
from local.embedded.ministack import EmulatorFailed
from local.embedded.play import FAILURES, POISON_ID, Outcome, Play
from local.embedded.signals import Stopped, signals_stop
from local.embedded.stack import Stack, access, deploy_assembly, endpoint
from local.embedded.telling import Teller
from runtime.topology import InvalidTopology

#: Failures that a message explains; any other is a defect of ours and shows its traceback.
_EXPLAINED: Final = (
    InvalidTopology,
    SetupFailed,
    SynthesisFailed,
    EmulatorFailed,
    DeploymentFailed,
    BotoCoreError,
    ClientError,
    *FAILURES,
)


def demonstrate(environ: Mapping[str, str], *, stay: bool, as_json: bool = False) -> int:
    """The exit code: 0 when every outcome is as expected. With `stay`, only after a signal.

    With `as_json`, stdout gets one document when everything has stopped.
    """
    teller = Teller(sys.stderr if as_json else sys.stdout, age=process_age())
    outcomes: list[Outcome] = []
    code = _told(teller, lambda: _demonstrate(environ, teller, outcomes, stay=stay))
    if as_json:
        print(json.dumps(_as_document(teller, outcomes, code), indent=2))
    return code


def _as_document(teller: Teller, outcomes: Sequence[Outcome], code: int) -> dict[str, Any]:
    return {
        "ok": code == 0,
        "seconds_to_first_receipt": teller.receipt_after,
        "phases": [{"name": name, "seconds": round(seconds, 3)} for name, seconds in teller.phases],
        "outcomes": [asdict(outcome) for outcome in outcomes],
    }


def stay_up(environ: Mapping[str, str], *, empty: bool, as_json: bool) -> int:
    """Up until a signal comes. `empty` leaves the deployment to somebody else. 0 after a clean stop."""
    teller = Teller(sys.stderr if as_json else sys.stdout)
    return _told(teller, lambda: _stay_up(environ, teller, empty=empty, as_json=as_json))


def _told(teller: Teller, run: Callable[[], int]) -> int:
    """Runs until done or told to stop; explains what went wrong."""
    try:
        with signals_stop():
            return run()
    except Stopped:
        teller.line("stopped before it was done")
        return 130
    except _EXPLAINED as error:
        teller.line(f"\nFAILED: {error}")
        return 1


def _demonstrate(environ: Mapping[str, str], teller: Teller, outcomes: list[Outcome], *, stay: bool) -> int:
    with _deployed(environ, teller) as stack, Watcher(stack, teller.hop, since=_milliseconds()) as watcher:
        play = Play(stack, watcher, teller)
        outcomes += play.perform()
        teller.outcomes(outcomes)
        teller.questions(stack, POISON_ID, f"--invoice {play.invoice_id}")
        teller.box("the receipt", play.receipt())
        teller.timings()
        if stay:
            with running_console(stack.cloud, environ, teller.say) as console:
                teller.ways_in(stack, play.invoice_id, console)
                _until_stopped(teller)
    return 0 if all(outcome.ok for outcome in outcomes) else 1


def _stay_up(environ: Mapping[str, str], teller: Teller, *, empty: bool, as_json: bool) -> int:
    if empty:
        with endpoint(environ, teller.say) as (cloud, is_ours):
            _announce(teller, access(cloud, is_ours=is_ours), as_json=as_json)
            _until_stopped(teller)
        return 0
    with _deployed(environ, teller) as stack, Watcher(stack, teller.hop, since=_milliseconds()):
        _announce(teller, access(stack.cloud, is_ours=stack.is_ours) | _places(stack), as_json=as_json)
        _until_stopped(teller)
    return 0


@contextmanager
def _deployed(environ: Mapping[str, str], teller: Teller) -> Iterator[Stack]:
    with ExitStack() as held:
        end_begins = held.enter_context(teller.stopping())
        with teller.phase("The emulator"):
            cloud, is_ours = held.enter_context(endpoint(environ, teller.say))
        with teller.phase("Templates"):
            home = assembly(teller.say, environ)
        with teller.phase("Deploying"):
            stack = deploy_assembly(cloud, home, environ, teller.say, is_ours=is_ours)
        yield stack
        end_begins()


def _places(stack: Stack) -> dict[str, str]:
    return {
        "INGESTION": stack.ingestion_url,
        "BILLING": stack.billing_url,
        "FILES": f"s3://{stack.files_bucket}",
        "EVENT_BUS_NAME": stack.bus_name,
    }


def _announce(teller: Teller, facts: Mapping[str, str], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(facts), flush=True)
        return
    for name, value in facts.items():
        teller.line(f"  export {name}={value}")


def _until_stopped(teller: Teller) -> None:
    """Ctrl-C or a signal is the expected end here, not a failure."""
    teller.line("  Up. Ctrl-C stops all of it.")
    try:
        threading.Event().wait()
    except Stopped:
        teller.line("\nstopping")


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
