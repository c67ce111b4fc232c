"""What is told of a change, and what is refused because it cannot be known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.compatibility.json_schema import InvalidSchema, Policy, findings, writes
from contracts.compatibility.verdict import Finding
from tests.unit.json_schema_evolutions import any_, arr, closed, i, kind, n, obj, one_of, rest, s, tree

SCHEMAS = sorted(Path("events/schemas").rglob("*.json"))


def only(writer: Any, reader: Any, policy: Policy = Policy.LENIENT) -> Finding:
    [finding] = findings(writer=writer, reader=reader, policy=policy)
    return finding


@pytest.mark.parametrize(
    ("writer", "reader", "change"),
    [
        (
            obj(channel=one_of("email", "sms", "webhook")),
            obj(channel=one_of("email", "webhook")),
            'narrows `channel` from "email", "sms", "webhook" to "email", "webhook"',
        ),
        (obj(a=one_of("x", "y")), obj(a=one_of("x", "z")), 'changes `a` from "x", "y" to "x", "z"'),
        (obj(a=s()), obj("a", a=s()), "requires `a`, which the writer may leave out"),
        (obj(a=s()), obj("period", a=s(), period=s()), "requires `period`, which the writer does not name"),
        (obj(a=i(maximum=10)), obj(a=i(maximum=5)), "lowers the greatest value from 10 to 5"),
        (obj(a=s()), obj(a=s(minLength=2)), 'takes no length below 2: "" no longer fits'),
        (obj(a={"type": ["string", "null"]}), obj(a=s()), "no longer takes null"),
        (obj(a=s()), obj(a=i()), "changes string to integer"),
        (obj(a=n()), obj(a=i()), "narrows number to integer"),
        (obj(a=s(pattern="^a")), obj(a=s(pattern="^ab")), 'changes the pattern from ^a to ^ab: "a" no longer fits'),
        (obj(a=s(), b=s()), closed(a=s()), "takes no `b`, which the writer may write"),
        (
            any_(kind("a", x=i()), kind("c", z=s())),
            any_(kind("a", x=i()), kind("b", y=s())),
            'no longer takes "c" as `kind`, only "a", "b"',
        ),
        (
            obj(a=s(), b=s()),
            {**obj(a=s(), b=s()), "dependentRequired": {"a": ["b"]}},
            "requires `b` where `a` is there",
        ),
    ],
)
def test_a_change_is_told_in_a_plain_sentence(writer: Any, reader: Any, change: str) -> None:
    assert only(writer, reader) == Finding(
        path=only(writer, reader).path, rule=only(writer, reader).rule, change=change
    )


def test_places_are_told_from_the_root_through_lists_and_maps() -> None:
    old = obj(lines=arr(obj(labels=rest(i()), size=arr(arr(n())))))
    new = obj(lines=arr(obj(labels=rest(s()), size=arr(arr(i())))))

    assert {finding.path for finding in findings(writer=old, reader=new)} == {"lines[].labels{}", "lines[].size[][]"}


def test_a_definition_that_is_used_twice_is_told_at_both_places() -> None:
    def pair(amount: Any) -> Any:
        return {**obj(net={"$ref": "#/$defs/M"}, gross={"$ref": "#/$defs/M"}), "$defs": {"M": obj(amount=amount)}}

    found = findings(writer=pair(i()), reader=pair(s()))

    assert sorted(finding.path for finding in found) == ["gross.amount", "net.amount"]


def test_a_cause_in_a_tree_is_told_once_where_it_is_first_met() -> None:
    assert [finding.path for finding in findings(writer=tree(n()), reader=tree(i()))] == ["value"]


@pytest.mark.parametrize(
    ("writer", "reader"),
    [
        (s(pattern="^(?=a)"), s(pattern="^(?!b)")),
        (s(pattern="(a)\\1"), s(pattern="aa")),
        (s(), s(format="a-name-of-ones-own")),
        (obj(a={"not": {"const": [1]}}), obj(a={"not": {"const": [1, 2]}})),
    ],
    ids=["lookahead", "back reference", "a format that nothing checks", "not a list"],
)
def test_what_cannot_be_known_is_refused_and_said_to_be_uncertain(writer: Any, reader: Any) -> None:
    found = findings(writer=writer, reader=reader)

    assert found
    assert not any(finding.certain for finding in found if finding.rule == "FORMAT_ADDED")


def test_a_recursive_schema_with_unevaluated_properties_over_it_is_refused_and_not_followed_for_ever() -> None:
    def entangled(value: Any) -> Any:
        node = {
            "type": "object",
            "properties": {"value": value},
            "dependentSchemas": {"next": {"properties": {"next": {"$ref": "#/$defs/N"}}}},
            "unevaluatedProperties": False,
        }
        return {"$ref": "#/$defs/N", "$defs": {"N": node}}

    assert findings(writer=entangled(i()), reader=entangled(i())) == []
    assert only(entangled(i()), entangled(n())).certain is False


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strin"},
        {"properties": ["a"]},
        [],
        {"$ref": "#/$defs/A"},
        {"$ref": "https://example.com/a"},
        {"a": {1}},
        {"$schema": "http://json-schema.org/draft-07/schema#"},
    ],
    ids=[
        "no such type",
        "properties in a list",
        "a list",
        "names nothing",
        "another document",
        "not JSON",
        "another dialect",
    ],
)
def test_what_is_no_schema_is_refused_on_either_side(schema: Any) -> None:
    for writer, reader in ((schema, s()), (s(), schema)):
        with pytest.raises(InvalidSchema):
            findings(writer=writer, reader=reader)


def test_true_and_1_are_not_taken_for_the_same_schema() -> None:
    assert findings(writer={"const": True}, reader={"const": 1})


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_schema_of_ours_reads_what_it_writes_and_survives_an_optional_property(path: Path) -> None:
    schema = json.loads(path.read_text())
    wider = {**schema, "properties": {**schema["properties"], "added": s()}}

    assert findings(writer=schema, reader=wider) == []
    assert findings(writer=wider, reader=schema) == []


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_requiring_another_property_of_a_schema_of_ours_is_told_as_that_and_nothing_else(path: Path) -> None:
    schema = json.loads(path.read_text())
    stricter = {
        **schema,
        "properties": {**schema["properties"], "added": s()},
        "required": [*schema["required"], "added"],
    }

    finding = only(schema, stricter)

    assert (finding.path, finding.certain) == ("added", True)
    assert findings(writer=stricter, reader=schema) == []


# --- what is written


def test_a_union_that_is_closed_by_branch_writes_no_more_than_each_branch_names() -> None:
    closed_ = writes({"oneOf": [kind("a", x=i()), kind("b", y=s())]}, Policy.LENIENT)

    assert not findings(
        writer=closed_,
        reader=any_(closed("kind", kind=s(), x=i()), closed("kind", kind=s(), y=s())),
        policy=Policy.STRICT,
    )


def test_what_is_written_is_valid_by_the_schema_as_it_stands() -> None:
    open_ = {"oneOf": [obj(a=s()), obj(b=s())]}

    assert findings(writer=writes(open_, Policy.LENIENT), reader=open_, policy=Policy.STRICT) == []


def test_a_schema_that_closed_could_write_nothing_is_read_as_it_stands() -> None:
    impossible = {**obj(a=s()), "minProperties": 2, "allOf": [{"minProperties": 2}]}

    assert writes(impossible, Policy.LENIENT) == impossible


def test_a_free_map_beside_a_model_stays_free() -> None:
    assert findings(writer=any_({"type": "object"}, obj(a=s())), reader=obj(b=i()))
