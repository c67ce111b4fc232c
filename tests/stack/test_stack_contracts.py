"""What is deployed says what it sends and reads, and a change that it could not live with is refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.company import SERVICES
from contracts.deployed import live_contracts
from local.embedded.assembly import STAGE
from local.embedded.paths import PROJECT
from local.embedded.stack import Stack
from runtime.contract import Contract, contract_of, contracts_path

PACKAGES = ("events", "runtime", "functions", "infra", "local", "contracts", "ops")


@pytest.fixture
def environ(stack: Stack, clean_environ: dict[str, str]) -> dict[str, str]:
    return clean_environ | stack.cloud.environment()


def ops(*args: str, environ: Mapping[str, str], project: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "ops", *args], cwd=project, env=environ, capture_output=True, text=True, check=False
    )


@contextmanager
def deployed(stack: Stack, service: str, contract: Contract) -> Iterator[None]:
    """For as long as the block runs, the service says something else of itself."""
    ssm, name = stack.cloud.client("ssm"), f"{contracts_path(STAGE)}/{service}"
    before = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    ssm.put_parameter(Name=name, Value=contract.to_json(), Type="String", Overwrite=True)
    try:
        yield
    finally:
        ssm.put_parameter(Name=name, Value=before, Type="String", Overwrite=True)


def test_every_service_says_what_it_sends_and_reads(stack: Stack) -> None:
    found = live_contracts(stack.cloud.client("ssm"), STAGE)

    assert found == {service.name: contract_of(service) for service in SERVICES}


def test_what_is_deployed_from_here_differs_in_nothing(environ: dict[str, str]) -> None:
    result = ops("schemas", "diff", "--live", "--stage", STAGE, "--json", environ=environ)

    assert result.returncode == 0, result.stdout + result.stderr
    assert {d["state"] for d in json.loads(result.stdout)["differences"]} == {"same"}


def test_a_version_that_takes_another_s_place_is_refused(environ: dict[str, str], tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(PROJECT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    catalog = tmp_path / "events" / "catalog.py"
    line = '    type = "billing.invoice.paid"\n'
    catalog.write_text(catalog.read_text().replace(line, f"{line}    version = 2\n"))

    result = ops("schemas", "diff", "--live", "--stage", STAGE, environ=environ, project=tmp_path)

    assert result.returncode == 1, result.stdout + result.stderr
    assert (
        "billing: BREAKS: would send billing.invoice.paid v2 only; the deployed notification reads v1 only. "
        "Deploy notification first"
    ) in result.stdout


def test_a_deploy_that_would_break_what_is_live_never_reaches_cdk(
    stack: Stack, environ: dict[str, str], tmp_path: Path
) -> None:
    cdk, called = tmp_path / "cdk", tmp_path / "called"
    cdk.write_text(f"#!/bin/sh\ntouch {called}\n")
    cdk.chmod(0o755)
    environ = environ | {"PATH": f"{tmp_path}{os.pathsep}{environ['PATH']}"}
    notification = next(contract_of(service) for service in SERVICES if service.name == "notification")

    with deployed(stack, "notification", replace(notification, reads={"billing.invoice.paid": (9,)})):
        result = ops("deploy", "Billing", "--stage", STAGE, environ=environ)

    assert (result.returncode, called.exists()) == (1, False), result.stdout + result.stderr
    assert "would send billing.invoice.paid v1 only; the deployed notification reads v9 only" in result.stderr
