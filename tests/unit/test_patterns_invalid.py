"""Which patterns EventBridge refuses, and what it is told to look at."""

from __future__ import annotations

from typing import Any

import pytest

from local.memory.patterns import InvalidPattern
from local.memory.patterns import compile as compile_pattern

REFUSED_ALTERNATIVES: list[tuple[str, Any]] = [
    ("the list is empty", []),
    ("a string stands without a list", "open"),
    ("a number stands without a list", 1),
    ("true stands without a list", True),
    ("null stands without a list", None),
    ("a list stands in the list", [["open"]]),
    ("a content filter is empty", [{}]),
    ("a content filter has two operators", [{"prefix": "a", "suffix": "b"}]),
    ("the operator is unknown", [{"begins-with": "a"}]),
    ("the operator is of the future", [{"regex": "a.*"}]),
    ("exactly is given a number", [{"exactly": 1}]),
    ("a prefix is a number", [{"prefix": 1}]),
    ("a prefix is a list", [{"prefix": ["a", "b"]}]),
    ("a prefix is null", [{"prefix": None}]),
    ("a prefix nests another operator", [{"prefix": {"wildcard": "a*"}}]),
    ("a prefix nests two operators", [{"prefix": {"equals-ignore-case": "a", "prefix": "b"}}]),
    ("a prefix without case is a number", [{"prefix": {"equals-ignore-case": 1}}]),
    ("a suffix is a number", [{"suffix": 1}]),
    ("a suffix is a list", [{"suffix": ["a"]}]),
    ("a suffix nests another operator", [{"suffix": {"prefix": "a"}}]),
    ("equal without case is a number", [{"equals-ignore-case": 1}]),
    ("equal without case is a list", [{"equals-ignore-case": ["a"]}]),
    ("a wildcard is a number", [{"wildcard": 1}]),
    ("a wildcard is a list", [{"wildcard": ["a*"]}]),
    ("two asterisks follow each other", [{"wildcard": "a**b"}]),
    ("a backslash escapes a letter", [{"wildcard": r"a\b"}]),
    ("a backslash escapes nothing", [{"wildcard": "a\\"}]),
    ("wildcards keep too much open", [{"wildcard": "*:*:*:*:*:event-bus/*"}]),
    ("a long repeat follows a wildcard", [{"wildcard": "*aaaaaaaaaaaaaaa"}]),
    ("anything but is null", [{"anything-but": None}]),
    ("anything but is a boolean", [{"anything-but": True}]),
    ("anything but is an empty list", [{"anything-but": []}]),
    ("anything but mixes strings and numbers", [{"anything-but": ["a", 1]}]),
    ("anything but has null in its list", [{"anything-but": ["a", None]}]),
    ("anything but has a boolean in its list", [{"anything-but": [True]}]),
    ("anything but has filters in its list", [{"anything-but": [{"prefix": "a"}, {"prefix": "b"}]}]),
    ("anything but a number beyond the limit", [{"anything-but": 5_000_000_001}]),
    ("anything but nests nothing", [{"anything-but": {}}]),
    ("anything but nests an operator it does not take", [{"anything-but": {"numeric": ["=", 1]}}]),
    ("anything but nests exists", [{"anything-but": {"exists": True}}]),
    ("anything but an empty prefix", [{"anything-but": {"prefix": ""}}]),
    ("anything but a numeric prefix", [{"anything-but": {"prefix": 1}}]),
    ("anything but a prefix without case", [{"anything-but": {"prefix": {"equals-ignore-case": "a"}}}]),
    ("anything but prefixes, one a number", [{"anything-but": {"prefix": ["a", 1]}}]),
    ("anything but no prefixes", [{"anything-but": {"prefix": []}}]),
    ("anything but an empty suffix", [{"anything-but": {"suffix": ""}}]),
    ("anything but a suffix without case", [{"anything-but": {"suffix": {"equals-ignore-case": "a"}}}]),
    ("anything but a number without case", [{"anything-but": {"equals-ignore-case": 123}}]),
    ("anything but a bad wildcard", [{"anything-but": {"wildcard": "a**"}}]),
    ("anything but a numeric wildcard", [{"anything-but": {"wildcard": 1}}]),
    ("numeric is a number", [{"numeric": 5}]),
    ("numeric is an empty list", [{"numeric": []}]),
    ("numeric lacks a number", [{"numeric": [">"]}]),
    ("numeric has three parts", [{"numeric": [">", 1, "<"]}]),
    ("numeric has three bounds", [{"numeric": [">", 1, "<", 5, "<", 7]}]),
    ("numeric begins with a number", [{"numeric": [1, ">"]}]),
    ("a numeric operator is unknown", [{"numeric": ["!=", 1]}]),
    ("a numeric bound is a string", [{"numeric": [">", "1"]}]),
    ("a numeric bound is a boolean", [{"numeric": [">", True]}]),
    ("a numeric bound lies beyond the limit", [{"numeric": [">", 6e9]}]),
    ("a range begins with its top", [{"numeric": ["<", 5, ">", 1]}]),
    ("a range has two bottoms", [{"numeric": [">", 1, ">", 2]}]),
    ("a range has an equals", [{"numeric": [">", 1, "=", 2]}]),
    ("a range's bottom is its top", [{"numeric": [">=", 5, "<=", 5]}]),
    ("a range's bottom is above its top", [{"numeric": [">", 5, "<", 1]}]),
    ("a block is a number", [{"cidr": 1}]),
    ("a block has no mask", [{"cidr": "10.0.0.0"}]),
    ("a block has two masks", [{"cidr": "10.0.0.0/8/8"}]),
    ("a block's mask is too long", [{"cidr": "10.0.0.0/33"}]),
    ("a block's mask is negative", [{"cidr": "10.0.0.0/-8"}]),
    ("a block's mask is a word", [{"cidr": "10.0.0.0/xx"}]),
    ("a block's mask is an address", [{"cidr": "10.0.0.0/255.0.0.0"}]),
    ("a block's address is none", [{"cidr": "10.0.0.256/8"}]),
    ("an IPv6 block's mask is too long", [{"cidr": "2001:db8::/129"}]),
    ("an IPv6 block's address is none", [{"cidr": "2001:db8:::/32"}]),
    ("exists is a string", [{"exists": "true"}]),
    ("exists is null", [{"exists": None}]),
    ("a bad filter follows a good value", ["open", {"nope": 1}]),
]

