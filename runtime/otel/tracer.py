"""The tracer that tells: spans by OpenTelemetry's SDK, handed to whoever sends them at the end of an invocation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, Protocol

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags, TraceState

from events.envelope import CloudEvent
from events.trace_context import TraceContext
from runtime.errors import BreakwaterError
from runtime.otel import conventions
from runtime.otel.conventions import Told
from runtime.telemetry import UNEXPECTED
from runtime.tracing import Span, Value, activated, current

#: The root of all: no parent, whatever the SDK thinks is going on.
_NOWHERE: Final = Context()


class Outgoing(Protocol):
    """What becomes of finished spans."""

    @property
    def processor(self) -> SpanProcessor: ...

    def send(self) -> None:
        """Send what has been finished since, within bounded time. Never raises."""


class OtelSpan:
    """One span, and the `tracestate` that goes through it untouched."""

    def __init__(self, span: trace.Span, state: str) -> None:
        self.span = span
        self._state = state

    @cached_property
    def context(self) -> TraceContext:
        own = self.span.get_span_context()
        return TraceContext(
            trace_id=f"{own.trace_id:032x}",
            parent_id=f"{own.span_id:016x}",
            flags=int(own.trace_flags),
            tracestate=self._state,
        )

    @cached_property
    def carrier(self) -> Mapping[str, str]:
        return self.context.carrier

    def active(self) -> AbstractContextManager[object]:
        return activated(self)

    def link(self, events: Iterable[CloudEvent]) -> None:
        for context in _contexts(events):
            if context != self.context:
                self.span.add_link(_remote(context))

    def answered(self, status: int) -> None:
        self._tell(*conventions.answered(status))

    def end(self, *, error: str = "", **attributes: Value) -> None:
        self.finish(error, {f"breakwater.{name}": value for name, value in attributes.items()})

    def finish(self, error: str = "", attributes: Mapping[str, Value] = MappingProxyType({})) -> None:
        """Once is enough: a block may end its span itself, to say more than that it went through."""
        if self.span.is_recording():
            self._tell(error, attributes)
            self.span.end()

    def _tell(self, error: str, attributes: Mapping[str, Value]) -> None:
        self.span.set_attributes(dict(attributes))
        if error:
            self.span.set_attribute("error.type", error)
            self.span.set_status(Status(StatusCode.ERROR))


class OtelTracer:
    """See runtime.tracing.Tracer. `ratio` is the share of new traces that is recorded, from 0 to 1.

    `xray_header` gives the invocation's own, as Lambda has it. One that says "not sampled" is no decision about us:
    Lambda writes it wherever its own tracing is off.
    """

    def __init__(
        self,
        outgoing: Outgoing,
        *,
        ratio: float,
        resource: Mapping[str, str],
        xray_header: Callable[[], str | None] = lambda: None,
    ) -> None:
        provider = TracerProvider(
            sampler=ParentBasedTraceIdRatio(ratio), resource=Resource(dict(resource)), shutdown_on_exit=False
        )
        provider.add_span_processor(outgoing.processor)
        self._tracer = provider.get_tracer("breakwater")
        self._outgoing = outgoing
        self._xray_header = xray_header

    def receiving(self, name: str, records: Sequence[Mapping[str, Any]]) -> AbstractContextManager[Span]:
        return self._invoked(conventions.receiving(name, records), self._invoker())

    def running(self, name: str) -> AbstractContextManager[Span]:
        return self._invoked(conventions.running(name), self._invoker())

    def serving(self, request: Mapping[str, Any]) -> AbstractContextManager[Span]:
        parent = TraceContext.of(request.get("headers", {})) or self._invoker()
        return self._invoked(conventions.serving(request), parent)

    def processing(self, record: Mapping[str, Any], event: CloudEvent | None) -> Span:
        batch = current()
        began = TraceContext.of(event.extensions) if event else None
        parent = began or TraceContext.from_xray(record.get("attributes", {}).get("AWSTraceHeader"))
        span = self._start(conventions.processing(record, event), parent)
        if parent is not None and isinstance(batch, OtelSpan):
            span.span.add_link(batch.span.get_span_context())
            batch.span.add_link(_remote(parent))
        return span

    @contextmanager
    def sending(self, destination: str, events: Sequence[CloudEvent]) -> Iterator[Span]:
        """In the trace of its events, where they have one and the same beginning; else in that of the batch."""
        began = _contexts(events)
        span = self._start(conventions.sending(destination, events), began[0] if len(began) == 1 else None)
        span.link(events)
        with self._ended(span):
            yield span

    @contextmanager
    def calling(self, name: str, attributes: Mapping[str, Value]) -> Iterator[Span]:
        span = self._start(conventions.calling(name, attributes), None)
        with self._ended(span):
            yield span

    def begin(self, told: Told) -> OtelSpan:
        """A part of what is active, that the caller ends."""
        return self._start(told, None)

    def _start(self, told: Told, parent: TraceContext | None) -> OtelSpan:
        """Below `parent`, or else below what is active."""
        above = current()
        if parent is not None:
            where, state = _at(NonRecordingSpan(_remote(parent))), parent.tracestate
        elif isinstance(above, OtelSpan):
            where, state = _at(above.span), above.context.tracestate
        else:
            where, state = _NOWHERE, ""
        span = self._tracer.start_span(told.name, context=where, kind=told.kind, attributes=dict(told.attributes))
        return OtelSpan(span, state)

    @contextmanager
    def _invoked(self, told: Told, parent: TraceContext | None) -> Iterator[OtelSpan]:
        try:
            with self._ended(self._start(told, parent)) as span:
                yield span
        finally:
            self._outgoing.send()

    @contextmanager
    def _ended(self, span: OtelSpan) -> Iterator[OtelSpan]:
        """Active in the block, and over with it."""
        try:
            with span.active():
                yield span
        except BaseException as error:
            span.finish(_code(error))
            raise
        span.finish()

    def _invoker(self) -> TraceContext | None:
        context = TraceContext.from_xray(self._xray_header())
        return context if context is not None and context.sampled else None


def _code(error: BaseException) -> str:
    return error.code if isinstance(error, BreakwaterError) else UNEXPECTED


def _contexts(events: Iterable[CloudEvent]) -> list[TraceContext]:
    """Where the events began, each place once."""
    found = (TraceContext.of(event.extensions) for event in events)
    return list(dict.fromkeys(context for context in found if context is not None))


def _at(span: trace.Span) -> Context:
    return trace.set_span_in_context(span, _NOWHERE)


def _remote(context: TraceContext) -> SpanContext:
    return SpanContext(
        trace_id=int(context.trace_id, 16),
        span_id=int(context.parent_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(context.flags),
        trace_state=TraceState.from_header([context.tracestate] if context.tracestate else []),
    )
