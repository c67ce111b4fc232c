"""What EventBridge patterns match. The tables read: sentence, alternatives of the field `f`, its value."""

from __future__ import annotations

from typing import Any

import pytest

from local.memory.patterns import compile as compile_pattern

ABSENT = object()

ON_ONE_FIELD: list[tuple[str, list[Any], Any]] = [
    ("a string equals itself", ["open"], "open"),
    ("any of several strings will do", ["open", "paid"], "paid"),
    ("the empty string equals itself", [""], ""),
    ("null equals null", [None], None),
    ("true equals true", [True], True),
    ("false equals false", [False], False),
    ("a number equals itself", [300], 300),
    ("a number equals its float", [300], 300.0),
    ("a number equals its exponent notation", [3.0e2], 300),
    ("a negative number equals itself", [-0.5], -0.5),
    ("zero equals zero", [0], 0.0),
    ("a number beyond the numeric filters equals itself", [123456789012], 123456789012),
    ("strings, numbers and null mix in one list", ["a", 1, None], None),
    ("a string equals one element of an array", ["b"], ["a", "b"]),
    ("an array intersects the alternatives", ["x", "b"], ["a", "b"]),
    ("nested arrays are flattened", ["b"], [["a"], ["b", ["c"]]]),
    ("a number equals one element of a mixed array", [2], ["1", 2]),
    ("an IPv6 address equals its other spelling", ["2001:db8::1"], "2001:0db8:0:0:0:0:0:1"),
    ("exactly equals a string", [{"exactly": "open"}], "open"),
    ("a prefix begins the string", [{"prefix": "inv_"}], "inv_1"),
    ("a prefix is the whole string", [{"prefix": "inv_"}], "inv_"),
    ("the empty prefix begins every string", [{"prefix": ""}], "anything"),
    ("a prefix without case begins the string", [{"prefix": {"equals-ignore-case": "INV_"}}], "inv_1"),
    ("a prefix begins one element", [{"prefix": "inv_"}], ["pay_1", "inv_1"]),
    ("a suffix ends the string", [{"suffix": ".png"}], "cat.png"),
    ("a suffix without case ends the string", [{"suffix": {"equals-ignore-case": ".PNG"}}], "cat.png"),
    ("a string equals without case", [{"equals-ignore-case": "OpEn"}], "oPeN"),
    ("an umlaut equals without case", [{"equals-ignore-case": "ÄÖÜ"}], "äöü"),
    ("the empty string equals without case", [{"equals-ignore-case": ""}], ""),
    ("a wildcard stands for a run of characters", [{"wildcard": "a*d"}], "abcd"),
    ("a wildcard stands for nothing", [{"wildcard": "a*d"}], "ad"),
    ("a wildcard stands for line breaks", [{"wildcard": "a*d"}], "a\nb\nd"),
    ("a wildcard alone matches the empty string", [{"wildcard": "*"}], ""),
    ("a wildcard tries more than the first fit", [{"wildcard": "*ab"}], "abab"),
    ("two wildcards match in their order", [{"wildcard": "dir/*/file.*"}], "dir/x/y/file.txt"),
    ("an escaped asterisk is an asterisk", [{"wildcard": r"a\*b"}], "a*b"),
    ("an escaped backslash is a backslash", [{"wildcard": r"a\\*"}], r"a\b"),
    ("a wildcard's other characters are themselves", [{"wildcard": "a.b*"}], "a.bc"),
    ("a wildcard matches without any asterisk", [{"wildcard": "abc"}], "abc"),
    ("anything but a string is another string", [{"anything-but": "open"}], "paid"),
    ("anything but a string is a number", [{"anything-but": "1"}], 1),
    ("anything but a string is null", [{"anything-but": "open"}], None),
    ("anything but a string is true", [{"anything-but": "true"}], True),
    ("anything but a number is another number", [{"anything-but": 300}], 301),
    ("anything but a number is that number as a string", [{"anything-but": 300}], "300"),
    ("anything but zero is one", [{"anything-but": 0}], 1),
    ("anything but strings is none of them", [{"anything-but": ["open", "paid"]}], "void"),
    ("anything but numbers is none of them", [{"anything-but": [1, 2]}], 3),
    ("anything but a string is another element of the array", [{"anything-but": "open"}], ["open", "paid"]),
    ("anything but strings is one element outside", [{"anything-but": ["a", "b"]}], ["a", "b", "c"]),
    ("anything but a prefix", [{"anything-but": {"prefix": "init"}}], "running"),
    ("anything but a prefix is a number", [{"anything-but": {"prefix": "init"}}], 12),
    ("anything but a prefix is null", [{"anything-but": {"prefix": "init"}}], None),
    ("anything but prefixes", [{"anything-but": {"prefix": ["a", "b"]}}], "c"),
    ("anything but a suffix", [{"anything-but": {"suffix": ".txt"}}], "a.png"),
    ("anything but suffixes", [{"anything-but": {"suffix": [".txt", ".rtf"]}}], "a.png"),
    ("anything but a string without case", [{"anything-but": {"equals-ignore-case": "OPEN"}}], "paid"),
    ("anything but strings without case", [{"anything-but": {"equals-ignore-case": ["A", "B"]}}], "c"),
    ("anything but a string without case is null", [{"anything-but": {"equals-ignore-case": "a"}}], None),
    ("anything but a wildcard", [{"anything-but": {"wildcard": "*/lib/*"}}], "/usr/bin/x"),
    ("anything but wildcards", [{"anything-but": {"wildcard": ["*/lib/*", "*/bin/*"]}}], "/usr/etc/x"),
    ("anything but the empty wildcard is any text", [{"anything-but": {"wildcard": ""}}], "text"),
    ("anything but a wildcard is a number", [{"anything-but": {"wildcard": "1*"}}], 12),
    ("a number equals numerically", [{"numeric": ["=", 3.018e2]}], 301.8),
    ("a number is greater", [{"numeric": [">", 0]}], 0.000001),
    ("a number is at least", [{"numeric": [">=", 5]}], 5),
    ("a number is less", [{"numeric": ["<", 10]}], -3),
    ("a number is at most", [{"numeric": ["<=", 10]}], 10.0),
    ("a number lies in a half-open range", [{"numeric": [">", 0, "<=", 5]}], 5),
    ("a number lies in a closed range", [{"numeric": [">=", 0, "<=", 5]}], 0),
    ("a number lies at the numeric filters' limit", [{"numeric": [">", 0]}], 5e9),
    ("digits after the sixth do not count", [{"numeric": ["=", 0.123456]}], 0.1234567),
    ("one element lies in the range", [{"numeric": ["<", 10]}], [100, 5]),
    ("an address lies in a block", [{"cidr": "10.0.0.0/24"}], "10.0.0.255"),
    ("a block need not start at its base", [{"cidr": "10.0.0.77/24"}], "10.0.0.1"),
    ("an IPv6 address lies in a block", [{"cidr": "2001:db8::/32"}], "2001:db8::ff00:42:8329"),
    ("every IPv4 address lies in the widest block", [{"cidr": "0.0.0.0/0"}], "255.255.255.255"),
    ("a field with a value exists", [{"exists": True}], "x"),
    ("a field that is null exists", [{"exists": True}], None),
    ("a field that is false exists", [{"exists": True}], False),
    ("a field with an array exists", [{"exists": True}], ["x"]),
    ("a missing field does not exist", [{"exists": False}], ABSENT),
    ("an object is no leaf and does not exist", [{"exists": False}], {"g": 1}),
    ("an empty array has no leaf and does not exist", [{"exists": False}], []),
    ("an empty object has no leaf and does not exist", [{"exists": False}], {}),
    ("missing or a value: it is missing", ["x", {"exists": False}], ABSENT),
    ("missing or a value: it is the value", ["x", {"exists": False}], "x"),
    ("filters and values are alternatives", [{"prefix": "a"}, {"numeric": [">", 5]}, None], 6),
]

