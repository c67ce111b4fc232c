"""The API's OpenAPI 3.1 document, derived from the models. `python -m functions.ingestion.openapi` writes it.

The committed openapi.json beside this file is what `GET /openapi.json` serves.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic.json_schema import models_json_schema

from events.catalog import CATALOG, NEWEST, CustomerContactUpdated, Payload, dataschema, readable_versions
from events.envelope import BATCH_MEDIA_TYPE, MEDIA_TYPE
from functions.ingestion.api import MAX_BATCH
from functions.ingestion.domain import MAX_ATTRIBUTE_BYTES, MAX_EVENT_BYTES, ROUTES
from functions.ingestion.receipt import BatchProblem, Receipt
from runtime.http import PROBLEM_MEDIA_TYPE, ProblemDetails

Json = dict[str, Any]

_SCHEMAS: Final = "#/components/schemas/"
#: type -> the models of its versions.
_VERSIONS: Final[dict[str, list[type[Payload]]]] = {
    type_: [CATALOG[type_, version] for version in readable_versions(type_)] for type_ in ROUTES
}
_PAYLOADS: Final[list[type[Payload]]] = [model for versions in _VERSIONS.values() for model in versions]

#: Of attributes: no control characters and no Unicode noncharacters.
_TEXT: Final = r"^[^\x00-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]*$"
_ATTRIBUTES: Final[dict[str, Json]] = {
    "specversion": {"type": "string", "const": "1.0"},
    "id": {
        "type": "string",
        "minLength": 1,
        "pattern": _TEXT,
        "description": "with `source` the event's identity: a repeat does no harm",
    },
    "source": {"type": "string", "format": "uri-reference", "minLength": 1},
    "type": {"type": "string", "enum": list(ROUTES)},
    "time": {"type": ["string", "null"], "format": "date-time", "description": "required of customer.contact.updated"},
    "subject": {"type": ["string", "null"], "minLength": 1, "pattern": _TEXT},
    "dataschema": {"type": ["string", "null"], "format": "uri"},
}
#: The members of an event are named so, its extension attributes among them.
_NAME: Final = "^[a-z0-9]{1,20}$"
_REQUIRED: Final = ("specversion", "id", "source", "type")

_SEED: Final[Json] = {
    "specversion": "1.0",
    "id": "use_0001",
    "source": "partner/acme",
    "type": "partner.usage.reported",
    "time": "2026-05-20T14:30:00Z",
    "data": {
        "customer_id": "cus_abc123",
        "meter": "api_calls",
        "quantity": 1200,
        "used_at": "2026-05-20T14:00:00Z",
    },
}


def document() -> Json:
    """The whole document, the same at every call."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Breakwater ingestion",
            "version": "1.0.0",
            "description": "Takes in CloudEvents 1.0 as the CloudEvents HTTP binding sends them.",
        },
        "paths": {"/events": {"post": _post_events()}, "/openapi.json": {"get": _get_document()}},
        "components": {"schemas": _components()},
    }


def _post_events() -> Json:
    return {
        "operationId": "postEvents",
        "summary": "Take in one event or a batch of them",
        "description": (
            "Structured mode: the event as `application/cloudevents+json`. Batched mode: an array of events as "
            f"`application/cloudevents-batch+json`, {MAX_BATCH} at most. Binary mode: the event's data as the body, "
            f"its attributes as `ce-` headers. An event has {MAX_EVENT_BYTES} bytes at most, {MAX_ATTRIBUTE_BYTES} of "
            "them beside its data, and a request 4.5 MB. `dataref` is not followed: send the data itself."
        ),
        "parameters": [_header(name) for name in _ATTRIBUTES],
        "requestBody": {"required": True, "content": _request_content()},
        "responses": _responses(),
    }


def _header(name: str) -> Json:
    """No more than a string: in the other modes these headers may be anything."""
    need = "required" if name in _REQUIRED else "optional"
    return {
        "name": f"ce-{name}",
        "in": "header",
        "description": f"binary mode only, and {need} there: the event's `{name}`",
        "schema": {"type": "string"},
    }


