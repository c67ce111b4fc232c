"""Evolutions of JSON Schemas with their verdicts, thought through from the specification, by keyword.

`full`: each reads what the other wrote. `backward`: the new one reads what the old one wrote, but not the other way
round. `forward`: the old one reads what the new one writes, only. `none`: neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from contracts.compatibility.json_schema import Policy
from contracts.compatibility.verdict import Schema

Verdict = Literal["full", "backward", "forward", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evolution:
    """`breaks`: path -> rule of what the direction that breaks tells (backward, when both do); not checked if empty."""

    keyword: str
    name: str
    old: Schema
    new: Schema
    verdict: Verdict
    policy: Policy = Policy.LENIENT
    breaks: Mapping[str, str] = field(default_factory=dict)


BOOL = {"type": "boolean"}
NULL = {"type": "null"}
ANY: dict[str, Any] = {}
MAP = {"type": "object"}


def s(**keywords: Any) -> dict[str, Any]:
    return {"type": "string", **keywords}


def i(**keywords: Any) -> dict[str, Any]:
    return {"type": "integer", **keywords}


def n(**keywords: Any) -> dict[str, Any]:
    return {"type": "number", **keywords}


def arr(items: Schema = True, **keywords: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **keywords}


def tup(*elements: Schema, **keywords: Any) -> dict[str, Any]:
    return {"type": "array", "prefixItems": list(elements), **keywords}


def obj(required: str = "", /, **properties: Schema) -> dict[str, Any]:
    """Open, as our payload models are."""
    return {"type": "object", "properties": properties, "required": required.split(), "additionalProperties": True}


def closed(required: str = "", /, **properties: Schema) -> dict[str, Any]:
    return {**obj(required, **properties), "additionalProperties": False}


def rest(schema: Schema, required: str = "", /, **properties: Schema) -> dict[str, Any]:
    """Partially open: what is not named fits `schema`."""
    return {**obj(required, **properties), "additionalProperties": schema}


def one_of(*values: Any) -> dict[str, Any]:
    return {"enum": list(values)}


def any_(*schemas: Schema) -> dict[str, Any]:
    return {"anyOf": list(schemas)}


def kind(name: str, required: str = "", /, **properties: Schema) -> dict[str, Any]:
    """One branch of a union that `kind` tells apart."""
    return obj(f"kind {required}", kind={"const": name}, **properties)


def tree(value: Schema, **more: Schema) -> dict[str, Any]:
    node = obj("value", value=value, children=arr({"$ref": "#/$defs/Node"}), **more)
    return {"$ref": "#/$defs/Node", "$defs": {"Node": node}}


def lines(line: Schema) -> dict[str, Any]:
    return {**obj("lines", lines=arr({"$ref": "#/$defs/Line"})), "$defs": {"Line": line}}


_ROWS: Mapping[str, list[tuple[Any, ...]]] = {
    "annotations": [
        (
            "title, description, default and examples say nothing of documents",
            obj(a=s()),
            {**obj(a=s(title="A", default="x", examples=["y"], deprecated=True)), "description": "d"},
            "full",
        ),
        ("a default moves", obj(a=i(default=1)), obj(a=i(default=2)), "full"),
        ("an unknown keyword appears", obj(a=s()), obj(a=s(**{"x-owner": "billing"})), "full"),
        (
            "$id and $schema change",
            {"$id": "urn:a:1", **obj(a=s())},
            {"$id": "urn:a:2", "$schema": "https://json-schema.org/draft/2020-12/schema", **obj(a=s())},
            "full",
        ),
        ("$comment appears", s(), s(**{"$comment": "text"}), "full"),
    ],
    "type": [
        ("the same", s(), s(), "full"),
        ("integer becomes number", obj(a=i()), obj(a=n()), "backward", {"a": "TYPE_NARROWED"}),
        ("number becomes integer", obj(a=n()), obj(a=i()), "forward", {"a": "TYPE_NARROWED"}),
        ("string becomes integer", obj(a=s()), obj(a=i()), "none", {"a": "TYPE_CHANGED"}),
        ("a string may be null", obj(a=s()), obj(a={"type": ["string", "null"]}), "backward", {"a": "TYPE_NARROWED"}),
        ("null is no longer taken", obj(a={"type": ["null", "string"]}), obj(a=s()), "forward", {"a": "TYPE_NARROWED"}),
        ("the same types in another order", {"type": ["null", "string"]}, {"type": ["string", "null"]}, "full"),
        ("one type as a list", {"type": ["string"]}, s(), "full"),
        ("integer beside number says nothing", {"type": ["integer", "number"]}, n(), "full"),
        ("all types is anything", {"type": ["null", "boolean", "number", "string", "array", "object"]}, ANY, "full"),
        ("a union swaps a member", {"type": ["string", "null"]}, {"type": ["string", "boolean"]}, "none"),
        ("a whole multiple is an integer", n(multipleOf=1), i(), "full"),
        ("boolean becomes string", BOOL, s(), "none", {"": "TYPE_CHANGED"}),
    ],
    "boolean schemas": [
        ("true is the empty schema", True, ANY, "full"),
        ("anything becomes a string", obj(a=True), obj(a=s()), "forward", {"a": "TYPE_NARROWED"}),
        ("a property becomes forbidden", obj(a=s()), obj(a=False), "forward"),
        ("nothing is written by false, so all is read", False, s(), "backward"),
        ("false is `not: {}`", obj(a=False), obj(a={"not": {}}), "full"),
    ],
    "required": [
        (
            "an optional property becomes required",
            obj(a=s()),
            obj("a", a=s()),
            "forward",
            {"a": "REQUIRED_ATTRIBUTE_ADDED"},
        ),
        (
            "a required property becomes optional",
            obj("a", a=s()),
            obj(a=s()),
            "backward",
            {"a": "REQUIRED_ATTRIBUTE_ADDED"},
        ),
        ("an optional property is added", obj(a=s()), obj(a=s(), b=s()), "full"),
        ("an optional property is removed", obj(a=s(), b=s()), obj(a=s()), "full"),
        (
            "a required property is added",
            obj(a=s()),
            obj("b", a=s(), b=s()),
            "forward",
            {"b": "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL"},
        ),
        (
            "a required property is removed",
            obj("b", a=s(), b=s()),
            obj(a=s()),
            "backward",
            {"b": "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL"},
        ),
        (
            "a required property is renamed",
            obj("a", a=s()),
            obj("b", b=s()),
            "none",
            {"b": "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL"},
        ),
        ("an optional property is renamed", obj(a=s()), obj(b=i()), "full"),
        (
            "a required property with a default is still required",
            obj(a=s()),
            obj("b", a=s(), b=s(default="x")),
            "forward",
        ),
        ("the order of names says nothing", obj("a b", a=s(), b=s()), obj("b a", a=s(), b=s()), "full"),
        (
            "a name that is required and not described is written",
            obj("b", a=s()),
            obj("b", a=s(), b=i()),
            "forward",
            {"b": "TYPE_NARROWED"},
        ),
        (
            "nested: a line's property becomes required",
            lines(obj(amount=i())),
            lines(obj("amount", amount=i())),
            "forward",
            {"lines[].amount": "REQUIRED_ATTRIBUTE_ADDED"},
        ),
    ],
    "properties": [
        ("a property widens", obj(a=i()), obj(a=any_(i(), s())), "backward", {"a": "TYPE_NARROWED"}),
        ("a property's type changes", obj(a=i()), obj(a=s()), "none", {"a": "TYPE_CHANGED"}),
        ("a nested object gains an optional property", obj(a=obj(b=s())), obj(a=obj(b=s(), c=i())), "full"),
        (
            "a nested object requires another property",
            obj(a=obj(b=s())),
            obj(a=obj("c", b=s(), c=i())),
            "forward",
            {"a.c": "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL"},
        ),
        (
            "two causes are told apart",
            obj(a=i(), b=s()),
            obj(a=i(maximum=3), b=s(maxLength=2)),
            "forward",
            {"a": "MAXIMUM_ADDED", "b": "MAX_LENGTH_ADDED"},
        ),
        ("an empty model gains an optional property", obj(), obj(a=s()), "full"),
        (
            "a free map becomes a model",
            obj(a=MAP),
            obj(a=obj(b=s())),
            "forward",
            {"a.b": "PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"},
        ),
        ("a model becomes a free map", obj(a=obj(b=s())), obj(a=MAP), "backward"),
        ("a number for a property that could be anything", obj(a=ANY), obj(a=n()), "forward", {"a": "TYPE_NARROWED"}),
        (
            "without a type, others than objects are written too",
            {"properties": {"a": s()}},
            obj(a=s()),
            "forward",
            {"": "TYPE_NARROWED"},
        ),
    ],
    "additionalProperties": [
        ("an open model closes", obj(a=s()), closed(a=s()), "full"),
        (
            "a closed model gains an optional property",
            closed(a=s()),
            closed(a=s(), b=s()),
            "backward",
            {"b": "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL"},
        ),
        (
            "a closed model loses a property",
            closed(a=s(), b=s()),
            closed(a=s()),
            "forward",
            {"b": "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL"},
        ),
        (
            "an open model closes and loses a property",
            obj(a=s(), b=s()),
            closed(a=s()),
            "forward",
            {"b": "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL"},
        ),
        ("a map's values narrow", rest(n()), rest(i()), "forward", {"{}": "TYPE_NARROWED"}),
        (
            "a map's values widen",
            obj(labels=rest(i())),
            obj(labels=rest(n())),
            "backward",
            {"labels{}": "TYPE_NARROWED"},
        ),
        ("a map's values change", obj(labels=rest(i())), obj(labels=rest(s())), "none", {"labels{}": "TYPE_CHANGED"}),
        (
            "a map takes no more values",
            rest(i(), a=s()),
            closed(a=s()),
            "forward",
            {"": "ADDITIONAL_PROPERTIES_REMOVED"},
        ),
        ("a map names one of its values, as it is", rest(i()), rest(i(), a=i()), "full"),
        (
            "a map names one of its values, narrower",
            rest(n()),
            rest(n(), a=i()),
            "forward",
            {"a": "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"},
        ),
        ("a property goes into the map and fits", rest(n(), a=i()), rest(n()), "backward"),
        (
            "a property goes into the map and does not fit",
            rest(i(), a=s()),
            rest(i()),
            "none",
            {"a": "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"},
        ),
        ("a model becomes a map that its properties fit", obj(a=i(), b=i()), rest(n()), "backward"),
        ("a free map gets a schema for its values", obj(a=MAP), obj(a=rest(i())), "forward", {"a{}": "TYPE_NARROWED"}),
        ("an empty schema for the rest is an open model", obj(a=s()), rest({}, a=s()), "full"),
    ],
    "patternProperties": [
        (
            "values of a pattern narrow",
            {**closed(), "patternProperties": {"^x-": n()}},
            {**closed(), "patternProperties": {"^x-": i()}},
            "forward",
            {"{}": "TYPE_NARROWED"},
        ),
        (
            "a pattern takes in fewer names",
            {**closed(), "patternProperties": {"^x": i()}},
            {**closed(), "patternProperties": {"^x-": i()}},
            "forward",
        ),
        (
            "a pattern becomes a map of all names",
            {**closed(), "patternProperties": {"^x-": i()}},
            rest(i()),
            "backward",
        ),
        (
            "a pattern covers a named property",
            closed(ab=i()),
            {**closed(), "patternProperties": {"^a": i()}},
            "backward",
        ),
        (
            "a pattern does not fit a named property",
            closed(ab=s()),
            {**closed(ab=s()), "patternProperties": {"^a": i()}},
            "none",
            {"ab": "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL"},
        ),
        (
            "an open reader gains a pattern that meets no name",
            closed(b=s()),
            {**obj(b=s()), "patternProperties": {"^x-": i()}},
            "backward",
        ),
        (
            "patterns that say the same",
            {**closed(), "patternProperties": {"^(a|b)$": i()}},
            {**closed(), "patternProperties": {"^[ab]$": i()}},
            "full",
        ),
    ],
    "propertyNames": [
        (
            "names of a map narrow",
            {**rest(i()), "propertyNames": {"pattern": "^[a-z]+$"}},
            {**rest(i()), "propertyNames": {"pattern": "^[a-c]+$"}},
            "forward",
            {"": "PROPERTY_NAMES_NARROWED"},
        ),
        (
            "names of a map get longer",
            {**rest(i()), "propertyNames": {"maxLength": 3}},
            {**rest(i()), "propertyNames": {"maxLength": 5}},
            "backward",
            {"": "PROPERTY_NAMES_NARROWED"},
        ),
        (
            "names that the model keeps to anyway",
            obj(a=s()),
            {**obj(a=s()), "propertyNames": {"pattern": "^[a-z]$"}},
            "full",
        ),
        (
            "names by a list are a closed model",
            closed(a=s(), b=s()),
            {**obj(a=s(), b=s()), "propertyNames": {"enum": ["a", "b"]}},
            "full",
        ),
    ],
    "minProperties, maxProperties": [
        ("a lower bound that required names meet", obj("a", a=s()), {**obj("a", a=s()), "minProperties": 1}, "full"),
        (
            "a lower bound is added",
            obj(a=s()),
            {**obj(a=s()), "minProperties": 1},
            "forward",
            {"": "MIN_PROPERTIES_ADDED"},
        ),
        ("an upper bound that the names meet", obj(a=s(), b=s()), {**obj(a=s(), b=s()), "maxProperties": 2}, "full"),
        (
            "an upper bound below the names",
            obj(a=s(), b=s()),
            {**obj(a=s(), b=s()), "maxProperties": 1},
            "forward",
            {"": "MAX_PROPERTIES_DECREASED"},
        ),
        (
            "a map's bound rises",
            {**rest(i()), "maxProperties": 2},
            {**rest(i()), "maxProperties": 3},
            "backward",
            {"": "MAX_PROPERTIES_DECREASED"},
        ),
    ],
    "enum, const": [
        (
            "a value is removed",
            obj(channel=one_of("email", "webhook", "sms")),
            obj(channel=one_of("email", "webhook")),
            "forward",
            {"channel": "ENUM_ARRAY_NARROWED"},
        ),
        ("a value is added", obj(a=one_of("x")), obj(a=one_of("x", "y")), "backward", {"a": "ENUM_ARRAY_NARROWED"}),
        ("a value is replaced", obj(a=one_of("x", "y")), obj(a=one_of("x", "z")), "none", {"a": "ENUM_ARRAY_CHANGED"}),
        ("the same values in another order, with a type", one_of("x", "y"), s(enum=["y", "x"]), "full"),
        ("a list becomes any string", one_of("x", "y"), s(), "backward", {"": "ENUM_ARRAY_NARROWED"}),
        ("values within bounds", one_of(1, 2), i(maximum=2), "backward"),
        ("a value beyond the bound", one_of(1, 3), i(maximum=2), "none"),
        ("bounds that leave exactly the values", one_of(0, 1, 2), i(minimum=0, maximum=2), "full"),
        ("a constant is a list of one", {"const": "x"}, one_of("x"), "full"),
        ("a constant within a pattern", {"const": "abc"}, s(pattern="^a"), "backward"),
        ("a constant outside the pattern", {"const": "bc"}, s(pattern="^a"), "none"),
        ("a constant joins the list", {"const": "x"}, one_of("x", "y"), "backward"),
        ("a constant changes", {"const": "x"}, {"const": "y"}, "none", {"": "ENUM_ARRAY_CHANGED"}),
        ("1.0 and 1 are one number", {"const": 1.0}, {"const": 1}, "full"),
        ("true and 1 are two values", {"const": True}, {"const": 1}, "none"),
        ("both booleans are the type", BOOL, one_of(True, False), "full"),
        ("null leaves the list", one_of("x", None), one_of("x"), "forward"),
        ("values of a list that the type rules out anyway", s(enum=["x", 1]), one_of("x"), "full"),
        ("a constant object within a model", {"const": {"a": 1}}, obj("a", a=i()), "backward"),
        ("a constant object outside the model", {"const": {"a": "x"}}, obj("a", a=i()), "none"),
    ],
    "minimum, maximum": [
        ("an upper bound falls", obj(a=i(maximum=10)), obj(a=i(maximum=5)), "forward", {"a": "MAXIMUM_DECREASED"}),
        ("an upper bound is added", obj(a=i()), obj(a=i(maximum=5)), "forward", {"a": "MAXIMUM_ADDED"}),
        ("an upper bound goes", obj(a=i(maximum=5)), obj(a=i()), "backward", {"a": "MAXIMUM_ADDED"}),
        ("a lower bound rises", obj(a=n(minimum=0)), obj(a=n(minimum=0.5)), "forward", {"a": "MINIMUM_INCREASED"}),
        ("a lower bound is added", obj(a=n()), obj(a=n(minimum=0)), "forward", {"a": "MINIMUM_ADDED"}),
        (
            "exclusive becomes inclusive",
            n(exclusiveMinimum=0),
            n(minimum=0),
            "backward",
            {"": "EXCLUSIVE_MINIMUM_INCREASED"},
        ),
        ("for integers, above 0 is from 1", i(exclusiveMinimum=0), i(minimum=1), "full"),
        ("for integers, below 10 is to 9", i(exclusiveMaximum=10), i(maximum=9), "full"),
        ("for integers, to 9.5 is to 9", i(maximum=9.5), i(maximum=9), "full"),
        (
            "an exclusive upper bound falls",
            n(exclusiveMaximum=10),
            n(exclusiveMaximum=9),
            "forward",
            {"": "EXCLUSIVE_MAXIMUM_DECREASED"},
        ),
        ("one end rises and the other falls", i(minimum=0, maximum=10), i(minimum=2, maximum=8), "forward"),
        ("a window moves", i(minimum=0, maximum=10), i(minimum=5, maximum=15), "none"),
        ("two bounds of which one is idle", n(maximum=5, exclusiveMaximum=7), n(maximum=5), "full"),
        (
            "an integer's bounds within a number's",
            i(minimum=1, maximum=3),
            n(exclusiveMinimum=0.5, maximum=3.5),
            "backward",
        ),
    ],
    "multipleOf": [
        ("is added", i(), i(multipleOf=5), "forward", {"": "MULTIPLE_OF_ADDED"}),
        ("to a divisor", i(multipleOf=6), i(multipleOf=3), "backward", {"": "MULTIPLE_OF_CHANGED"}),
        ("to another", i(multipleOf=4), i(multipleOf=6), "none", {"": "MULTIPLE_OF_CHANGED"}),
        ("hundredths to thousandths", n(multipleOf=0.01), n(multipleOf=0.001), "backward"),
        ("of one half for integers is idle", i(multipleOf=0.5), i(), "full"),
        (
            "two in allOf are their common multiple",
            {"allOf": [i(multipleOf=2), i(multipleOf=3)]},
            i(multipleOf=6),
            "full",
        ),
    ],
    "minLength, maxLength": [
        ("longest falls", obj(a=s(maxLength=10)), obj(a=s(maxLength=5)), "forward", {"a": "MAX_LENGTH_DECREASED"}),
        ("longest is added", obj(a=s()), obj(a=s(maxLength=5)), "forward", {"a": "MAX_LENGTH_ADDED"}),
        ("shortest rises", obj(a=s(minLength=1)), obj(a=s(minLength=2)), "forward", {"a": "MIN_LENGTH_INCREASED"}),
        ("shortest is added", obj(a=s()), obj(a=s(minLength=1)), "forward", {"a": "MIN_LENGTH_ADDED"}),
        ("shortest of none is idle", s(minLength=0), s(), "full"),
        ("a list's values keep to the length", one_of("ab", "abc"), s(minLength=2, maxLength=3), "backward"),
        (
            "the pattern keeps to the length",
            s(pattern="^[A-Z]{3}$"),
            s(pattern="^[A-Z]{3}$", minLength=3, maxLength=3),
            "full",
        ),
        (
            "the pattern does not keep to the length",
            s(pattern="^[A-Z]{3,4}$"),
            s(maxLength=3),
            "none",
            {"": "MAX_LENGTH_ADDED"},
        ),
    ],
    "pattern": [
        ("is added", obj(a=s()), obj(a=s(pattern="^a")), "forward", {"a": "PATTERN_ADDED"}),
        ("goes", obj(a=s(pattern="^a")), obj(a=s()), "backward", {"a": "PATTERN_ADDED"}),
        ("is extended", s(pattern="^ab"), s(pattern="^a"), "backward", {"": "PATTERN_CHANGED"}),
        ("is another", s(pattern="^a"), s(pattern="^b"), "none", {"": "PATTERN_CHANGED"}),
        ("is written differently", s(pattern="^[0-9]{2}$"), s(pattern="^\\d\\d$"), "full"),
        ("takes more letters", s(pattern="^[a-c]+$"), s(pattern="^[a-z]+$"), "backward"),
        ("loses its anchor", s(pattern="^abc$"), s(pattern="abc"), "backward"),
        ("a group becomes a list", s(pattern="^(email|sms)$"), one_of("email", "sms"), "full"),
        (
            "an identifier gets a length in the pattern",
            s(pattern="^[a-z][a-z0-9]*$", maxLength=4),
            s(pattern="^[a-z][a-z0-9]{0,3}$"),
            "full",
        ),
        (
            "a month is checked",
            s(pattern="^[0-9]{4}-[0-9]{2}$"),
            s(pattern="^[0-9]{4}-(0[1-9]|1[0-2])$"),
            "forward",
            {"": "PATTERN_CHANGED"},
        ),
    ],
    "format": [
        ("the same", obj(a=s(format="date-time")), obj(a=s(format="date-time")), "full"),
        ("is dropped", obj(a=s(format="date-time")), obj(a=s()), "backward", {"a": "FORMAT_ADDED"}),
        ("is added", obj(a=s()), obj(a=s(format="date")), "forward", {"a": "FORMAT_ADDED"}),
        ("is another", obj(a=s(format="date")), obj(a=s(format="date-time")), "none", {"a": "FORMAT_CHANGED"}),
        ("a name of one's own, added", obj(a=s()), obj(a=s(format="iso-4217")), "forward", {"a": "FORMAT_ADDED"}),
        (
            "a name of one's own, kept while another property narrows",
            obj(a=s(format="iso-4217"), b=n()),
            obj(a=s(format="iso-4217"), b=i()),
            "forward",
            {"b": "TYPE_NARROWED"},
        ),
        ("a value that has the format", {"const": "2026-05-20"}, s(format="date"), "backward"),
    ],
    "minItems, maxItems, uniqueItems": [
        ("an upper bound falls", arr(i(), maxItems=5), arr(i(), maxItems=3), "forward", {"": "MAX_ITEMS_DECREASED"}),
        ("an upper bound is added", obj(a=arr(i())), obj(a=arr(i(), maxItems=3)), "forward", {"a": "MAX_ITEMS_ADDED"}),
        ("a lower bound is added", obj(a=arr(i())), obj(a=arr(i(), minItems=1)), "forward", {"a": "MIN_ITEMS_ADDED"}),
        ("a lower bound rises", arr(i(), minItems=1), arr(i(), minItems=2), "forward", {"": "MIN_ITEMS_INCREASED"}),
        ("elements must differ", arr(i()), arr(i(), uniqueItems=True), "forward", {"": "UNIQUE_ITEMS_ADDED"}),
        ("one element always differs", arr(i(), maxItems=1), arr(i(), maxItems=1, uniqueItems=True), "full"),
        (
            "different constants differ",
            tup({"const": 1}, {"const": 2}),
            tup({"const": 1}, {"const": 2}, uniqueItems=True),
            "full",
        ),
        ("uniqueItems false says nothing", arr(i()), arr(i(), uniqueItems=False), "full"),
    ],
    "items": [
        ("narrow", arr(n()), arr(i()), "forward", {"[]": "TYPE_NARROWED"}),
        ("widen in a property", obj(a=arr(i())), obj(a=arr(n())), "backward", {"a[]": "TYPE_NARROWED"}),
        ("anything becomes strings", arr(), arr(s()), "forward", {"[]": "TYPE_NARROWED"}),
        ("an element gains an optional property", arr(obj(a=i())), arr(obj(a=i(), b=s())), "full"),
        (
            "an element's property narrows",
            lines(obj(amount=i(maximum=9))),
            lines(obj(amount=i(maximum=5))),
            "forward",
            {"lines[].amount": "MAXIMUM_DECREASED"},
        ),
        ("a list of lists", arr(arr(i())), arr(arr(n())), "backward", {"[][]": "TYPE_NARROWED"}),
        ("no elements at all", arr(False), arr(i(), maxItems=0), "full"),
    ],
    "prefixItems": [
        ("an element of the tuple narrows", tup(i(), n()), tup(i(), i()), "forward", {"[1]": "TYPE_NARROWED"}),
        ("an open tuple gains an element", tup(i()), tup(i(), s()), "full"),
        (
            "a closed tuple gains an element",
            tup(i(), items=False),
            tup(i(), s(), items=False),
            "backward",
            {"": "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL"},
        ),
        ("a closed tuple becomes a list that it fits", tup(i(), i(), items=False), arr(n()), "backward"),
        ("a list becomes a tuple", arr(i()), tup(i(), s(), items=i()), "none", {"[1]": "TYPE_CHANGED"}),
        ("the rest of a tuple narrows", tup(s(), items=n()), tup(s(), items=i()), "forward", {"[]": "TYPE_NARROWED"}),
    ],
    "contains": [
        ("is added", arr(i()), arr(i(), contains={"const": 1}), "forward", {"": "CONTAINS_NARROWED"}),
        ("is widened", arr(contains=i()), arr(contains=n()), "backward", {"": "CONTAINS_NARROWED"}),
        ("needs an element", arr(contains={"const": 1}), arr(minItems=1), "backward"),
        ("is met by all elements", arr(i(), minItems=2), arr(n(), contains=n(), minContains=2), "backward"),
        ("at least none says nothing", arr(i()), arr(i(), contains=s(), minContains=0), "full"),
        (
            "at most falls",
            arr(contains=i(), maxContains=3),
            arr(contains=i(), maxContains=2),
            "forward",
            {"": "CONTAINS_NARROWED"},
        ),
    ],
    "dependencies": [
        (
            "one property asks for another",
            obj(a=s(), b=s()),
            {**obj(a=s(), b=s()), "dependentRequired": {"a": ["b"]}},
            "forward",
            {"b": "DEPENDENCY_ARRAY_ADDED"},
        ),
        (
            "the other is required anyway",
            obj("b", a=s(), b=s()),
            {**obj("b", a=s(), b=s()), "dependentRequired": {"a": ["b"]}},
            "full",
        ),
        ("the one is never written", obj(b=s()), {**obj(b=s()), "dependentRequired": {"a": ["b"]}}, "full"),
        (
            "asks for one more",
            {**obj(a=s(), b=s(), c=s()), "dependentRequired": {"a": ["b"]}},
            {**obj(a=s(), b=s(), c=s()), "dependentRequired": {"a": ["b", "c"]}},
            "forward",
        ),
        (
            "the old keyword says the same",
            {**obj(a=s(), b=s()), "dependencies": {"a": ["b"]}},
            {**obj(a=s(), b=s()), "dependentRequired": {"a": ["b"]}},
            "full",
        ),
        (
            "a schema where a property is there",
            obj(a=s(), b=i()),
            {**obj(a=s(), b=i()), "dependentSchemas": {"a": {"properties": {"b": i(maximum=5)}}}},
            "forward",
        ),
        (
            "a schema that is met anyway",
            obj(a=s(), b=i(maximum=3)),
            {**obj(a=s(), b=i(maximum=3)), "dependentSchemas": {"a": {"properties": {"b": i(maximum=5)}}}},
            "full",
        ),
    ],
    "anyOf": [
        ("is flattened", any_(s(), any_(i(), NULL)), any_(s(), i(), NULL), "full"),
        ("is a list of types", any_(s(), NULL), {"type": ["null", "string"]}, "full"),
        ("gains a branch", obj(a=any_(s(), i())), obj(a=any_(s(), i(), NULL)), "backward", {"a": "TYPE_NARROWED"}),
        ("loses a branch", obj(a=any_(s(), NULL)), obj(a=s()), "forward", {"a": "TYPE_NARROWED"}),
        ("has one branch", any_(obj(a=s())), obj(a=s()), "full"),
        (
            "bounds that meet are one window",
            any_(i(minimum=0, maximum=5), i(minimum=6, maximum=9)),
            i(minimum=0, maximum=9),
            "full",
        ),
        ("a branch is within another", any_(i(), i(maximum=5)), i(), "full"),
        ("a nullable model gains an optional property", any_(obj(a=s()), NULL), any_(NULL, obj(a=s(), b=i())), "full"),
        (
            "one kind gains an optional property",
            any_(kind("a", x=i()), kind("b")),
            any_(kind("a", x=i(), y=s()), kind("b")),
            "full",
        ),
        (
            "one kind narrows",
            any_(kind("a", x=n()), kind("b", y=s())),
            any_(kind("a", x=i()), kind("b", y=s())),
            "forward",
            {"x": "TYPE_NARROWED"},
        ),
        (
            "a kind is added",
            any_(kind("a"), kind("b")),
            any_(kind("a"), kind("b"), kind("c")),
            "backward",
            {"kind": "ENUM_ARRAY_NARROWED"},
        ),
        ("lists become one list", any_(one_of("a"), one_of("b")), one_of("a", "b"), "full"),
    ],
    "oneOf": [
        ("that is disjoint is anyOf", {"oneOf": [s(), i()]}, any_(i(), s()), "full"),
        (
            "kinds as anyOf",
            {"oneOf": [kind("a", x=i()), kind("b", y=s())]},
            any_(kind("b", y=s()), kind("a", x=i())),
            "full",
        ),
        (
            "that overlaps takes less than anyOf",
            {"oneOf": [i(minimum=0), i(maximum=5)]},
            any_(i(minimum=0), i(maximum=5)),
            "backward",
        ),
        (
            "leaves out what both take",
            {"oneOf": [i(minimum=0), i(maximum=5)]},
            any_(i(minimum=6), i(maximum=-1)),
            "full",
        ),
        ("a branch is added that does not overlap", {"oneOf": [s(), i()]}, {"oneOf": [s(), i(), NULL]}, "backward"),
        ("a branch is added that overlaps", {"oneOf": [s(), i()]}, {"oneOf": [s(), i(), n()]}, "none"),
        (
            "references and a discriminator",
            {
                "oneOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}],
                "discriminator": {"propertyName": "kind"},
                "$defs": {"A": kind("a", x=i()), "B": kind("b")},
            },
            {"oneOf": [kind("a", x=i(), z=s()), kind("b")]},
            "full",
        ),
    ],
    "allOf": [
        ("is merged", {"allOf": [obj(a=s()), obj("b", b=i())]}, obj("b", a=s(), b=i()), "full"),
        ("of bounds", {"allOf": [i(minimum=0), i(maximum=5)]}, i(minimum=0, maximum=5), "full"),
        (
            "gains a part",
            {"allOf": [obj(a=s())]},
            {"allOf": [obj(a=s()), obj("b", b=i())]},
            "forward",
            {"b": "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL"},
        ),
        (
            "a base and a model",
            {"allOf": [{"$ref": "#/$defs/Base"}, obj(b=i())], "$defs": {"Base": obj("a", a=s())}},
            obj("a", a=s(), b=i(), c=s()),
            "full",
        ),
        ("that nothing fits", {"allOf": [s(), i()]}, obj(a=s()), "backward"),
    ],
    "not": [
        ("a value is ruled out that was never written", one_of("a", "b"), {"not": {"const": "c"}}, "backward"),
        ("a value is ruled out that is written", one_of("a", "b"), s(**{"not": {"const": "b"}}), "none"),
        ("takes out less", {"not": s()}, {"not": s(maxLength=3)}, "backward"),
        ("not not is itself", {"not": {"not": s()}}, s(), "full"),
        ("not from 5 is below 5", n(**{"not": {"minimum": 5}}), n(exclusiveMaximum=5), "full"),
        (
            "a property that must not be there",
            obj(a=s(), b=s()),
            {**obj(a=s(), b=s()), "not": {"required": ["b"]}},
            "forward",
        ),
    ],
    "if, then, else": [
        (
            "the same",
            {"if": i(), "then": i(minimum=0), "else": s()},
            {"if": i(), "then": i(minimum=0), "else": s()},
            "full",
        ),
        ("is a choice", {"if": i(), "then": i(minimum=0), "else": s()}, any_(i(minimum=0), s()), "full"),
        (
            "then narrows",
            {"if": i(), "then": i(minimum=0), "else": s()},
            {"if": i(), "then": i(minimum=5), "else": s()},
            "forward",
        ),
        ("without if says nothing", s(then=s(maxLength=1)), s(), "full"),
        (
            "a kind asks for a property",
            kind("a", x=i()),
            {
                **obj("kind", kind=one_of("a", "b"), x=i()),
                "if": {"properties": {"kind": {"const": "b"}}},
                "then": {"required": ["x"]},
            },
            "backward",
        ),
        (
            "a kind that is written asks for a property",
            kind("a", x=i()),
            {**kind("a", x=i()), "if": {"properties": {"kind": {"const": "a"}}}, "then": {"required": ["x"]}},
            "forward",
        ),
    ],
    "$ref": [
        ("is what it names", {"$ref": "#/$defs/A", "$defs": {"A": obj(a=s())}}, obj(a=s()), "full"),
        (
            "another name for the same",
            lines(obj(a=i())),
            {**obj("lines", lines=arr({"$ref": "#/$defs/Other"})), "$defs": {"Other": obj(a=i())}},
            "full",
        ),
        ("by an anchor", {"$ref": "#a", "$defs": {"A": {"$anchor": "a", **obj(a=s())}}}, obj(a=s()), "full"),
        (
            "with a keyword beside it",
            {"$ref": "#/$defs/A", "maxLength": 3, "$defs": {"A": s(minLength=1)}},
            s(minLength=1, maxLength=3),
            "full",
        ),
        (
            "an unused definition changes",
            {**obj(a=s()), "$defs": {"A": s()}},
            {**obj(a=s()), "$defs": {"A": i()}},
            "full",
        ),
        ("by way of properties", obj(a=i(), b={"$ref": "#/properties/a"}), obj(a=i(), b=i()), "full"),
    ],
    "recursion": [
        ("the same tree", tree(i()), tree(i()), "full"),
        ("a tree's value widens", tree(i()), tree(n()), "backward"),
        ("a tree's value changes", tree(i()), tree(s()), "none"),
        ("a tree gains an optional property", tree(i()), tree(i(), label=s()), "full"),
        (
            "a tree that is spelled out once",
            tree(i()),
            {**obj("value", value=i(), children=arr({"$ref": "#/$defs/Node"})), "$defs": tree(i())["$defs"]},
            "full",
        ),
        (
            "by the root",
            {**obj("v", v=i()), "properties": {"v": i(), "next": {"$ref": "#"}}},
            {**obj("v", v=i()), "properties": {"v": n(), "next": {"$ref": "#"}}},
            "backward",
        ),
    ],
    "unevaluatedProperties, unevaluatedItems": [
        (
            "closes like additionalProperties",
            {"type": "object", "properties": {"a": s()}, "unevaluatedProperties": False},
            closed(a=s()),
            "full",
        ),
        (
            "sees through allOf",
            {
                "allOf": [{"$ref": "#/$defs/A"}],
                "properties": {"b": i()},
                "unevaluatedProperties": False,
                "$defs": {"A": {"type": "object", "properties": {"a": s()}}},
            },
            closed(a=s(), b=i()),
            "full",
        ),
        (
            "a name goes",
            {"type": "object", "properties": {"a": s(), "b": s()}, "unevaluatedProperties": False},
            {"type": "object", "properties": {"a": s()}, "unevaluatedProperties": False},
            "forward",
            {"b": "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL"},
        ),
        (
            "a tuple ends",
            {"type": "array", "prefixItems": [i()], "unevaluatedItems": False},
            tup(i(), items=False),
            "full",
        ),
    ],
}

_STRICT_ROWS: list[tuple[Any, ...]] = [
    (
        "an optional property is added to an open model",
        obj(a=s()),
        obj(a=s(), b=s()),
        "forward",
        {"b": "PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"},
    ),
    ("an optional property is removed from an open model", obj(a=s(), b=s()), obj(a=s()), "backward"),
    ("a property that may be anything is added to an open model", obj(a=s()), obj(a=s(), b=ANY), "full"),
    ("an optional property is added to a closed model", closed(a=s()), closed(a=s(), b=s()), "backward"),
    ("an open model closes", obj(a=s()), closed(a=s()), "forward", {"": "ADDITIONAL_PROPERTIES_REMOVED"}),
    ("an open model gets a schema for the rest", obj(a=s()), rest(i(), a=s()), "forward", {"{}": "TYPE_NARROWED"}),
    ("an open tuple gains an element", tup(i()), tup(i(), s()), "forward", {"[1]": "TYPE_NARROWED"}),
    ("a required property is added", obj(a=s()), obj("b", a=s(), b=ANY), "forward"),
    ("an open map gains a pattern", obj(), {**obj(), "patternProperties": {"^x-": i()}}, "forward"),
    (
        "nested: an optional property is added",
        obj(a=obj(b=s())),
        obj(a=obj(b=s(), c=s())),
        "forward",
        {"a.c": "PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"},
    ),
]


def _row(keyword: str, name: str, old: Schema, new: Schema, verdict: Verdict, *more: Any, policy: Policy) -> Evolution:
    breaks = more[0] if more else {}
    return Evolution(keyword=keyword, name=name, old=old, new=new, verdict=verdict, breaks=breaks, policy=policy)


EVOLUTIONS: tuple[Evolution, ...] = (
    *(_row(keyword, *row, policy=Policy.LENIENT) for keyword, rows in _ROWS.items() for row in rows),
    *(_row("strict", *row, policy=Policy.STRICT) for row in _STRICT_ROWS),
)