NOT_ON_ONE_FIELD: list[tuple[str, list[Any], Any]] = [
    ("a string in another case is another string", ["open"], "Open"),
    ("a part of a string is another string", ["open"], "reopened"),
    ("the empty string is not null", [None], ""),
    ("null is not a missing field", [None], ABSENT),
    ("null is not an empty array", [None], []),
    ("null is not false", [None], False),
    ("true is not one", [True], 1),
    ("one is not true", [1], True),
    ("zero is not false", [0], False),
    ("true is not its word", [True], "true"),
    ("a number is not its digits", [300], "300"),
    ("digits are not the number", ["300"], 300),
    ("an object equals nothing", ["a"], {"a": "a"}),
    ("no element equals", ["x"], ["a", "b"]),
    ("an empty array has nothing to equal", ["x"], []),
    ("the empty string is not a missing field", [""], ABSENT),
    ("an IPv4 address does not equal its neighbour", ["10.0.0.1"], "10.0.0.2"),
    ("exactly is case sensitive", [{"exactly": "open"}], "OPEN"),
    ("a prefix in the middle", [{"prefix": "inv_"}], "an inv_1"),
    ("a prefix has its case", [{"prefix": "INV_"}], "inv_1"),
    ("a prefix is no filter of numbers", [{"prefix": "1"}], 12),
    ("the empty prefix does not begin null", [{"prefix": ""}], None),
    ("a prefix without case in the middle", [{"prefix": {"equals-ignore-case": "b"}}], "aB"),
    ("a suffix in the middle", [{"suffix": ".png"}], "cat.png.bak"),
    ("a suffix has its case", [{"suffix": ".png"}], "cat.PNG"),
    ("a suffix of a missing field", [{"suffix": ""}], ABSENT),
    ("equal without case is the whole string", [{"equals-ignore-case": "open"}], "opened"),
    ("equal without case is no filter of booleans", [{"equals-ignore-case": "true"}], True),
    ("a wildcard covers the whole string", [{"wildcard": "a*d"}], "abcde"),
    ("an escaped asterisk is nothing else", [{"wildcard": r"a\*b"}], "axb"),
    ("a wildcard's dot is a dot", [{"wildcard": "a.b*"}], "axbc"),
    ("a wildcard is no filter of numbers", [{"wildcard": "*"}], 1),
    ("a wildcard has its case", [{"wildcard": "A*"}], "abc"),
    ("anything but a string is not that string", [{"anything-but": "open"}], "open"),
    ("anything but a string is not a missing field", [{"anything-but": "open"}], ABSENT),
    ("anything but a string is not an empty array", [{"anything-but": "open"}], []),
    ("anything but a number is not that number as a float", [{"anything-but": 300}], 300.0),
    ("anything but strings is not one of them", [{"anything-but": ["open", "paid"]}], "paid"),
    ("anything but strings is not all of them", [{"anything-but": ["open", "paid"]}], ["paid", "open"]),
    ("anything but numbers is not one of them", [{"anything-but": [1, 2]}], 2),
    ("anything but a prefix is not a string with it", [{"anything-but": {"prefix": "init"}}], "initializing"),
    ("anything but a prefix is not a missing field", [{"anything-but": {"prefix": "init"}}], ABSENT),
    ("anything but prefixes is not one of them", [{"anything-but": {"prefix": ["a", "b"]}}], "bc"),
    ("anything but a suffix is not a string with it", [{"anything-but": {"suffix": ".txt"}}], "a.txt"),
    ("anything but a suffix is not a missing field", [{"anything-but": {"suffix": ".txt"}}], ABSENT),
    ("anything but a string without case is not it", [{"anything-but": {"equals-ignore-case": "OPEN"}}], "open"),
    ("anything but without case is not a missing field", [{"anything-but": {"equals-ignore-case": "a"}}], ABSENT),
    ("anything but a wildcard is not its match", [{"anything-but": {"wildcard": "*/lib/*"}}], "/usr/lib/x"),
    ("anything but a wildcard is not a missing field", [{"anything-but": {"wildcard": "*/lib/*"}}], ABSENT),
    ("anything but the empty wildcard is not the empty text", [{"anything-but": {"wildcard": ""}}], ""),
    ("an open bound excludes itself", [{"numeric": [">", 0]}], 0),
    ("an open top excludes itself", [{"numeric": [">", 0, "<", 5]}], 5),
    ("numeric is no filter of digits", [{"numeric": [">", 0]}], "5"),
    ("numeric is no filter of booleans", [{"numeric": ["=", 1]}], True),
    ("numeric is no filter of null", [{"numeric": ["<=", 0]}], None),
    ("numeric does not see numbers beyond its limit", [{"numeric": [">", 0]}], 5_000_000_001),
    ("an address beside the block", [{"cidr": "10.0.0.0/24"}], "10.0.1.0"),
    ("an address of the other family", [{"cidr": "0.0.0.0/0"}], "::1"),
    ("an address that is none", [{"cidr": "10.0.0.0/24"}], "10.0.0.x"),
    ("an address that is a number", [{"cidr": "10.0.0.0/24"}], 167772161),
    ("a missing field does not exist", [{"exists": True}], ABSENT),
    ("an object is no leaf", [{"exists": True}], {"g": 1}),
    ("an empty array has no leaf", [{"exists": True}], []),
    ("a field that is null exists", [{"exists": False}], None),
    ("a field with a value exists", [{"exists": False}], "x"),
    ("missing or a value: it is another value", ["x", {"exists": False}], "y"),
]

