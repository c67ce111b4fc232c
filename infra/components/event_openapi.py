"""An event as EventBridge's schema registry wants it: OpenAPI 3.0, with the envelope that its tools look for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

#: The words of a schema that OpenAPI 3.0 has. Without the others a schema only says less.
_WORDS: Final = frozenset(
    (
        *("title", "description", "type", "format", "default", "enum", "deprecated", "readOnly", "writeOnly"),
        *("allOf", "anyOf", "oneOf", "not"),
        *("properties", "required", "additionalProperties", "minProperties", "maxProperties"),
        *("items", "minItems", "maxItems", "uniqueItems"),
        *("minLength", "maxLength", "pattern"),
        *("multipleOf", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"),
    )
)
_NULL: Final = {"type": "null"}
_STRING: Final = {"type": "string"}
_TIME: Final = {"type": "string", "format": "date-time"}
_EVENT: Final = "CloudEvent"
_ENVELOPE: Final = {
    "version": _STRING,
    "id": _STRING,
    "detail-type": _STRING,
    "source": _STRING,
    "account": _STRING,
    "time": _TIME,
    "region": _STRING,
    "resources": {"type": "array", "items": _STRING},
}


def openapi(payload: Schema, *, type_: str, version: int, source: str | None) -> dict[str, Any]:
    """The document of one event: EventBridge's envelope, the CloudEvent in its `detail`, the payload in its `data`.

    `payload` is a JSON Schema 2020-12 with a title. `source` is who sends it; None where that is for others to say.
    """
    title = str(payload["title"])
    named = {name: convert(schema) for name, schema in payload.get("$defs", {}).items()}
    return {
        "openapi": "3.0.0",
        "info": {"title": type_, "version": f"{version}.0.0"},
        "paths": {},
        "components": {
            "schemas": {
                "AWSEvent": _aws_event(type_, source),
                _EVENT: _cloud_event(type_, title),
                title: convert(payload),
                **named,
            }
        },
    }


def _aws_event(type_: str, source: str | None) -> dict[str, Any]:
    properties = {**_ENVELOPE, "detail": {"$ref": f"#/components/schemas/{_EVENT}"}}
    return {
        "type": "object",
        "required": sorted(properties),
        "x-amazon-events-detail-type": type_,
        **({"x-amazon-events-source": source} if source else {}),
        "properties": properties,
    }


def _cloud_event(type_: str, title: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["id", "source", "specversion", "type"],  # large data travels as a `dataref`
        "properties": {
            "specversion": {"type": "string", "enum": ["1.0"]},
            "id": _STRING,
            "source": _STRING,
            "type": {"type": "string", "enum": [type_]},
            "time": _TIME,
            "subject": _STRING,
            "datacontenttype": _STRING,
            "dataschema": _STRING,
            "data": {"$ref": f"#/components/schemas/{title}"},
        },
    }


def convert(node: Any) -> Any:
    """A JSON Schema 2020-12 in the words of OpenAPI 3.0. It takes all that the schema takes, and may take more."""
    if isinstance(node, list):
        return [convert(child) for child in node]
    if not isinstance(node, Mapping):
        return node
    if "$ref" in node:  # OpenAPI 3.0 does not read what stands beside a reference
        return {"$ref": str(node["$ref"]).replace("#/$defs/", "#/components/schemas/")}
    constant = {"enum": [node["const"]]} if "const" in node else {}
    said = {name: _value(name, value) for name, value in node.items() if name in _WORDS}
    return _with_items(_with_bounds(_nullable({**said, **constant})))


def _value(name: str, value: Any) -> Any:
    if name == "properties":  # names of fields, not words of the language
        return {field: convert(schema) for field, schema in value.items()}
    return value if name in ("default", "enum", "required") else convert(value)


def _nullable(node: dict[str, Any]) -> dict[str, Any]:
    """`null` is no type in OpenAPI 3.0, but something that a type may take besides."""
    options = node.get("anyOf", [])
    others = [option for option in options if option != _NULL]
    if len(others) == len(options):
        return node
    rest = {name: value for name, value in node.items() if name != "anyOf"}
    if len(others) == 1 and "type" in others[0]:
        return {**others[0], **rest, "nullable": True}
    return {**rest, "anyOf": [*others, {"enum": [None]}]}


def _with_bounds(node: dict[str, Any]) -> dict[str, Any]:
    """An excluded bound is a bound with a flag."""
    flagged = dict(node)
    for bound, flag in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if flag in node:
            flagged |= {bound: node[flag], flag: True}
    return flagged


def _with_items(node: dict[str, Any]) -> dict[str, Any]:
    """An array must say what is in it."""
    return {"items": {}, **node} if node.get("type") == "array" else node
