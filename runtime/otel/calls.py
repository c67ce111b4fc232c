"""Every call of an AWS client as a span below whatever is active, by botocore's own events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runtime.aws import ANSWERS
from runtime.otel import conventions
from runtime.otel.tracer import OtelSpan, OtelTracer
from runtime.tracing import Value, current

_KEY: Final = "breakwater_span"


class CallSpans:
    """`watch` a client, and its calls are told. A call outside of an invocation is nobody's, and is not."""

    def __init__(self, tracer: OtelTracer) -> None:
        self._tracer = tracer

    def watch(self, client: Any) -> None:
        client.meta.events.register("before-parameter-build", self._begin)
        client.meta.events.register("after-call", _answered)
        client.meta.events.register("after-call-error", _failed)

    def _begin(self, *, model: Any, params: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
        if isinstance(current(), OtelSpan):
            service = str(model.service_model.service_id)
            context[_KEY] = self._tracer.begin(conventions.aws_call(service, str(model.name), params))


def _answered(*, parsed: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
    span = context.pop(_KEY, None)
    if span is not None:
        code = str(parsed.get("Error", {}).get("Code", ""))
        about = parsed.get("ResponseMetadata", {})
        span.finish("" if code in ANSWERS else code, _answer(about, code))


def _failed(*, exception: BaseException, context: dict[str, Any], **_: object) -> None:
    span = context.pop(_KEY, None)
    if span is not None:
        span.finish(type(exception).__name__)


def _answer(about: Mapping[str, Any], code: str) -> dict[str, Value]:
    known: dict[str, Any] = {
        "aws.request_id": about.get("RequestId"),
        "http.response.status_code": about.get("HTTPStatusCode"),
        "http.request.resend_count": about.get("RetryAttempts") or None,
        "rpc.response.status_code": code or None,
    }
    return {name: value for name, value in known.items() if value is not None}
