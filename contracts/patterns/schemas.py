"""What is on the bus, as JSON Schema: the event in its EventBridge envelope, and what is in it at a path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from contracts.json_schema import schema_of
from events.catalog import Payload, dataschema

_TEXT: Final = {"type": "string"}
#: Extension attributes that events carry here. Source: the binding, docs/cloudevents-eventbridge-binding.md.
EXTENSIONS: Final = ("traceparent", "tracestate", "correlationid", "causationid", "dataref")


class Found(NamedTuple):
    """A schema in a document. `payload` is its path in the event's data, if that is where it is."""

    schema: Any
    document: Any
    payload: str | None = None
    required: bool = True


def event_schema(model: type[Payload], sources: Sequence[str] | None) -> dict[str, Any]:
    """What a rule sees of an event of this model. `sources` are those of its emitters, None for any.

    A system that is not ours may send the bare data as `detail`.
    """
    source = _TEXT if sources is None else {"enum": list(sources)}
    detail = _cloud_event(model, source)
    envelope = {
        "version": {"const": "0"},
        "id": _TEXT,
        "detail-type": {"const": model.type},
        "source": source,
        "account": {"type": "string", "pattern": "^[0-9]{12}$"},
        "time": _TEXT,
        "region": _TEXT,
        "resources": {"type": "array", "items": _TEXT},
        "detail": {"anyOf": [detail, _Data(schema_of(model))]} if model.produced_elsewhere else detail,
        "replay-name": _TEXT,
    }
    required = [name for name in envelope if name not in ("replay-name", "resources")]
    return {"type": "object", "properties": envelope, "required": required}


def _cloud_event(model: type[Payload], source: Mapping[str, Any]) -> dict[str, Any]:
    named = _TEXT if model.produced_elsewhere else {"const": dataschema(model.type, model.version)}
    attributes = {
        "specversion": {"const": "1.0"},
        "id": _TEXT,
        "source": source,
        "type": {"const": model.type},
        "time": _TEXT,
        "subject": _TEXT,
        "datacontenttype": _TEXT,
        "dataschema": named,
        "data": _Data(schema_of(model)),
        "data_base64": _TEXT,
        **dict.fromkeys(EXTENSIONS, _TEXT),
    }
    return {"type": "object", "properties": attributes, "required": ["specversion", "id", "source", "type"]}


class _Data(dict[str, Any]):
    """A document of its own inside the other: the payload."""


def at(schema: Any, path: Sequence[str]) -> list[Found]:
    """The schemas of the values that a rule sees at a path; none when no such field can be. Arrays vanish."""
    return [leaf for found in _below(Found(schema, schema), path) for leaf in _values(found)]


def _below(found: Found, path: Sequence[str]) -> Iterator[Found]:
    if not path:
        yield found
        return
    for item in _values(found):
        for child in _children(item, path[0]):
            yield from _below(child, path[1:])


def _values(found: Found) -> Iterator[Found]:
    """References followed, alternatives apart, arrays opened."""
    schema = found.schema
    if isinstance(schema, _Data) and schema is not found.document:
        found = Found(schema, schema, "", found.required)
    if not isinstance(schema, Mapping):
        if schema is not False:
            yield found
    elif "$ref" in schema:
        yield from _values(found._replace(schema=_resolved(found.document, schema["$ref"])))
    elif options := [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]:
        for option in options:
            yield from _values(found._replace(schema=option, required=found.required and "allOf" in schema))
    elif schema.get("type") == "array" and ("items" in schema or "prefixItems" in schema):
        path = None if found.payload is None else f"{found.payload}[]"
        for items in (*schema.get("prefixItems", ()), schema.get("items", False)):
            yield from _values(Found(items, found.document, path, required=False))
    else:
        yield found


def _children(found: Found, name: str) -> Iterator[Found]:
    schema = found.schema
    if not isinstance(schema, Mapping) or not schema:
        yield found._replace(schema=True, required=False)
        return
    path = None if found.payload is None else f"{found.payload}.{name}".removeprefix(".")
    if name in schema.get("properties", {}):
        required = found.required and name in schema.get("required", ())
        yield Found(schema["properties"][name], found.document, path, required)
    elif isinstance(more := schema.get("additionalProperties"), Mapping):
        into = None if found.payload is None else f"{found.payload}{{}}"
        yield Found(more, found.document, into, required=False)


def _resolved(document: Any, reference: str) -> Any:
    node = document
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node
