"""Whether what a pattern asks for can be: the table, and the memory bus's matcher as an independent judge."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.patterns.leaves import clauses
from contracts.patterns.possible import UnknownFilter, possible
from contracts.patterns.regular import can_match
from contracts.patterns.schemas import Found, at, event_schema
from events.catalog import BillingInvoiceIssued, PartnerUsageReported
from local.memory.filters import compile_field

IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9_.:\-]*$"
PERIOD = r"^[0-9]{4}-(0[1-9]|1[0-2])$"
CODE = {"type": "string", "pattern": "^[A-Z]{3}$"}
AMOUNT = {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}
RATE = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
NAME = {"type": "string", "minLength": 2, "maxLength": 5}
COLOUR = {"enum": ["red", "green"]}
FLAG = {"type": "boolean"}
ANYTHING: dict[str, Any] = {}


@pytest.mark.parametrize(
    ("alternative", "schema", "answer"),
    [
        ("USD", CODE, True),
        ("usd", CODE, False),
        ("USDX", CODE, False),
        (5, CODE, False),
        (None, CODE, False),
        (None, {"type": "null"}, True),
        (True, FLAG, True),
        (1, FLAG, False),
        (True, AMOUNT, False),
        (0, AMOUNT, True),
        (-1, AMOUNT, False),
        (0.5, AMOUNT, False),
        (6_000_000_000, AMOUNT, True),
        (0.5, RATE, True),
        (1, RATE, False),
        ("a", NAME, False),
        ("abcdef", NAME, False),
        ("red", COLOUR, True),
        ("blue", COLOUR, False),
        ("anything", ANYTHING, True),
        ({"exactly": "USD"}, CODE, True),
        ({"exactly": "usd"}, CODE, False),
        ({"equals-ignore-case": "usd"}, CODE, True),
        ({"equals-ignore-case": "us"}, CODE, False),
        ({"equals-ignore-case": "RED"}, COLOUR, True),
        ({"prefix": "US"}, CODE, True),
        ({"prefix": "us"}, CODE, False),
        ({"prefix": {"equals-ignore-case": "us"}}, CODE, True),
        ({"prefix": "inv "}, {"type": "string", "pattern": IDENTIFIER}, False),
        ({"prefix": "2026-1"}, {"type": "string", "pattern": PERIOD}, True),
        ({"prefix": "2026-2"}, {"type": "string", "pattern": PERIOD}, False),
        ({"prefix": "re"}, COLOUR, True),
        ({"prefix": "bl"}, COLOUR, False),
        ({"prefix": "1"}, AMOUNT, False),
        ({"prefix": "abcdef"}, NAME, False),
        ({"suffix": "-13"}, {"type": "string", "pattern": PERIOD}, False),
        ({"suffix": "-12"}, {"type": "string", "pattern": PERIOD}, True),
        ({"suffix": "d"}, COLOUR, True),
        ({"wildcard": "U*D"}, CODE, True),
        ({"wildcard": "U*DD*D"}, CODE, False),
        ({"wildcard": "*-0*"}, {"type": "string", "pattern": PERIOD}, True),
        ({"wildcard": "r*d"}, COLOUR, True),
        ({"wildcard": "r*n"}, COLOUR, False),
        ({"anything-but": "red"}, COLOUR, True),
        ({"anything-but": ["red", "green"]}, COLOUR, False),
        ({"anything-but": {"prefix": "r"}}, COLOUR, True),
        ({"anything-but": {"prefix": ["r", "g"]}}, COLOUR, False),
        ({"anything-but": {"wildcard": "*e*"}}, COLOUR, False),
        ({"anything-but": ["USD"]}, CODE, True),
        ({"anything-but": 0}, AMOUNT, True),
        ({"numeric": [">", 100]}, AMOUNT, True),
        ({"numeric": ["<", 0]}, AMOUNT, False),
        ({"numeric": ["<=", 0]}, AMOUNT, True),
        ({"numeric": [">", 0, "<", 1]}, AMOUNT, False),
        ({"numeric": [">", 0, "<", 1]}, RATE, True),
        ({"numeric": [">=", 1]}, RATE, False),
        ({"numeric": ["=", 0.5]}, AMOUNT, False),
        ({"numeric": ["=", 3]}, AMOUNT, True),
        ({"numeric": [">", 5_000_000_000]}, AMOUNT, False),
        ({"numeric": [">", 0]}, CODE, False),
        ({"numeric": [">", 1]}, {"enum": [1, 2]}, True),
        ({"numeric": [">", 2]}, {"enum": [1, 2]}, False),
        ({"cidr": "10.0.0.0/8"}, {"type": "string"}, True),
        ({"cidr": "10.0.0.0/8"}, AMOUNT, False),
        ({"cidr": "10.0.0.0/8"}, {"enum": ["10.1.2.3"]}, True),
        ({"cidr": "10.0.0.0/8"}, {"enum": ["11.1.2.3", "red"]}, False),
        ({"exists": True}, CODE, True),
    ],
)
def test_what_a_schema_allows_can_match_and_nothing_else(alternative: Any, schema: Any, answer: bool) -> None:
    assert possible(alternative, Found(schema, schema)) is answer


def test_only_a_field_that_is_always_there_cannot_be_absent() -> None:
    assert not possible({"exists": False}, Found(CODE, CODE, required=True))
    assert possible({"exists": False}, Found(CODE, CODE, required=False))


def test_a_filter_that_eventbridge_does_not_have_is_named() -> None:
    with pytest.raises(UnknownFilter, match="contains is no content filter"):
        possible({"contains": "x"}, Found(CODE, CODE))


FIELDS = [
    (CODE, st.from_regex(CODE["pattern"], fullmatch=True)),
    ({"type": "string", "pattern": IDENTIFIER}, st.from_regex(IDENTIFIER.rstrip("$") + r"\Z", fullmatch=True)),
    (NAME, st.text(min_size=2, max_size=5)),
    (COLOUR, st.sampled_from(COLOUR["enum"])),
    (AMOUNT, st.integers(0, 2**53 - 1)),
    (RATE, st.floats(0, 1, exclude_min=True, exclude_max=True)),
    (FLAG, st.booleans()),
]
TEXTS = st.one_of(st.sampled_from(["USD", "us", "red", "gr", "a", "inv_1", "*"]), st.text(max_size=3))
NUMBERS = st.one_of(st.integers(-3, 10), st.sampled_from([0.5, 0.25, 4_999_999_999]))
ALTERNATIVES = st.one_of(
    TEXTS,
    NUMBERS,
    st.sampled_from([True, False, None]),
    *(
        st.builds(lambda text, name=name: {name: text}, TEXTS.filter(bool))
        for name in ("exactly", "equals-ignore-case")
    ),
    *(st.builds(lambda text, name=name: {name: text}, TEXTS.filter(bool)) for name in ("prefix", "suffix")),
    *(
        st.builds(lambda text, name=name: {name: {"equals-ignore-case": text}}, TEXTS.filter(bool))
        for name in ("prefix", "suffix")
    ),
    st.builds(lambda a, b: {"wildcard": f"{a}*{b}"}, st.sampled_from("USrga"), st.sampled_from("Dnd1")),
    st.builds(lambda texts: {"anything-but": texts}, st.lists(TEXTS, min_size=1, max_size=3)),
    st.builds(lambda numbers: {"anything-but": numbers}, st.lists(NUMBERS, min_size=1, max_size=3)),
    st.builds(lambda text: {"anything-but": {"prefix": text}}, TEXTS.filter(bool)),
    st.builds(lambda op, n: {"numeric": [op, n]}, st.sampled_from(["=", "<", "<=", ">", ">="]), NUMBERS),
    st.builds(lambda low, more: {"numeric": [">", low, "<=", low + more]}, st.integers(-3, 10), st.integers(1, 3)),
)


@given(st.data(), ALTERNATIVES)
def test_whatever_the_bus_would_match_is_called_possible(data: st.DataObject, alternative: Any) -> None:
    schema, values = data.draw(st.sampled_from(FIELDS))
    value = data.draw(values)

    if compile_field("f", [alternative]).accepts(value):
        assert possible(alternative, Found(schema, schema))


@given(st.sampled_from([IDENTIFIER, PERIOD, r"^[a-z]+$", r"^https?://[^\s/?#]+\S*$", r"(ab|c)*d{2,3}"]), st.data())
def test_a_text_that_matches_both_is_not_denied(pattern: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(pattern)).rstrip("\n")
    if not re.search(pattern, text):
        return
    start, stop = sorted((data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))))
    literal = [part.replace("\\", "\\\\").replace("*", "\\*") for part in (text[:start], text[stop:])]

    assert can_match(pattern, "*".join(literal))


def test_patterns_that_are_not_regular_are_never_denied() -> None:
    assert can_match(r"^(?=x)y$", "z")
    assert can_match(r"(a)\1", "z")
    assert can_match(r"(?i)abc", "ABC")


def test_or_is_taken_apart_into_the_ways_to_match() -> None:
    pattern = {"source": ["s"], "detail": {"$or": [{"a": [1]}, {"b": [2], "c": {"d": [3]}}]}}

    names = [[leaf.name for leaf in clause] for clause in clauses(pattern)]

    assert names == [["source", "detail.a"], ["source", "detail.b", "detail.c.d"]]


@pytest.mark.parametrize(
    ("path", "payload"),
    [
        ("detail.data.amount", "amount"),
        ("detail.data.lines.amount", "lines[].amount"),
        ("detail.type", None),
        ("detail.data.nothing", "missing"),
        ("detail.amount", "missing"),
        ("nothing", "missing"),
    ],
)
def test_a_rule_sees_fields_in_their_envelopes_and_no_arrays(path: str, payload: str | None) -> None:
    found = at(event_schema(BillingInvoiceIssued, ["billing-service"]), path.split("."))

    assert {f.payload for f in found} == (set() if payload == "missing" else {payload})


def test_a_system_that_is_not_ours_may_send_the_bare_data() -> None:
    found = at(event_schema(PartnerUsageReported, None), ["detail", "quantity"])

    assert [f.payload for f in found] == ["quantity"]
    assert not any(f.required for f in found)
