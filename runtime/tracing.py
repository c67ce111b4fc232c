"""Traces: what the runtime does, told as spans to whoever listens. By default nobody does, and it costs nothing.

    receiving, serving, running   one invocation: with a batch, a request, or because it is time
    processing                    one record of a batch; it goes on where its event began
    sending                       one call that hands events over
    calling                       one effect on the outside world

A span's carrier (see events.trace_context) is what its consequences begin with: an event that is published or put
into an outbox carries that of the record's span that brought it about. Without a listener, carriers are empty, and
events inherit from their cause what it came with.

Two implementations: Passive here, and runtime.otel.tracer, which is imported only where the environment asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Final, Protocol, Self

from events.envelope import CloudEvent
from events.trace_context import TRACEPARENT, TraceContext, passed_on

Value = str | int | float | bool


class Span(Protocol):
    @property
    def carrier(self) -> Mapping[str, str]:
        """`traceparent` and `tracestate` for what this brings about; empty where that is not this span's to say."""

    def active(self) -> AbstractContextManager[object]:
        """Whatever is done in the block is a part of this."""

    def link(self, events: Iterable[CloudEvent]) -> None:
        """These events are what it is about."""

    def answered(self, status: int) -> None:
        """Of a request: its HTTP status."""

    def end(self, *, error: str = "", **attributes: Value) -> None:
        """It is over; `error` is the code of what it failed by. Attributes are of `breakwater.*`."""


class Tracer(Protocol):
    """Every method is cheap, and none ever raises for what becomes of the spans."""

    def receiving(self, name: str, records: Sequence[Mapping[str, Any]]) -> AbstractContextManager[Span]:
        """A consumer's or a relay's invocation, by its function's name. Spans are sent when the block ends."""

    def serving(self, request: Mapping[str, Any]) -> AbstractContextManager[Span]:
        """An HTTP API's, with API Gateway's event (payload format 2.0). Spans are sent when the block ends."""

    def running(self, name: str) -> AbstractContextManager[Span]:
        """A schedule's. Spans are sent when the block ends."""

    def processing(self, record: Mapping[str, Any], event: CloudEvent | None) -> Span:
        """One record, with its event if there is one. Its parent is where the event began."""

    def sending(self, destination: str, events: Sequence[CloudEvent]) -> AbstractContextManager[Span]:
        """A call that hands these events to a bus or queue. Without any, those that follow begin with its carrier."""

    def calling(self, name: str, attributes: Mapping[str, Value]) -> AbstractContextManager[Span]:
        """An effect outside; what the block raises, it failed by. Attributes are named as OpenTelemetry names them."""


class NoSpan:
    """Says nothing. Also every context manager of Passive's."""

    carrier: Mapping[str, str] = MappingProxyType({})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def active(self) -> NoSpan:
        return self

    def link(self, events: Iterable[CloudEvent]) -> None: ...

    def answered(self, status: int) -> None: ...

    def end(self, *, error: str = "", **attributes: Value) -> None: ...


NO_SPAN: Final = NoSpan()
_active: ContextVar[Span] = ContextVar("active_span", default=NO_SPAN)


def current() -> Span:
    """The innermost active span of this line of execution."""
    return _active.get()


@contextmanager
def activated(span: Span) -> Iterator[None]:
    token = _active.set(span)
    try:
        yield
    finally:
        _active.reset(token)


class _Forwarded(NoSpan):
    """A request that is not ours to tell of: what it brings about begins where it did."""

    def __init__(self, carrier: Mapping[str, str]) -> None:
        self.carrier = carrier


class Passive:
    """Takes no part in traces, and passes them on unchanged."""

    def receiving(self, name: str, records: Sequence[Mapping[str, Any]]) -> NoSpan:  # noqa: ARG002 - nobody listens
        return NO_SPAN

    def serving(self, request: Mapping[str, Any]) -> AbstractContextManager[Span]:
        headers = request.get("headers", {})
        return _forwarding(passed_on(headers)) if TRACEPARENT in headers else NO_SPAN

    def running(self, name: str) -> NoSpan:  # noqa: ARG002 - as above
        return NO_SPAN

    def processing(self, record: Mapping[str, Any], event: CloudEvent | None) -> NoSpan:  # noqa: ARG002 - as above
        return NO_SPAN

    def sending(self, destination: str, events: Sequence[CloudEvent]) -> NoSpan:  # noqa: ARG002 - as above
        return NO_SPAN

    def calling(self, name: str, attributes: Mapping[str, Value]) -> NoSpan:  # noqa: ARG002 - as above
        return NO_SPAN


PASSIVE: Final = Passive()


@contextmanager
def _forwarding(carrier: Mapping[str, str]) -> Iterator[Span]:
    span = _Forwarded(carrier)
    with activated(span):
        yield span


def begun_here(event: CloudEvent) -> CloudEvent:
    """The event, begun by what is active if it names nothing else."""
    carrier = _active.get().carrier
    return event.in_trace(carrier) if carrier and TraceContext.of(event.extensions) is None else event


def begun_by(span: Span, event: CloudEvent, *, cause: CloudEvent | None = None) -> CloudEvent:
    """The event as it is sent out from the span. One that is only passed on keeps the context of its beginning."""
    carrier = span.carrier
    if not carrier:
        return event
    passed = cause is not None and cause.identity == event.identity and TraceContext.of(event.extensions) is not None
    return event if passed else event.in_trace(carrier)
