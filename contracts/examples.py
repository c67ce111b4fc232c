"""Example events, derived from the models: what a producer may send, as small and as full as it can be.

Values are the fields' own `examples` where they have any, and otherwise made up from the field's name and bounds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from contracts.company import source_of
from contracts.json_schema import schema_of
from events.catalog import BillingInvoicePaid, Payload, dataschema
from events.envelope import derived_id

_MOMENT: Final = "2026-05-20T14:30:00Z"
_MADE_UP: Final[Mapping[str, Any]] = {"integer": 1, "number": 1.5, "boolean": True, "null": None}
_BY_FORMAT: Final = {
    "date-time": _MOMENT,
    "date": "2026-05-20",
    "uuid": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "uri": "https://example.com",
}
#: An event that is older than this rule for examples, and is its type's example as it stands, byte for byte.
_GIVEN: Final = {
    (BillingInvoicePaid.type, 1): Path(__file__).parent.parent / "examples" / "seed-event.json",
}


class NoExample(ValueError):
    """A payload cannot be made up; the message says which field needs an example of its own."""


def example_of(model: type[Payload], *, full: bool = False) -> dict[str, Any]:
    """Data that fits the model: its required fields, or all that it names. Raises NoExample."""
    schema = schema_of(model)
    data: dict[str, Any] = _value(schema, schema.get("$defs", {}), name="", full=full)
    try:
        model.model_validate(data)
    except ValidationError as error:
        field = ".".join(map(str, error.errors()[0]["loc"]))
        raise NoExample(
            f"{model.__name__}: no example of `{field}` can be made up: "
            f"give it one in events/catalog.py, such as Field(examples=[…])"
        ) from error
    return data


def event_example(model: type[Payload], *, full: bool = False) -> dict[str, Any]:
    """A whole CloudEvent with such data, the same at every call. Raises NoExample."""
    given = _GIVEN.get((model.type, model.version))
    if given and not full:
        return dict(json.loads(given.read_text(encoding="utf-8")))
    return {
        "specversion": "1.0",
        "id": f"evt_{derived_id('example', model.type, model.version, int(full))[:16]}",
        "source": source_of(model),
        "type": model.type,
        "time": _MOMENT,
        "datacontenttype": "application/json",
        "dataschema": dataschema(model.type, model.version),
        "data": example_of(model, full=full),
    }


def example_files(model: type[Payload]) -> dict[str, Any]:
    """Name -> document: `v1.json`, and `v1.full.json` where the model has fields that may be left out."""
    name = f"v{model.version}"
    given = _GIVEN.get((model.type, model.version))
    files: dict[str, Any] = {f"{name}.json": given.read_text(encoding="utf-8") if given else event_example(model)}
    if example_of(model, full=True) != example_of(model):
        files[f"{name}.full.json"] = event_example(model, full=True)
    return files


def _value(node: Mapping[str, Any], definitions: Mapping[str, Any], *, name: str, full: bool) -> Any:
    node = {**definitions[node["$ref"].rpartition("/")[2]], **node} if "$ref" in node else node
    for choices in (node.get("examples"), [node["const"]] if "const" in node else None, node.get("enum")):
        if choices:
            return choices[0]
    alternatives = node.get("anyOf") or node.get("oneOf")
    if alternatives:
        chosen = next(branch for branch in alternatives if branch.get("type") != "null")
        return _value(chosen, definitions, name=name, full=full)
    match node.get("type"):
        case "object":
            return _members(node, definitions, full=full)
        case "array":
            item = _value(node.get("items", {}), definitions, name=name, full=full)
            return [item] * max(1, node.get("minItems", 1))
        case "string" | None:
            return _BY_FORMAT.get(node.get("format", "")) or _text(name, node)
        case kind:
            return max(_MADE_UP[kind], node["minimum"]) if "minimum" in node else _MADE_UP[kind]


def _members(node: Mapping[str, Any], definitions: Mapping[str, Any], *, full: bool) -> dict[str, Any]:
    required = node.get("required", ())
    members = {
        name: _value(child, definitions, name=name, full=full)
        for name, child in node.get("properties", {}).items()
        if full or name in required
    }
    others = node.get("additionalProperties")
    if isinstance(others, dict) and not members:
        return {"key": _value(others, definitions, name="value", full=full)}
    return members


def _text(name: str, node: Mapping[str, Any]) -> str:
    """`order_id` becomes `order_0001`, in the form of ids that most systems have; anything else its own name."""
    text = f"{name.removesuffix('_id')}_0001" if name.endswith("_id") else name or "text"
    return text.ljust(node.get("minLength", 0), "x")[: node.get("maxLength")]
