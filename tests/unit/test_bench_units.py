"""What AWS counts, on items and messages that were counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from bench.units import chunks, index_write_units, item_size, message_size, read_units, write_units

KEYS = ("gpk", "gsk")


def item(size: int, **attributes: str) -> dict[str, Any]:
    """An item of so many bytes."""
    named = {name: {"S": value} for name, value in attributes.items()}
    return named | {"p": {"S": "x" * (size - item_size(named) - 1)}}


@pytest.mark.parametrize(
    ("attribute", "size"),
    [
        ({"S": "abc"}, 1 + 3),
        ({"S": "é"}, 1 + 2),
        ({"N": "7"}, 1 + 1 + 1),
        ({"N": "1200"}, 1 + 1 + 1),
        ({"N": "12345"}, 1 + 3 + 1),
        ({"B": b"1234"}, 1 + 4),
        ({"BOOL": True}, 1 + 1),
        ({"NULL": True}, 1 + 1),
        ({"L": []}, 1 + 3),
        ({"L": [{"S": "ab"}, {"N": "5"}]}, 1 + 3 + (1 + 2) + (1 + 2)),
        ({"M": {"kk": {"S": "abc"}}}, 1 + 3 + 1 + 2 + 3),
    ],
)
def test_an_attribute_has_the_bytes_of_its_name_and_value(attribute, size):
    assert item_size({"a": attribute}) == size


@pytest.mark.parametrize(("size", "units"), [(1, 1), (1_024, 1), (1_025, 2), (3_073, 4)])
def test_each_started_kilobyte_is_a_write_unit(size, units):
    assert write_units(None, item(size)) == units


def test_a_write_counts_the_larger_of_what_lay_there_and_what_lies_there():
    assert write_units(item(2_500), item(10)) == write_units(item(10), item(2_500)) == 3


def test_a_write_of_nothing_is_a_unit():
    assert write_units(None, None) == 1


def test_an_item_without_the_index_s_key_costs_the_index_nothing():
    assert index_write_units(KEYS, None, item(500, gpk="a")) == 0


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        (None, item(1_500, gpk="a", gsk="b"), 2),
        (item(1_500, gpk="a", gsk="b"), item(900, gpk="a", gsk="b"), 2),
        (item(900, gpk="a", gsk="b"), item(900, gpk="a", gsk="b"), 0),
        (item(1_500, gpk="a", gsk="b"), item(900, gpk="a", gsk="c"), 2 + 1),
        (item(900, gpk="a", gsk="b"), item(100), 1),
    ],
    ids=["new", "changed", "the same", "moved", "taken out"],
)
def test_an_index_counts_the_writes_that_reach_it(before, after, units):
    assert index_write_units(KEYS, before, after) == units


@pytest.mark.parametrize(("size", "units"), [(1, 1), (4_096, 1), (4_097, 2)])
def test_each_started_four_kilobytes_are_a_read_unit_and_half_of_one_when_it_may_be_stale(size, units):
    assert read_units(item(size), consistent=True) == units
    assert read_units(item(size), consistent=False) == units / 2


def test_to_look_for_what_is_not_there_costs_a_read():
    assert read_units(None, consistent=True) == 1


@pytest.mark.parametrize(("size", "count"), [(0, 1), (65_536, 1), (65_537, 2)])
def test_each_started_64_kilobytes_count(size, count):
    assert chunks(size) == count


def test_a_message_has_the_bytes_of_its_body_and_its_attributes():
    attributes = {"tries": {"DataType": "String", "StringValue": "12"}}

    assert message_size({"MessageBody": "é", "MessageAttributes": attributes}) == 2 + 5 + 6 + 2
