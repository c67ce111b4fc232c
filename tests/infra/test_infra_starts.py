"""Every package starts and does its first work with what is in it: models that were cut down, bytecode, no boto3."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from contracts.company import SERVICES
from infra.packaging import ROOT

#: It would have to find its file in S3.
_NOT_STARTED = "ingestion-files"


def test_each_function_handles_its_first_record_from_its_package():
    command = [sys.executable, "-m", "bench", "cold", "--rounds", "1", "--runs", "1", "--json"]

    done = subprocess.run(  # noqa: S603
        command, cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    functions = {function.name for service in SERVICES for function in service.functions}
    assert {result["function"] for result in told["results"]} == functions - {_NOT_STARTED} | {"plain", "deployed"}
    assert {asset["service"] for asset in told["assets"]} == {service.name for service in SERVICES}
    assert all(asset["zipped"] < asset["unpacked"] for asset in told["assets"])