def _request_content() -> Json:
    data = {"anyOf": [_ref(model.__name__) for model in _PAYLOADS]}
    return {
        MEDIA_TYPE: {"schema": _ref("InboundEvent"), "example": _SEED},
        BATCH_MEDIA_TYPE: {
            "schema": {"type": "array", "items": _ref("InboundEvent"), "maxItems": MAX_BATCH},
            "example": [_SEED],
        },
        "application/json": {"schema": data, "example": _SEED["data"]},
    }


def _responses() -> Json:
    many = {"anyOf": [_ref("ProblemDetails"), _ref("BatchProblem")]}
    receipt = {"description": "Accepted, event by event", "content": {"application/json": {"schema": _ref("Receipt")}}}
    return {
        "202": receipt,
        "400": _problem("The body is not readable, or what it holds is not a CloudEvent"),
        "413": _problem("The event is too large, or the batch too long"),
        "415": _problem("The content type is none of the three modes"),
        "422": _problem("A CloudEvent of an unknown type or with data that does not fit; or a batch of such", many),
        "503": _problem("Not accepted for now: send it again", many, headers={"Retry-After": _retry_after()}),
    }


def _problem(description: str, schema: Json | None = None, **more: Json) -> Json:
    content = {PROBLEM_MEDIA_TYPE: {"schema": schema or _ref("ProblemDetails")}}
    return {"description": description, "content": content, **more}


def _retry_after() -> Json:
    return {"description": "seconds to wait", "schema": {"type": "integer"}}


def _get_document() -> Json:
    content = {"application/json": {"schema": {"type": "object"}}}
    return {
        "operationId": "getOpenapi",
        "summary": "This document",
        "responses": {"200": {"description": "OpenAPI 3.1", "content": content}},
    }


def _components() -> Json:
    payloads = [(model, "validation") for model in _PAYLOADS]
    answers = [(model, "serialization") for model in (Receipt, ProblemDetails, BatchProblem)]
    _, schemas = models_json_schema([*payloads, *answers], ref_template=_SCHEMAS + "{model}")  # type: ignore[list-item]
    inbound = {
        "oneOf": [_ref(_event_name(type_)) for type_ in ROUTES],
        "discriminator": {
            "propertyName": "type",
            "mapping": {type_: f"{_SCHEMAS}{_event_name(type_)}" for type_ in ROUTES},
        },
    }
    events = {name: schema for type_ in ROUTES for name, schema in _events(type_).items()}
    return dict(sorted({**schemas["$defs"], **events, "InboundEvent": inbound}.items()))


def _event_name(type_: str) -> str:
    return f"{NEWEST[type_].__name__}Event"


def _events(type_: str) -> dict[str, Json]:
    """The type's event by its name; one of several versions is a choice of them."""
    models = _VERSIONS[type_]
    if len(models) == 1:
        return {_event_name(type_): _event(models[0])}
    events = {f"{NEWEST[type_].__name__}V{model.version}Event": _event(model) for model in models}
    return {_event_name(type_): {"oneOf": [_ref(name) for name in events]}, **events}


def _event(model: type[Payload]) -> Json:
    named = _dataschema(model)
    timed = {"time": {"type": "string", "format": "date-time"}} if model.type == CustomerContactUpdated.type else {}
    return {
        "type": "object",
        "description": model.__doc__,
        "properties": {
            **_ATTRIBUTES,
            "type": {"type": "string", "const": model.type},
            "datacontenttype": {"enum": ["application/json", None]},
            "data": _ref(model.__name__),
            "dataschema": named,
            **timed,
        },
        "required": [*_REQUIRED, "data", *timed, *(["dataschema"] if "const" in named else [])],
        "propertyNames": {"pattern": _NAME},
        "additionalProperties": {
            "type": ["string", "integer", "boolean", "null"],
            "minimum": -(2**31),
            "maximum": 2**31 - 1,
            "pattern": _TEXT,
            "description": "extension attributes, named by up to 20 lower-case letters and digits",
        },
    }


def _dataschema(model: type[Payload]) -> Json:
    """It names the version; version 1 goes without, or with a name of the sender's own."""
    if model.version > 1:
        return {"type": "string", "const": dataschema(model.type, model.version)}
    others = [dataschema(model.type, other.version) for other in _VERSIONS[model.type] if other is not model]
    return _ATTRIBUTES["dataschema"] | ({"not": {"enum": others}} if others else {})


def _ref(name: str) -> Json:
    return {"$ref": f"{_SCHEMAS}{name}"}