SONGS: dict[str, Any] = {
    "year": 1966,
    "songs": [
        {"name": "Sunny", "writers": [{"first": "Bobby", "last": "Hebb"}]},
        {"name": "Cherish", "writers": [{"first": "Terry", "last": "Kirkman"}, {"first": "Ann", "last": "Other"}]},
    ],
    "genres": [{"pop": True}, {"jazz": False}],
}

ON_WHOLE_EVENTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("every field of the pattern matches", {"a": ["1"], "b": ["2"]}, {"a": "1", "b": "2", "c": "3"}),
    ("a nested field matches", {"detail": {"data": {"x": [1]}}}, {"detail": {"data": {"x": 1}}}),
    ("a dot in the event's key is a step", {"a": {"b": [1]}}, {"a.b": 1}),
    ("a dot in the pattern's key is a step", {"a.b": [1]}, {"a": {"b": 1}}),
    ("a deep missing field does not exist", {"a": {"b": {"c": [{"exists": False}]}}}, {"a": {"x": 1}}),
    ("nothing exists in an empty event", {"a": [{"exists": False}], "b": [{"exists": False}]}, {}),
    ("an exact detail type comes with a filter", {"detail-type": ["t"], "detail": {"x": [{"prefix": "a"}]}},
     {"detail-type": "t", "detail": {"x": "ab"}}),
    ("a source in an array matches", {"source": ["b"]}, {"source": ["a", ["b"]]}),
    ("resources intersect", {"resources": ["arn:2"]}, {"resources": ["arn:1", "arn:2"]}),
    ("the first branch matches", {"$or": [{"a": [1]}, {"b": [2]}]}, {"a": 1}),
    ("the second branch matches", {"$or": [{"a": [1]}, {"b": [2]}]}, {"b": 2}),
    ("a branch holds several fields", {"$or": [{"a": [1], "b": [2]}, {"c": [3]}]}, {"a": 1, "b": 2}),
    ("a branch inside an object", {"detail": {"$or": [{"a": [1]}, {"b": [2]}]}}, {"detail": {"b": 2}}),
    ("a branch beside fields before and after it", {"x": [1], "$or": [{"a": [1]}, {"b": [2]}], "y": [2]},
     {"x": 1, "b": 2, "y": 2}),
    ("a branch in a branch", {"$or": [{"a": [1], "$or": [{"b": [1]}, {"c": [1]}]}, {"d": [1]}]}, {"a": 1, "c": 1}),
    ("branches side by side in two objects",
     {"p": {"$or": [{"a": [1]}, {"b": [1]}]}, "q": {"$or": [{"c": [1]}, {"d": [1]}]}}, {"p": {"b": 1}, "q": {"c": 1}}),
    ("a branch on the detail type", {"$or": [{"detail-type": ["a"]}, {"source": ["s"]}]}, {"source": "s"}),
    ("a branch of absence", {"$or": [{"a": [{"exists": False}]}, {"b": [1]}]}, {}),
    ("fields of one array element", {"songs": {"name": ["Cherish"], "writers": {"last": ["Kirkman"]}}}, SONGS),
    ("fields of one inner element", {"songs": {"writers": {"first": ["Terry"], "last": ["Kirkman"]}}}, SONGS),
    ("fields of two arrays", {"genres": {"pop": [True]}, "songs": {"name": ["Sunny"]}}, SONGS),
    ("a field outside an array and one inside", {"year": [1966], "songs": {"name": ["Sunny"]}}, SONGS),
    ("absence in the chosen element", {"d": {"a": [1], "b": [{"exists": False}]}}, {"d": [{"a": 1}, {"a": 2, "b": 3}]}),
    ("anything but in the chosen element",
     {"d": {"n": ["b"], "s": [{"anything-but": "x"}]}}, {"d": [{"n": "a", "s": "x"}, {"n": "b", "s": "y"}]}),
    ("values of an array beside a field", {"d": {"tags": ["t2"], "k": ["v"]}}, {"d": {"tags": ["t1", "t2"], "k": "v"}}),
    ("two arrays of plain values", {"a": ["x"], "b": ["y"]}, {"a": ["w", "x"], "b": ["y", "z"]}),
    ("an element found after others that fit in part",
     {"d": {"a": ["t"], "b": ["f"]}}, {"d": [{"a": "t"}, {"b": "f"}, {"a": "t", "b": "f"}]}),
]  # fmt: skip

