"""What the gate says of a field, for every way to change one."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from contracts.changes import change_at, renames
from contracts.fields import fields_of
from contracts.json_schema import schema_of
from tests.unit.contract_builders import OPTIONAL_TEXT, a_model


class Line(BaseModel):
    amount: int


class Tree(BaseModel):
    label: str
    children: tuple[Tree, ...] = ()


def fields(**of):
    return fields_of(schema_of(a_model(**of)))


def bounded(**bounds):
    return Annotated[str, Field(**bounds)]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (str, int, "changes its type from string to integer"),
        (str, str | int, "changes its type from string to string or integer"),
        (str, OPTIONAL_TEXT, "makes it optional"),
        (OPTIONAL_TEXT, str, "makes it required"),
        (str, str | None, "takes null"),
        (str | None, str, "takes null no more"),
        (Literal["a", "b"], Literal["a"], 'takes "b" out of its values'),
        (Literal["a"], Literal["a", "b"], 'adds "b" to its values'),
        (str, Literal["a"], 'takes only "a"'),
        (Literal["a", "b"], str, 'takes any value, no more only "a", "b"'),
        (bounded(max_length=9), bounded(max_length=5), "lowers maxLength from 9 to 5"),
        (bounded(min_length=1), bounded(min_length=5), "raises minLength from 1 to 5"),
        (str, bounded(max_length=5), "adds maxLength 5"),
        (bounded(max_length=5), str, "drops maxLength 5"),
        (bounded(pattern="^a$"), bounded(pattern="^b$"), 'changes pattern from "^a$" to "^b$"'),
        (
            bounded(max_length=5),
            (bounded(max_length=4) | None, None),
            "makes it optional, lowers maxLength from 5 to 4",
        ),
    ],
)
def test_a_change_is_told_as_what_was_done(before, after, words: str) -> None:
    change = change_at("note", fields(note=before), fields(note=after))

    assert change is not None
    assert change.words == words


@pytest.mark.parametrize(
    ("before", "after", "advice"),
    [
        (str, int, "add an optional field of the new type"),
        (bounded(max_length=9), bounded(max_length=5), "put the stricter rule where the value is made"),
        (bounded(max_length=5), bounded(max_length=9), "add an optional field"),
        (bounded(min_length=5), bounded(min_length=1), "add an optional field"),
        (Literal["a", "b"], Literal["a"], 'keep "b" among the values'),
        (OPTIONAL_TEXT, str, "leave `note` optional"),
    ],
)
def test_the_advice_fits_the_change(before, after, advice: str) -> None:
    change = change_at("note", fields(note=before), fields(note=after))

    assert change is not None
    assert advice in change.advice


def test_a_new_description_or_default_is_no_change() -> None:
    before = fields(note=(str | None, None))
    after = fields(note=(Annotated[str, Field(description="news")] | None, "x"))

    assert change_at("note", before, after) is None


def test_a_field_of_an_item_and_of_a_map_has_its_path() -> None:
    paths = fields(lines=tuple[Line, ...], labels=dict[str, Line])

    assert {"lines", "lines[]", "lines[].amount", "labels{}", "labels{}.amount"} <= paths.keys()


def test_a_model_that_holds_itself_ends_where_it_repeats() -> None:
    assert "tree.children[]" in fields(tree=Tree)


def test_each_field_that_went_has_at_most_one_new_name_the_closest() -> None:
    before = fields(customer_id=str, invoice_id=str)
    after = fields(invoice_ref=str, client_id=str)

    assert renames(before, after) == {"invoice_id": "invoice_ref", "customer_id": "client_id"}
