"""What the functions are, what they know, and what is in their packages."""

from __future__ import annotations

import json
import subprocess
import sys
from zipfile import ZipFile

import pytest

from infra.aws_models import OPERATIONS
from infra.packaging import package
from tests.infra.templates import SERVICES

EVERYWHERE = {"EVENT_BUS_NAME", "POWERTOOLS_LOG_LEVEL", "POWERTOOLS_SERVICE_NAME", "STAGE"}
CONSUMER = {"QUEUE_URL", "DEAD_LETTER_QUEUE_URL", "CLAIM_BUCKET"}
VARIABLES = {
    "ingestion": CONSUMER,
    "ingestion-api": {"INGESTION_QUEUE_URL", "CLAIM_BUCKET"},
    "ingestion-files": {*CONSUMER, "CHECKPOINTS_TABLE"},
    "billing": {*CONSUMER, "BILLING_TABLE"},
    "billing-usage": {*CONSUMER, "BILLING_TABLE"},
    "billing-api": {"BILLING_TABLE", "IDEMPOTENCY_TABLE"},
    "billing-accounts": {*CONSUMER, "BILLING_TABLE"},
    "billing-close": {"QUEUE_URL"},
    "billing-relay": {"DEAD_LETTER_QUEUE_URL", "CLAIM_BUCKET"},
    "notification": {
        *CONSUMER,
        "CONTACTS_TABLE",
        "IDEMPOTENCY_TABLE",
        "SENDER_ADDRESS",
        "WEBHOOK_SECRET_ARN",
        "WEBHOOK_TRUSTED_HOSTS",
    },
    "notification-contacts": {*CONSUMER, "CONTACTS_TABLE"},
}


def test_the_functions_are_the_manifests_and_no_others(assembly):
    deployed = {
        function["FunctionName"]
        for template in assembly.stacks.values()
        for function in template.of_type("AWS::Lambda::Function").values()
    }

    assert deployed == {assembly.name(f.name) for service in SERVICES.values() for f in service.functions}


def test_a_function_runs_as_its_manifest_says(assembly):
    for _, spec, _, function in assembly.functions():
        assert function["Handler"] == spec.handler
        assert function["Timeout"] == spec.timeout
        assert function["MemorySize"] == spec.memory_mib
        assert function["Runtime"] == "python3.13"


def test_functions_on_aws_run_on_arm(assemblies):
    for stage in ("dev", "prod"):
        assert all(f["Architectures"] == ["arm64"] for *_, f in assemblies[stage].functions())


def test_a_function_knows_what_it_needs_and_nothing_else(assembly):
    for _, spec, _, function in assembly.functions():
        assert set(function["Environment"]["Variables"]) == EVERYWHERE | VARIABLES[spec.name], spec.name


def test_no_function_is_told_of_an_endpoint(assembly):
    for _, _, _, function in assembly.functions():
        assert not [name for name in function["Environment"]["Variables"] if name.startswith("AWS_")]


def test_logs_are_forgotten(assembly):
    for template in assembly.stacks.values():
        assert all("RetentionInDays" in group for group in template.of_type("AWS::Logs::LogGroup").values())


@pytest.fixture(scope="module", params=sorted(SERVICES))
def unpacked(request, tmp_path_factory):
    service = SERVICES[request.param]
    folder = tmp_path_factory.mktemp(service.name)
    with ZipFile(package([service.name], "this-machine").path) as archive:
        archive.extractall(folder)
    return service, folder


def test_every_handler_can_be_imported_from_the_package_alone(unpacked):
    service, folder = unpacked
    handlers = [function.handler for function in service.functions]
    program = f"""
import importlib, json, sys
sys.path.insert(0, {str(folder)!r})
found = {{}}
for handler in {handlers!r}:
    module, _, name = handler.rpartition(".")
    found[handler] = callable(getattr(importlib.import_module(module), name, None))
outside = [m.__file__ for m in sys.modules.values() if "site-packages" in str(getattr(m, "__file__", ""))]
print(json.dumps([found, outside]))
"""

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-I", "-S", "-c", program],
        env={},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [dict.fromkeys(handlers, True), []]


def test_a_client_of_every_service_we_call_can_be_made_from_the_package(unpacked):
    _, folder = unpacked
    program = f"""
import sys
sys.path.insert(0, {str(folder)!r})
import botocore
from runtime.aws import client
for name in {sorted(OPERATIONS)!r}:
    client(name)
print(botocore.__file__)
"""

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-I", "-S", "-c", program],
        env={"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(folder))