NOT_ON_WHOLE_EVENTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("one field of the pattern does not match", {"a": ["1"], "b": ["2"]}, {"a": "1", "b": "3"}),
    ("one field of the pattern is missing", {"a": ["1"], "b": ["2"]}, {"a": "1"}),
    ("a nested field does not match", {"detail": {"data": {"x": [1]}}}, {"detail": {"data": {"x": 2}}}),
    ("the parent is a scalar", {"detail": {"x": [1]}}, {"detail": 1}),
    ("the source is not a string", {"source": ["1"]}, {"source": 1}),
    ("the source is missing", {"source": ["1"]}, {}),
    ("no branch matches", {"$or": [{"a": [1]}, {"b": [2]}]}, {"a": 2, "b": 1}),
    ("a branch matches in part", {"$or": [{"a": [1], "b": [2]}, {"c": [3]}]}, {"a": 1}),
    ("the field beside the branches does not match", {"x": [1], "$or": [{"a": [1]}, {"b": [2]}]}, {"x": 2, "a": 1}),
    ("the field after the branches does not match", {"$or": [{"a": [1]}, {"b": [2]}], "x": [1]}, {"x": 2, "a": 1}),
    ("fields of two elements of one array", {"songs": {"name": ["Sunny"], "writers": {"first": ["Terry"]}}}, SONGS),
    ("fields of two inner elements", {"songs": {"writers": {"first": ["Ann"], "last": ["Kirkman"]}}}, SONGS),
    ("fields of two elements that have nothing else", {"d": {"a": [1], "b": [2]}}, {"d": [{"a": 1}, {"b": 2}]}),
    ("absence in an element that has it", {"d": {"a": [1], "b": [{"exists": False}]}}, {"d": [{"a": 1, "b": 2}]}),
    ("fields of elements of nested arrays", {"d": {"a": [1], "b": [2]}}, {"d": [[{"a": 1}], [{"b": 2}]]}),
    ("a field of an empty array", {"d": {"a": [{"exists": True}]}}, {"d": []}),
]  # fmt: skip


