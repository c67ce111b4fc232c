"""What spans are called and what they say: OpenTelemetry's semantic conventions for messaging, HTTP, CloudEvents, RPC.

The messaging conventions are not stable; these are the names of version 1.37 and later. What they have no name for
is in `breakwater.*`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from opentelemetry.trace import SpanKind

from events.envelope import CloudEvent
from runtime.tracing import Value

_QUEUE: Final = {"messaging.system": "aws_sqs"}
_BUS: Final = {"messaging.system": "aws_eventbridge"}
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known of a span when it begins."""

    name: str
    kind: SpanKind
    attributes: Mapping[str, Value]


def receiving(name: str, records: Sequence[Mapping[str, Any]]) -> Told:
    """A batch of a queue; of a stream, which is no messaging system by the conventions, the relay's name."""
    count: dict[str, Value] = {"messaging.batch.message_count": len(records)}
    if not any("messageId" in record for record in records):
        attributes: dict[str, Value] = {"faas.trigger": "datasource", **count}
        return Told(name=f"receive {name}", kind=SpanKind.CLIENT, attributes=attributes)
    queue = _queue(records[0])
    attributes = {"faas.trigger": "pubsub", **count, **_operation("receive", queue), **_QUEUE}
    return Told(name=f"receive {queue}", kind=SpanKind.CLIENT, attributes=attributes)


def processing(record: Mapping[str, Any], event: CloudEvent | None) -> Told:
    queue = _queue(record)
    attributes = {
        **_operation("process", queue),
        **_QUEUE,
        "messaging.message.id": str(record["messageId"]),
        **({} if event is None else _event(event)),
    }
    return Told(name=f"process {queue}", kind=SpanKind.CONSUMER, attributes=attributes)


def sending(destination: str, events: Sequence[CloudEvent]) -> Told:
    """PRODUCER where what is sent begins here; else it began at what brought it about, and this is a call."""
    if not events:
        attributes: Mapping[str, Value] = {**_operation("send", destination), **_QUEUE}
        return Told(name=f"send {destination}", kind=SpanKind.PRODUCER, attributes=attributes)
    about = _event(events[0]) if len(events) == 1 else {"messaging.batch.message_count": len(events)}
    attributes = {**_operation("send", destination), **_BUS, **about}
    return Told(name=f"send {destination}", kind=SpanKind.CLIENT, attributes=attributes)


def serving(request: Mapping[str, Any]) -> Told:
    """Of a path, a query or a body nothing is said: they may be somebody's data. The route says enough."""
    http = request["requestContext"]["http"]
    method, _, route = str(request.get("routeKey", "")).partition(" ")
    known = {"http.route": route} if route else {}
    attributes = {"faas.trigger": "http", "http.request.method": str(http["method"]), "url.scheme": "https", **known}
    return Told(name=f"{method} {route}" if route else str(http["method"]), kind=SpanKind.SERVER, attributes=attributes)


def answered(status: int) -> tuple[str, dict[str, Value]]:
    """By what a request failed, and its answer: a client's mistakes are not the server's failures."""
    return str(status) if status >= _SERVER_ERROR else "", {"http.response.status_code": status}


def running(name: str) -> Told:
    return Told(name=f"run {name}", kind=SpanKind.SERVER, attributes={"faas.trigger": "timer"})


def calling(name: str, attributes: Mapping[str, Value]) -> Told:
    return Told(name=name, kind=SpanKind.CLIENT, attributes=attributes)


def aws_call(service: str, operation: str, params: Mapping[str, Any]) -> Told:
    method = f"{service}/{operation}"
    attributes: dict[str, Value] = {"rpc.system.name": "aws-api", "rpc.method": method}
    if service == "DynamoDB":
        table = {"db.collection.name": str(params["TableName"])} if "TableName" in params else {}
        attributes |= {"db.system.name": "aws.dynamodb", "db.operation.name": operation, **table}
    return Told(name=method, kind=SpanKind.CLIENT, attributes=attributes)


def _operation(name: str, destination: str) -> dict[str, Value]:
    return {
        "messaging.operation.name": name,
        "messaging.operation.type": name,
        "messaging.destination.name": destination,
    }


def _event(event: CloudEvent) -> dict[str, Value]:
    about: dict[str, Value] = {
        "cloudevents.event_id": event.id,
        "cloudevents.event_source": event.source,
        "cloudevents.event_spec_version": event.specversion,
        "cloudevents.event_type": event.type,
        "messaging.message.conversation_id": event.correlation_id,
    }
    return about | ({} if event.subject is None else {"cloudevents.event_subject": event.subject})


def _queue(record: Mapping[str, Any]) -> str:
    """By its name, the last part of its ARN."""
    return str(record.get("eventSourceARN", "")).rpartition(":")[2]
