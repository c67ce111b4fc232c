"""AsyncAPI 3.0 documents, derived from the catalog and the manifests: one of the company, one of each service.

A message's payload is the whole CloudEvent (structured mode), its headers are what EventBridge's envelope mirrors of
it. How channels and operations are bound to EventBridge, `contracts.eventbridge_binding` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from contracts.company import SERVICES, Route, consumers_of, lifecycle_of, producers_of, routes, source_of
from contracts.eventbridge_binding import channel_bindings, receive_bindings, send_bindings
from contracts.examples import event_example, example_of
from contracts.json_schema import schema_of
from events.catalog import CATALOG, Payload, dataschema
from events.envelope import MEDIA_TYPE
from runtime.manifest import Service

Json = dict[str, Any]
Models = Iterable[type[Payload]]

#: In place of a name: systems that are not ours.
ELSEWHERE: Final = "elsewhere"
_SCHEMAS: Final = "#/components/schemas/"

_ATTRIBUTES: Final[Json] = {
    "specversion": {"const": "1.0"},
    "id": {"type": "string", "minLength": 1, "description": "with `source` the event's identity"},
    "source": {"type": "string", "format": "uri-reference", "minLength": 1},
    "type": {"type": "string", "minLength": 1, "maxLength": 128},
    "time": {"type": "string", "format": "date-time", "description": "when it happened"},
    "subject": {"type": "string", "minLength": 1, "description": "what it is about, inside `source`"},
    "datacontenttype": {"type": "string", "description": "the media type of `data`"},
    "dataschema": {"type": "string", "format": "uri", "description": "names the version of the payload"},
}
_EXTENSIONS: Final[Json] = {
    "correlationid": {"type": "string", "description": "the `id` of the first event of the flow"},
    "causationid": {"type": "string", "description": "the `id` of the event that caused this one"},
    "traceparent": {"type": "string", "description": "W3C Trace Context of where the event began"},
    "tracestate": {"type": "string", "description": "W3C Trace Context of where the event began"},
}
_HEADERS: Final[Json] = {
    "detail-type": {"type": "string", "description": "mirrors the event's `type`"},
    "source": {"type": "string", "description": "mirrors the event's `source`"},
    "time": {"type": "string", "format": "date-time", "description": "mirrors the event's `time`"},
}


def company_document() -> Json:
    """Every event type there is, and every operation of every service."""
    return _document(
        "Breakwater",
        "Every event type on the company's bus, which service sends it and which takes it in.",
        SERVICES,
        tuple(CATALOG.values()),
    )


def service_document(service: Service) -> Json:
    """What one service sends and takes in."""
    used = {*service.emits, *(route.type for route in routes([service]))}
    return _document(
        f"Breakwater {service.name}",
        f"What {service.name} sends to the company's bus and takes in from it.",
        (service,),
        tuple(model for model in CATALOG.values() if model.type in used),
    )


def _document(title: str, description: str, services: tuple[Service, ...], models: tuple[type[Payload], ...]) -> Json:
    models = tuple(model for model in models if lifecycle_of(model) != "retired")
    types = dict.fromkeys(model.type for model in models)
    return {
        "asyncapi": "3.0.0",
        "id": f"urn:{title.lower().replace(' ', ':')}",
        "info": {
            "title": title,
            "version": "1.0.0",
            "description": description,
            "tags": [{"name": service.name} for service in services],
        },
        "defaultContentType": MEDIA_TYPE,
        "servers": {"bus": _server()},
        "channels": {type_: _channel([model for model in models if model.type == type_]) for type_ in types},
        "operations": dict(_operations(services)),
        "components": {
            "messages": {_name(model): _message(model) for model in models},
            "messageTraits": {"CloudEventOnEventBridge": _trait()},
            "schemas": {"CloudEvent": _envelope(), **dict(_schemas(models))},
        },
    }


def _server() -> Json:
    region = {"description": "the AWS region that the stage is deployed in", "default": "us-east-1"}
    return {
        "host": "events.{region}.amazonaws.com",
        "protocol": "eventbridge",
        "description": "Amazon EventBridge. The bus's name is in each channel's binding.",
        "variables": {"region": region},
    }


def _channel(versions: list[type[Payload]]) -> Json:
    newest = max(versions, key=lambda model: model.version)
    type_ = newest.type
    producers = [service.name for service in producers_of(type_)]
    consumers = [route.consumer.name for route in consumers_of(type_)]
    return {
        "address": type_,
        "description": newest.__doc__,
        "servers": [{"$ref": "#/servers/bus"}],
        "messages": {f"v{model.version}": _ref("messages", _name(model)) for model in versions},
        "bindings": channel_bindings(type_),
        "x-producers": [*producers, *([ELSEWHERE] if newest.produced_elsewhere else [])],
        "x-consumers": [*consumers, *([ELSEWHERE] if newest.consumed_elsewhere else [])],
    }


def _message(model: type[Payload]) -> Json:
    return {
        "name": model.type,
        "title": f"{model.type} v{model.version}",
        "summary": model.__doc__,
        "contentType": MEDIA_TYPE,
        "traits": [_ref("messageTraits", "CloudEventOnEventBridge")],
        "payload": _ref("schemas", f"{_name(model)}.event"),
        **({} if lifecycle_of(model) == "active" else {"deprecated": True}),
        "examples": list(_examples(model)),
    }


def _examples(model: type[Payload]) -> Iterator[Json]:
    forms = {"least": False, "full": True}
    if example_of(model) == example_of(model, full=True):
        del forms["full"]
    for name, full in forms.items():
        event = event_example(model, full=full)
        headers = {"detail-type": event["type"], "source": event["source"], "time": event["time"]}
        yield {"name": name, "headers": headers, "payload": event}


def _trait() -> Json:
    return {
        "contentType": MEDIA_TYPE,
        "headers": {"type": "object", "properties": _HEADERS, "required": ["detail-type", "source"]},
        "correlationId": {
            "description": "Ties a flow together. Absent from its first event, whose `id` it is.",
            "location": "$message.payload#/correlationid",
        },
    }


def _envelope() -> Json:
    return {
        "type": "object",
        "description": "A CloudEvents 1.0 event in structured mode.",
        "properties": {**_ATTRIBUTES, **_EXTENSIONS},
        "required": ["specversion", "id", "source", "type"],
    }


def _schemas(models: Models) -> Iterator[tuple[str, Json]]:
    """Payloads, what they are made of, and the events that hold them."""
    for model in models:
        payload = _hoisted(schema_of(model), _name(model))
        for name, definition in payload.pop("$defs", {}).items():
            yield f"{_name(model)}.{name}", definition
        yield _name(model), {key: value for key, value in payload.items() if key not in ("$schema", "$id")}
        yield f"{_name(model)}.event", _event(model)


def _event(model: type[Payload]) -> Json:
    urn = dataschema(model.type, model.version)
    first = model.version == 1  # what an event without `dataschema` has
    specific = {
        "type": {"const": model.type},
        "dataschema": {"default": urn} if first else {"const": urn},
        "data": _ref("schemas", _name(model)),
    }
    required = ["data"] if first else ["data", "dataschema"]
    return {"allOf": [_ref("schemas", "CloudEvent"), {"type": "object", "properties": specific, "required": required}]}


def _hoisted(node: Any, name: str) -> Any:
    """References into a payload's own definitions, made references into the document's components."""
    if isinstance(node, list):
        return [_hoisted(child, name) for child in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {**node, "$ref": node["$ref"].replace("#/$defs/", f"{_SCHEMAS}{name}.")}
    return {key: _hoisted(child, name) for key, child in node.items()}


def _operations(services: Iterable[Service]) -> Iterator[tuple[str, Json]]:
    for service in services:
        for type_ in service.emits:
            yield f"{service.name}.send.{type_}", _send(service, type_)
        for route in routes([service]):
            yield f"{route.rule}.receive.{route.type}", _receive(route)


def _send(service: Service, type_: str) -> Json:
    model = next(model for model in CATALOG.values() if model.type == type_)
    return {
        "action": "send",
        "channel": _channel_ref(type_),
        "summary": f"{service.name} sends {type_}",
        "tags": [{"name": service.name}],
        "bindings": send_bindings(
            None if model.produced_elsewhere else source_of(model), batched=type_ in service.batched
        ),
        "messages": _messages(type_),
    }


def _receive(route: Route) -> Json:
    return {
        "action": "receive",
        "channel": _channel_ref(route.type),
        "summary": f"{route.consumer.name} takes in {route.type}",
        "tags": [{"name": route.service.name}],
        "bindings": receive_bindings(route),
        "messages": _messages(route.type),
    }


def _messages(type_: str) -> list[Json]:
    versions = [m.version for m in CATALOG.values() if m.type == type_ and lifecycle_of(m) != "retired"]
    return [{"$ref": f"#/channels/{type_}/messages/v{version}"} for version in sorted(versions)]


def _channel_ref(type_: str) -> Json:
    return {"$ref": f"#/channels/{type_}"}


def _ref(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def _name(model: type[Payload]) -> str:
    return f"{model.type}.v{model.version}"