def rows(table: list[tuple[Any, ...]]) -> list[Any]:
    return [pytest.param(*row[1:], id=row[0]) for row in table]


def event_with(value: Any) -> dict[str, Any]:
    return {"detail": {} if value is ABSENT else {"f": value}}


@pytest.mark.parametrize(("alternatives", "value"), rows(ON_ONE_FIELD))
def test_the_field_matches_when(alternatives, value):
    matcher = compile_pattern({"detail": {"f": alternatives}})

    assert matcher.matches(event_with(value))


@pytest.mark.parametrize(("alternatives", "value"), rows(NOT_ON_ONE_FIELD))
def test_the_field_does_not_match_when(alternatives, value):
    matcher = compile_pattern({"detail": {"f": alternatives}})

    assert not matcher.matches(event_with(value))


@pytest.mark.parametrize(("pattern", "event"), rows(ON_WHOLE_EVENTS))
def test_the_event_matches_when(pattern, event):
    assert compile_pattern(pattern).matches(event)


@pytest.mark.parametrize(("pattern", "event"), rows(NOT_ON_WHOLE_EVENTS))
def test_the_event_does_not_match_when(pattern, event):
    assert not compile_pattern(pattern).matches(event)


@pytest.mark.parametrize(
    ("pattern", "types"),
    [
        pytest.param({"detail-type": ["a", "b"]}, {"a", "b"}, id="listed"),
        pytest.param({"detail-type": ["a"], "source": [{"prefix": "x"}]}, {"a"}, id="listed beside a filter"),
        pytest.param({"$or": [{"detail-type": ["a"]}, {"detail-type": ["b"]}]}, {"a", "b"}, id="listed in branches"),
        pytest.param({"$or": [{"detail-type": ["a"]}, {"source": ["b"]}]}, None, id="open in one branch"),
        pytest.param({"detail-type": [{"prefix": "a"}]}, None, id="filtered"),
        pytest.param({"detail-type": ["a", {"exists": False}]}, None, id="perhaps absent"),
        pytest.param({"source": ["a"]}, None, id="not mentioned"),
    ],
)
def test_the_detail_types_are_known_when_the_pattern_lists_them(pattern, types):
    assert compile_pattern(pattern).detail_types == types