REFUSED_PATTERNS: list[tuple[str, dict[str, Any], str]] = [
    ("the pattern is empty", {}, ""),
    ("an object in it is empty", {"detail": {}}, "detail"),
    ("branches are no list", {"$or": {"a": [1], "b": [2]}}, "$or"),
    ("there is no branch", {"$or": []}, "$or"),
    ("there is one branch", {"$or": [{"a": [1]}]}, "$or"),
    ("a branch is no object", {"$or": [{"a": [1]}, "b"]}, "$or"),
    ("a branch is empty", {"detail": {"$or": [{"a": [1]}, {}]}}, "detail"),
    ("a branch's field has an operator's name", {"$or": [{"prefix": ["a"]}, {"b": [1]}]}, "prefix"),
    ("a branch's nested field has one", {"$or": [{"x": {"<=": [1]}}, {"b": [1]}]}, "x.<="),
    ("a branch repeats a field", {"a": [1], "$or": [{"a": [2]}, {"b": [1]}]}, "a"),
    ("a field is given with dots and with steps", {"a": {"b": [1]}, "a.b": [2]}, "a.b"),
    (
        "branches multiply to over a thousand",
        {name: {"$or": [{f"f{i}": [i]} for i in range(11)]} for name in "abc"},
        "c.$or",
    ),
    ("the pattern is too long", {"a": ["x" * 4096]}, ""),
]


def rows(table: list[tuple[Any, ...]]) -> list[Any]:
    return [pytest.param(*row[1:], id=row[0]) for row in table]


@pytest.mark.parametrize("alternatives", rows(REFUSED_ALTERNATIVES))
def test_the_field_is_refused_by_its_path_when(alternatives):
    with pytest.raises(InvalidPattern) as refusal:
        compile_pattern({"source": ["s"], "detail": {"f": alternatives}})

    assert refusal.value.path == "detail.f"


@pytest.mark.parametrize(("pattern", "path"), rows(REFUSED_PATTERNS))
def test_the_pattern_is_refused_when(pattern, path):
    with pytest.raises(InvalidPattern) as refusal:
        compile_pattern(pattern)

    assert refusal.value.path == path


def test_the_pattern_is_refused_when_it_is_no_object():
    with pytest.raises(InvalidPattern, match="must be an object"):
        compile_pattern(["a"])  # type: ignore[arg-type]


def test_a_thousand_combinations_are_accepted():
    pattern = {name: {"$or": [{f"f{i}": [i]} for i in range(10)]} for name in "abc"}

    matcher = compile_pattern(pattern)

    assert matcher.matches({"a": {"f9": 9}, "b": {"f0": 0}, "c": {"f5": 5}})


def test_an_operators_name_is_a_field_when_it_is_outside_branches():
    matcher = compile_pattern({"detail": {"prefix": ["a"]}})

    assert matcher.matches({"detail": {"prefix": "a"}})


def test_the_error_names_path_and_reason():
    with pytest.raises(InvalidPattern, match=r"^detail\.f: unrecognized match type nope$"):
        compile_pattern({"detail": {"f": [{"nope": 1}]}})
