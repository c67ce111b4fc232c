"""The process's tracer, as the environment asks for it: one for all that runs in the process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from pydantic import Field

from runtime.settings import Settings
from runtime.telemetry import logger
from runtime.tracing import PASSIVE, Tracer

#: Where spans go (OTLP over HTTP, without the signal's path), and the switch: without it, there are none.
ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
#: The share of new traces that is recorded, from 0 to 1. A trace that is under way decides for itself.
RATIO: Final = "OTEL_TRACES_SAMPLER_ARG"


class TracingSettings(Settings):
    """The endpoint, the ratio, and what spans say of the process."""

    otel_exporter_otlp_endpoint: str
    otel_traces_sampler_arg: float = Field(default=1.0, ge=0, le=1)
    powertools_service_name: str = "breakwater"
    aws_lambda_function_name: str = "unknown"
    stage: str = "unknown"


def tracer_from_env(environ: Mapping[str, str]) -> Tracer:
    """Raises ConfigurationError. OpenTelemetry is imported only where the endpoint is set, and need not be there."""
    if not environ.get(ENDPOINT):
        return PASSIVE
    settings = TracingSettings.from_env(environ)
    try:
        return _tracer(settings, _Live(environ))
    except ModuleNotFoundError as error:
        logger().warning("no_tracing", extra={"error_message": f"{error}: deploy the stage with tracing on"})
        return PASSIVE


class _Live:
    """The environment as it is at each invocation: Lambda writes X-Ray's header into it. All are the same one."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __call__(self) -> str | None:
        return self._environ.get("_X_AMZN_TRACE_ID")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Live)

    def __hash__(self) -> int:
        return 0


@cache
def _tracer(settings: TracingSettings, xray_header: _Live) -> Tracer:
    from runtime.aws import watch  # noqa: PLC0415 - what is not needed is not loaded
    from runtime.otel.calls import CallSpans  # noqa: PLC0415
    from runtime.otel.export import exported_spans  # noqa: PLC0415
    from runtime.otel.tracer import OtelTracer  # noqa: PLC0415

    tracer = OtelTracer(
        exported_spans(settings.otel_exporter_otlp_endpoint),
        ratio=settings.otel_traces_sampler_arg,
        resource={
            "service.name": settings.powertools_service_name,
            "service.namespace": "breakwater",
            "deployment.environment.name": settings.stage,
            "cloud.provider": "aws",
            "cloud.platform": "aws_lambda",
            "faas.name": settings.aws_lambda_function_name,
        },
        xray_header=xray_header,
    )
    watch(CallSpans(tracer).watch)
    return tracer
