"""Finished spans, kept until their invocation ends and then sent in one request: a sandbox may freeze after that.

OTLP over HTTP as JSON: what the SDK's protobuf exporter would bring along (protobuf, requests and theirs) is larger
than everything else in a function's package. A collector that is away costs an invocation at most TIMEOUT, and the
next ones nothing for PAUSE.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from opentelemetry.exporter.otlp.json.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from runtime.telemetry import logger

#: Seconds: of one export, its tries and waits included. The collector is a neighbour in the same sandbox.
TIMEOUT: Final = 0.5
#: Seconds without a try after an export that failed.
PAUSE: Final = 30.0
#: Spans kept of one invocation: a file of a million records has more calls than anybody reads.
MOST: Final = 2048


def exported_spans(endpoint: str) -> SentSpans:
    """Sends to an OTLP endpoint such as http://localhost:4318."""
    # It would log each failure by itself, outside of our lines.
    logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)
    return SentSpans(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=TIMEOUT))


class Kept(SpanProcessor):
    """Recorded spans in the order in which they ended."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.dropped = 0

    def on_end(self, span: ReadableSpan) -> None:
        if len(self.spans) < MOST:
            self.spans.append(span)
        else:
            self.dropped += 1

    def taken(self) -> list[ReadableSpan]:
        """All that there are; afterwards there are none."""
        spans, self.spans, self.dropped = self.spans, [], 0
        return spans


class SentSpans:
    """A runtime.otel.tracer.Outgoing over any of the SDK's exporters."""

    def __init__(self, exporter: SpanExporter, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self.processor = Kept()
        self._exporter = exporter
        self._elapsed = elapsed
        self._quiet_until = float("-inf")

    def send(self) -> None:
        """A failure loses the spans, and is told in one line."""
        dropped = self.processor.dropped
        spans = self.processor.taken()
        if not spans or self._elapsed() < self._quiet_until:
            return
        if not self._export(spans):
            self._quiet_until = self._elapsed() + PAUSE
            dropped += len(spans)
        if dropped:
            logger().warning("spans_lost", extra={"spans": dropped})

    def _export(self, spans: list[ReadableSpan]) -> bool:
        try:
            return self._exporter.export(spans) is SpanExportResult.SUCCESS
        except Exception:  # noqa: BLE001 - tracing never fails what is traced
            return False
