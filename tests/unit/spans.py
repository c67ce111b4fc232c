"""A tracer whose spans are kept, and how to read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from runtime.otel.export import SentSpans
from runtime.otel.tracer import OtelTracer


@dataclass(frozen=True)
class Told:
    """One span as its tests see it, wherever it comes from."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    links: tuple[tuple[str, str], ...]
    attributes: dict[str, object] = field(hash=False)
    is_error: bool = False

    @property
    def place(self) -> tuple[str, str]:
        return (self.trace_id, self.span_id)


@dataclass(frozen=True)
class Trace:
    spans: tuple[Told, ...]

    def named(self, name: str) -> list[Told]:
        return [span for span in self.spans if span.name == name]

    def one(self, name: str, **attributes: object) -> Told:
        """The one span of that name; underscores in attributes stand for dots."""
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}
        (found,) = (span for span in self.named(name) if wanted.items() <= span.attributes.items())
        return found

    def of(self, trace_id: str) -> Trace:
        return Trace(tuple(span for span in self.spans if span.trace_id == trace_id))

    def parent_of(self, span: Told) -> Told:
        (found,) = (other for other in self.spans if other.place == (span.trace_id, span.parent_id))
        return found

    def way_to(self, span: Told) -> list[str]:
        """The names from the first span that is known to this one."""
        above = [other for other in self.spans if other.place == (span.trace_id, span.parent_id)]
        return [*(self.way_to(above[0]) if above else []), span.name]


class Listener:
    """What a tracer tells."""

    def __init__(self, *, ratio: float = 1.0, xray_header: str | None = None) -> None:
        self.exporter = InMemorySpanExporter()
        self.tracer = OtelTracer(
            SentSpans(self.exporter),
            ratio=ratio,
            resource={"service.name": "breakwater"},
            xray_header=lambda: xray_header,
        )

    @property
    def told(self) -> Trace:
        return Trace(tuple(told(self.exporter.get_finished_spans())))


def told(spans: Iterable[ReadableSpan]) -> Iterable[Told]:
    for span in spans:
        context = span.get_span_context()
        yield Told(
            name=span.name,
            kind=span.kind.name.lower(),
            trace_id=f"{context.trace_id:032x}",
            span_id=f"{context.span_id:016x}",
            parent_id="" if span.parent is None else f"{span.parent.span_id:016x}",
            links=tuple((f"{x.context.trace_id:032x}", f"{x.context.span_id:016x}") for x in span.links),
            attributes=dict(span.attributes or {}),
            is_error=not span.status.is_ok,
        )
