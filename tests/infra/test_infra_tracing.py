"""Tracing is asked for, by stage: then functions, packages and grants have what it takes, and else nothing of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from infra.cdk_app import build_configured
from infra.check import lint_findings, nag_findings
from infra.config import STAGES as STAGES_BY_NAME
from infra.config import stage_named
from infra.packaging import package
from infra.tracing import ADOT_LAYER, InvalidTracing, Tracing, from_variables, tracing_from
from tests.infra.templates import Assembly, listed

ROOT = Path(__file__).parents[2]
VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER_ARG")
SEGMENTS = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
ON = Tracing(ratio=0.1, endpoint="http://localhost:4318", collector_layer=ADOT_LAYER)


@pytest.fixture(scope="module")
def app_of(tmp_path_factory):
    """A stage with tracing as given, synthesised."""

    def made(stage: str, tracing: Tracing):
        folder = tmp_path_factory.mktemp(stage)
        app = build_configured(replace(stage_named(stage), tracing=tracing), folder)
        app.synth()
        return app, Assembly(stage, folder)

    return made


@pytest.fixture(scope="module")
def on(app_of):
    """What is checked before a merge, for a stage of AWS with the collector beside its functions."""
    return app_of("prod", ON)


# Off


def test_no_stage_has_it_unless_somebody_asks():
    assert {stage.tracing for stage in STAGES_BY_NAME.values()} == {None}


def test_there_is_nothing_of_it_in_a_template_that_has_it_off(assembly):
    for _, spec, _, function in assembly.functions():
        assert not set(VARIABLES) & set(function["Environment"]["Variables"]), spec.name
        assert "Layers" not in function
    assert not [action for _, s in assembly.policies() for action in listed(s["Action"]) if action.startswith("xray:")]


def test_there_is_nothing_of_it_in_a_package_that_has_it_off():
    with ZipFile(package(["billing"], "lambda-arm64").path) as archive:
        assert not [name for name in archive.namelist() if "otel" in name or "opentelemetry" in name]


# On


def test_every_function_knows_where_its_spans_go_and_how_many(on):
    _, assembly = on
    for _, spec, _, function in assembly.functions():
        variables = function["Environment"]["Variables"]
        assert [variables[name] for name in VARIABLES] == ["http://localhost:4318", "0.1"], spec.name


def test_the_collector_runs_beside_every_function_for_its_processor_in_any_region(on):
    _, assembly = on
    for _, spec, _, function in assembly.functions():
        ((_, parts),) = (layer["Fn::Join"] for layer in function["Layers"])
        assert "".join(part if isinstance(part, str) else part["Ref"] for part in parts) == (
            "arn:AWS::Partition:lambda:AWS::Region:901920570463:layer:aws-otel-collector-arm64-ver-0-117-0:1"
        ), spec.name


def test_every_role_may_send_segments_and_nothing_more_everywhere(on):
    _, assembly = on
    for template, spec, logical_id, _ in assembly.functions():
        everywhere = [s for s in template.statements_of(logical_id) if s["Resource"] == "*"]
        assert {action for s in everywhere for action in listed(s["Action"])} == SEGMENTS, spec.name


def test_the_checks_find_nothing_in_it(on):
    app, assembly = on

    assert list(nag_findings(app)) == []
    assert [found for template in assembly.stacks.values() for found in lint_findings(template.path)] == []


def test_there_is_no_layer_and_no_grant_when_somebody_else_collects(app_of):
    _, assembly = app_of("embedded", Tracing(ratio=1, endpoint="http://127.0.0.1:4318", collector_layer=None))

    for template, _, logical_id, function in assembly.functions():
        assert function["Environment"]["Variables"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4318"
        assert "Layers" not in function
        assert not [s for s in template.statements_of(logical_id) if "xray:PutTraceSegments" in listed(s["Action"])]


@pytest.mark.parametrize("target", ["lambda-arm64", "this-machine"])
def test_a_package_that_has_it_on_carries_it_in_pure_python_and_still_fits(target):
    off, on = (package(["billing"], target, tracing=tracing).path for tracing in (False, True))
    with ZipFile(on) as archive, ZipFile(off) as without:
        added = set(archive.namelist()) - set(without.namelist())
        unpacked = sum(entry.file_size for entry in archive.infolist())

    assert {"runtime/otel/tracer.py", "opentelemetry/sdk/trace/__init__.py"} <= added
    assert not [name for name in added if name.endswith(".so") or name.startswith("google/")]
    assert unpacked < 60 * 1024 * 1024


def test_a_traced_package_makes_its_tracer_from_itself_alone(tmp_path):
    with ZipFile(package(["billing"], "this-machine", tracing=True).path) as archive:
        archive.extractall(tmp_path)
    program = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from runtime.lambda_tracing import tracer_from_env
tracer = tracer_from_env({{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}})
with tracer.running("it"):
    pass
files = [str(getattr(module, "__file__", "")) for module in sys.modules.values()]
print(type(tracer).__name__, [file for file in files if "site-packages" in file])
"""

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-I", "-S", "-c", program], env={}, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.stdout.splitlines()[-1:] == ["OtelTracer []"], done.stderr


