"""Spans leave at an invocation's end, in bounded time, and tracing never fails what is traced."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from runtime import lambda_tracing
from runtime.errors import ConfigurationError
from runtime.lambda_tracing import tracer_from_env
from runtime.otel import export
from runtime.otel.calls import CallSpans
from runtime.otel.export import PAUSE, TIMEOUT, SentSpans, exported_spans
from runtime.otel.tracer import OtelTracer
from runtime.telemetry import logger
from runtime.tracing import PASSIVE
from tests.unit.otlp_collector import collecting
from tests.unit.spans import Listener

ROOT = Path(__file__).parents[2]


class Exporter(SpanExporter):
    """Takes what it gets, or does what `trouble` says."""

    def __init__(self, *trouble: SpanExportResult | Exception) -> None:
        self.batches: list[list[str]] = []
        self.trouble = list(trouble)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.batches.append([span.name for span in spans])
        outcome = self.trouble.pop(0) if self.trouble else SpanExportResult.SUCCESS
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class Stopwatch:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def tracer(outgoing: SentSpans) -> OtelTracer:
    return OtelTracer(outgoing, ratio=1, resource={"service.name": "s"})


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []
    monkeypatch.setattr(logger(), "warning", lambda name, extra: said.append({"message": name, **extra}))
    return said


def test_an_invocation_s_spans_leave_in_one_request_when_it_ends() -> None:
    exporter = Exporter()
    listening = tracer(SentSpans(exporter))

    with listening.running("first"), listening.calling("POST", {}):
        assert exporter.batches == []
    with listening.running("second"):
        pass

    assert exporter.batches == [["POST", "run first"], ["run second"]]


def test_spans_leave_also_when_the_invocation_fails() -> None:
    exporter = Exporter()

    with pytest.raises(RuntimeError, match="no"), tracer(SentSpans(exporter)).running("it"):
        raise RuntimeError("no")

    assert exporter.batches == [["run it"]]


@pytest.mark.parametrize("trouble", [SpanExportResult.FAILURE, RuntimeError("broken")])
def test_after_a_failure_there_is_a_pause_and_then_it_goes_on(
    trouble: SpanExportResult | Exception, warnings: list[dict[str, Any]]
) -> None:
    exporter, elapsed = Exporter(trouble), Stopwatch()
    listening = tracer(SentSpans(exporter, elapsed=elapsed))

    for seconds in (0, PAUSE - 1, PAUSE):
        elapsed.seconds = seconds
        with listening.running("it"):
            pass

    assert len(exporter.batches) == 2
    assert warnings == [{"message": "spans_lost", "spans": 1}]


def test_what_is_too_much_for_one_request_is_dropped_and_counted(
    monkeypatch: pytest.MonkeyPatch, warnings: list[dict[str, Any]]
) -> None:
    monkeypatch.setattr(export, "MOST", 2)
    exporter = Exporter()
    listening = tracer(SentSpans(exporter))

    with listening.running("it"):
        for _ in range(4):
            with listening.calling("POST", {}):
                pass

    assert [len(batch) for batch in exporter.batches] == [2]
    assert warnings == [{"message": "spans_lost", "spans": 3}]


def test_a_collector_gets_them_as_otlp_over_http() -> None:
    with collecting() as collector:
        with tracer(exported_spans(f"{collector.url}/")).running("it"):
            pass

        assert [span.name for span in collector.told.spans] == ["run it"]
        assert collector.resources == [{"service.name": "s"}]


def test_a_collector_that_never_answers_is_left_after_the_timeout(warnings: list[dict[str, Any]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        listening = tracer(exported_spans(f"http://127.0.0.1:{deaf.getsockname()[1]}"))
        started = time.monotonic()
        with listening.running("it"):
            pass
        with listening.running("it"):
            pass
        took = time.monotonic() - started

    assert took < 4 * TIMEOUT + 2  # without the limit, ten seconds each
    assert warnings == [{"message": "spans_lost", "spans": 1}]


# AWS's calls


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def table(listener: Listener) -> Iterator[Stubber]:
    client = boto3.client("dynamodb", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
    CallSpans(listener.tracer).watch(client)
    with Stubber(client) as stub:
        yield stub


def put(stub: Stubber) -> None:
    stub.client.put_item(TableName="billing", Item={"pk": {"S": "secret"}})


def test_a_call_of_aws_is_a_span_below_what_is_active(listener: Listener, table: Stubber) -> None:
    table.add_response("put_item", {"ResponseMetadata": {"RequestId": "r-1", "HTTPStatusCode": 200}})

    with listener.tracer.running("it"):
        put(table)

    call = listener.told.one("DynamoDB/PutItem")
    assert listener.told.parent_of(call).name == "run it"
    assert call.kind == "client"
    assert call.attributes == {
        "rpc.system.name": "aws-api",
        "rpc.method": "DynamoDB/PutItem",
        "db.system.name": "aws.dynamodb",
        "db.operation.name": "PutItem",
        "db.collection.name": "billing",
        "aws.request_id": "r-1",
        "http.response.status_code": 200,
    }


@pytest.mark.parametrize(("code", "fails"), [("ThrottlingException", True), ("ConditionalCheckFailedException", False)])
def test_an_error_is_a_failure_unless_it_is_the_answer(
    listener: Listener, table: Stubber, code: str, fails: bool
) -> None:
    table.add_client_error("put_item", code, http_status_code=400)

    with listener.tracer.running("it"), pytest.raises(ClientError):
        put(table)

    call = listener.told.one("DynamoDB/PutItem")
    assert call.is_error is fails
    assert call.attributes["rpc.response.status_code"] == code


def test_a_call_outside_of_an_invocation_is_nobody_s(listener: Listener, table: Stubber) -> None:
    table.add_response("put_item", {})

    put(table)

    assert listener.told.spans == ()


def test_a_call_that_gets_no_answer_is_a_failure(listener: Listener) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    client = boto3.client(
        "sqs", region_name="eu-central-1", endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="b"
    )
    client.meta.config.retries = {"total_max_attempts": 1}
    CallSpans(listener.tracer).watch(client)

    with listener.tracer.running("it"), pytest.raises(Exception, match="connect"):
        client.get_queue_url(QueueName="q")

    assert listener.told.one("SQS/GetQueueUrl").is_error


# The environment


def test_without_an_endpoint_nobody_listens() -> None:
    assert tracer_from_env({}) is PASSIVE
    assert tracer_from_env({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}) is PASSIVE


def test_a_process_has_one_tracer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.aws.watch", lambda _: None)
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "POWERTOOLS_SERVICE_NAME": "billing"}

    assert tracer_from_env(environ) is tracer_from_env({**environ, "_X_AMZN_TRACE_ID": "Root=1"})
    lambda_tracing._tracer.cache_clear()


def test_a_share_that_is_none_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="OTEL_TRACES_SAMPLER_ARG"):
        tracer_from_env({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318", "OTEL_TRACES_SAMPLER_ARG": "2"})


def test_a_package_without_opentelemetry_does_its_work_untraced(
    monkeypatch: pytest.MonkeyPatch, warnings: list[dict[str, Any]]
) -> None:
    monkeypatch.setitem(sys.modules, "runtime.otel.tracer", None)

    assert tracer_from_env({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:2"}) is PASSIVE
    assert [line["message"] for line in warnings] == ["no_tracing"]


@pytest.mark.parametrize(
    "handler", ["billing.handler", "billing.api", "billing.relay", "ingestion.api", "notification.handler"]
)
def test_nothing_of_opentelemetry_is_imported_unless_it_is_asked_for(handler: str) -> None:
    program = f"import sys, functions.{handler}; print([m for m in sys.modules if 'opentelemetry' in m or 'otel' in m])"

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout.strip() == "[]"
