"""What a function loads before its first call: structure, never time."""

from __future__ import annotations

import gc
import os
import subprocess
import sys

import pytest

from bench.cold import handlers
from infra.packaging import ROOT
from runtime.errors import ConfigurationError
from runtime.starting import at_start

#: Loaded for nothing that a record needs. Whoever brings one back pays for it at each cold start of each function.
_NOBODYS = (
    "aws_lambda_powertools.utilities.parser",
    "boto3.s3",
    "opentelemetry",
    "pydantic.networks",
    "s3transfer.processpool",
)
#: Beside these, what a queue, a stream and a clock feed does without.
_AN_API_S = (
    "asyncio",
    "aws_lambda_powertools.event_handler",
    "aws_lambda_powertools.utilities.idempotency",
    "boto3",
    "multiprocessing",
    "s3transfer",
)
_RENDERING = ("jinja2",)
_APIS = frozenset(("functions.billing.api", "functions.ingestion.api"))


def loaded_by(handler: str) -> frozenset[str]:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", f"import sys, {handler}; print(*sys.modules)"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    return frozenset(done.stdout.split())


@pytest.mark.parametrize("handler", handlers())
def test_a_function_loads_nothing_that_its_records_do_not_need(handler: str) -> None:
    unwanted = _NOBODYS if handler in _APIS else _NOBODYS + _AN_API_S
    if not handler.startswith("functions.notification"):
        unwanted += _RENDERING

    loaded = loaded_by(handler)

    assert not {module for module in unwanted if module in loaded}


def test_on_lambda_what_calls_need_is_made_before_the_first_one() -> None:
    made: list[str] = []

    at_start(lambda: made.append("consumer"), environ={"AWS_LAMBDA_FUNCTION_NAME": "billing"})

    assert made == ["consumer"]
    assert gc.isenabled()
    gc.unfreeze()


def test_elsewhere_an_import_makes_nothing() -> None:
    at_start(lambda: pytest.fail("made"), environ={})


def test_settings_that_are_missing_are_left_for_the_first_call_to_say() -> None:
    def fail() -> None:
        raise ConfigurationError([])

    at_start(fail, environ={"AWS_LAMBDA_FUNCTION_NAME": "billing"})

    gc.unfreeze()