# Asking for it


@pytest.mark.parametrize(
    ("variables", "on_lambda", "expected"),
    [
        ({}, True, None),
        ({"BREAKWATER_TRACING": ""}, True, None),
        ({"BREAKWATER_TRACING": "0.1"}, True, ON),
        (
            {"BREAKWATER_TRACING": "1", "BREAKWATER_COLLECTOR_LAYER": "arn:mine"},
            True,
            Tracing(ratio=1, endpoint="http://localhost:4318", collector_layer="arn:mine"),
        ),
        (
            {"BREAKWATER_OTLP_ENDPOINT": "http://127.0.0.1:4318"},
            False,
            Tracing(ratio=1, endpoint="http://127.0.0.1:4318", collector_layer=None),
        ),
        (
            {"BREAKWATER_OTLP_ENDPOINT": "https://otel.example.com", "BREAKWATER_TRACING": "0.5"},
            True,
            Tracing(ratio=0.5, endpoint="https://otel.example.com", collector_layer=None),
        ),
    ],
)
def test_what_is_asked_for(variables, on_lambda, expected):
    assert tracing_from(from_variables(variables), on_lambda=on_lambda) == expected


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"BREAKWATER_TRACING": "some"}, "a number from 0 to 1"),
        ({"BREAKWATER_TRACING": "1.1"}, "a number from 0 to 1"),
        ({"BREAKWATER_TRACING": "nan"}, "a number from 0 to 1"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_would(variables, says):
    with pytest.raises(InvalidTracing, match=says):
        tracing_from(from_variables(variables), on_lambda=True)


def test_a_stage_without_layers_must_be_told_where_a_collector_listens():
    with pytest.raises(InvalidTracing, match="BREAKWATER_OTLP_ENDPOINT="):
        tracing_from(from_variables({"BREAKWATER_TRACING": "1"}), on_lambda=False)


def synthesise(folder: Path, *, context: dict[str, str], **variables: str) -> subprocess.CompletedProcess[str]:
    """The app as the cdk command runs it."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("BREAKWATER_", "CDK_"))}
    asked = {"CDK_OUTDIR": str(folder), "CDK_CONTEXT_JSON": json.dumps(context), **variables}
    return subprocess.run(
        [sys.executable, "-m", "infra.cdk_app"],
        cwd=ROOT,
        env=environ | asked,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_app_takes_the_knobs_from_context(tmp_path):
    done = synthesise(tmp_path, context={"stage": "dev", "tracing": "0.25"})

    assert done.returncode == 0, done.stderr
    for _, _, _, function in Assembly("dev", tmp_path).functions():
        assert function["Environment"]["Variables"]["OTEL_TRACES_SAMPLER_ARG"] == "0.25"


def test_the_app_says_what_to_do_when_the_knobs_make_no_sense(tmp_path):
    done = synthesise(tmp_path, context={"stage": "embedded", "tracing": "1"})

    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("infra: tracing: no collector runs beside")
