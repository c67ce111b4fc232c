# ruff: noqa: E501 - a table is read in rows
"""One change to a model, as JSON Schema and as Avro see it: the same, but for what only one of them can say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from contracts.avro import avro_of
from contracts.compatibility.avro import findings
from contracts.json_schema import schema_of
from events.catalog import Moment, Payload

#: Whether the new reads the old, and the old the new.
Ways = tuple[bool, bool]
BOTH, BACKWARD, FORWARD, NEITHER = (True, True), (True, False), (False, True), (False, False)


@dataclass(frozen=True, kw_only=True)
class Change:
    """`old` and `new` are a field `it` (or all fields, as a dict); the samples are what each can write, to its edges."""

    what: str
    old: Any
    new: Any
    old_samples: list[Any]
    new_samples: list[Any]
    json: Ways
    avro: Ways
    because: str = ""


def change(
    what: str,
    old: Any,
    new: Any,
    samples: tuple[list[Any], list[Any]],
    json: Ways,
    avro: Ways | None = None,
    because: str = "",
) -> Change:
    old_samples, new_samples = samples
    return Change(what=what, old=old, new=new, old_samples=old_samples, new_samples=new_samples, json=json, avro=avro or json, because=because)  # fmt: skip


def model_of(declared: Any) -> type[Payload]:
    fields = declared if isinstance(declared, dict) else {"it": declared}
    annotations = {name: annotation for name, (annotation, *_) in fields.items()}
    defaults = {name: value for name, (_, *values) in fields.items() for value in values}
    return type(
        "Made", (Payload,), {"__annotations__": annotations, "type": "made.up", "__module__": __name__, **defaults}
    )


class Line(BaseModel):
    amount: int


class TaxedLine(BaseModel):
    model_config = ConfigDict(title="Line")
    amount: int
    tax: int


class Row(BaseModel):
    amount: int


class Plan(StrEnum):
    FREE = "free"
    OTHER = "other"

    @classmethod
    def _missing_(cls, value: object) -> Plan:
        return cls.OTHER


GrownPlan = StrEnum("Plan", {"FREE": "free", "OTHER": "other", "PAID": "paid"})

_KEPT = [{"a": 1}]
_SAID = "Avro has no bounds, lengths and patterns: they are attributes that readers ignore"

SAME = [
    change("an optional field added", {"a": (int,)}, {"a": (int,), "it": (str | None, None)}, (_KEPT, [{"a": 1}, {"a": 1, "it": "x"}]), BOTH),
    change("an optional field removed", {"a": (int,), "it": (str | None, None)}, {"a": (int,)}, ([{"a": 1}, {"a": 1, "it": "x"}], _KEPT), BOTH),
    change("a field with a default added", {"a": (int,)}, {"a": (int,), "it": (tuple[int, ...], ())}, (_KEPT, [{"a": 1, "it": [1]}]), BOTH),
    change("a required field added", {"a": (int,)}, {"a": (int,), "it": (str,)}, (_KEPT, [{"a": 1, "it": "x"}]), FORWARD),
    change("a required field removed", {"a": (int,), "it": (str,)}, {"a": (int,)}, ([{"a": 1, "it": "x"}], _KEPT), BACKWARD),
    change("a required field made optional", (str,), (str | None, None), ([{"it": "x"}], [{}, {"it": "x"}]), BACKWARD),
    change("an optional field made required", (str | None, None), (str,), ([{}, {"it": "x"}], [{"it": "x"}]), FORWARD),
    change("a field renamed", {"before": (str,)}, {"after": (str,)}, ([{"before": "x"}], [{"after": "x"}]), NEITHER),
    change("another type", (int,), (str,), ([{"it": 1}], [{"it": "x"}]), NEITHER),
    change("whole numbers made numbers", (int,), (float,), ([{"it": 1}], [{"it": 1.5}]), BACKWARD),
    change("whole numbers in a list made numbers", (tuple[int, ...],), (tuple[float, ...],), ([{"it": [1]}], [{"it": [1.5]}]), BACKWARD),
    change("one type made two", (str,), (str | int,), ([{"it": "x"}], [{"it": "x"}, {"it": 1}]), BACKWARD),
    change("one made many", (int,), (tuple[int, ...],), ([{"it": 1}], [{"it": [1]}]), NEITHER),
    change("a value added to a Literal", (Literal["a"],), (Literal["a", "b"],), ([{"it": "a"}], [{"it": "a"}, {"it": "b"}]), BACKWARD),
    change("a value removed from a Literal", (Literal["a", "b"],), (Literal["a"],), ([{"it": "a"}, {"it": "b"}], [{"it": "a"}]), FORWARD),
    change("a word added to a pattern of words", (Annotated[str, Field(pattern="^(a)$")],), (Annotated[str, Field(pattern="^(a|b)$")],), ([{"it": "a"}], [{"it": "b"}]), BACKWARD),
    change("a required field added in a list's items", (tuple[Line, ...],), (tuple[TaxedLine, ...],), ([{"it": [{"amount": 1}]}], [{"it": [{"amount": 1, "tax": 1}]}]), FORWARD),
    change("a map's values changed", (dict[str, int],), (dict[str, str],), ([{"it": {"a": 1}}], [{"it": {"a": "x"}}]), NEITHER),
]  # fmt: skip
EXCEPTIONS = [
    change("a bound narrowed", (Annotated[int, Field(le=9)],), (Annotated[int, Field(le=5)],), ([{"it": 9}], [{"it": 5}]), FORWARD, BOTH, _SAID),
    change("a bound widened", (Annotated[int, Field(le=5)],), (Annotated[int, Field(le=9)],), ([{"it": 5}], [{"it": 9}]), BACKWARD, BOTH, _SAID),
    change("a length narrowed", (Annotated[str, Field(max_length=9)],), (Annotated[str, Field(max_length=5)],), ([{"it": "x" * 9}], [{"it": "x"}]), FORWARD, BOTH, _SAID),
    change("another pattern", (Annotated[str, Field(pattern="^a")],), (Annotated[str, Field(pattern="^b")],), ([{"it": "a"}], [{"it": "b"}]), NEITHER, BOTH, _SAID),
    change("a required field given a default", (str,), (str, "x"), ([{"it": "x"}], [{}]), BACKWARD, BOTH, "Avro writes the default out, JSON may leave it out"),
    change("a time made text", (Moment,), (str,), ([{"it": "2026-05-20T14:30:00Z"}], [{"it": "x"}]), BOTH, NEITHER, "a time is a number in Avro; JSON Schema takes `format` for a note"),
    change("a Literal made text", (Literal["a"],), (str,), ([{"it": "a"}], [{"it": "x"}]), BACKWARD, NEITHER, "an enum is no string in Avro"),
    change("text made a Literal", (str,), (Literal["a"],), ([{"it": "x"}], [{"it": "a"}]), FORWARD, NEITHER, "an enum is no string in Avro"),
    change("a value added to an enum that knows what to make of it", (Plan,), (GrownPlan,), ([{"it": "free"}], [{"it": "paid"}]), BACKWARD, BOTH, "JSON Schema cannot say `_missing_`; Avro's enums have a default"),
    change("a field renamed, its former name kept", {"before": (str,)}, {"after": (str, Field(validation_alias=AliasChoices("after", "before")))}, ([{"before": "x"}], [{"after": "x"}]), NEITHER, BACKWARD, "JSON Schema has no aliases"),
    change("a nested class renamed", (Line,), (Row,), ([{"it": {"amount": 1}}], [{"it": {"amount": 1}}]), BOTH, NEITHER, "Avro's records have names; `title` keeps the former one"),
]  # fmt: skip


def reads(model: type[Payload], samples: list[Any]) -> bool:
    validator = jsonschema.Draft202012Validator(schema_of(model))
    return all(validator.is_valid(sample) for sample in samples)


@pytest.mark.parametrize("row", [*SAME, *EXCEPTIONS], ids=lambda row: row.what)
def test_the_samples_are_read_or_refused_as_the_table_says_of_json_schema(row: Change) -> None:
    old, new = model_of(row.old), model_of(row.new)

    assert reads(old, row.old_samples)
    assert reads(new, row.new_samples)
    assert (reads(new, row.old_samples), reads(old, row.new_samples)) == row.json


@pytest.mark.parametrize("row", [*SAME, *EXCEPTIONS], ids=lambda row: row.what)
def test_avro_says_of_the_change_what_the_table_says(row: Change) -> None:
    old, new = avro_of(model_of(row.old)), avro_of(model_of(row.new))

    assert (findings(writer=old, reader=new) == [], findings(writer=new, reader=old) == []) == row.avro


def test_only_what_has_a_reason_differs() -> None:
    assert all(row.avro == row.json for row in SAME)
    assert all(row.avro != row.json and row.because for row in EXCEPTIONS)
