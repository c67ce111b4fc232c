"""Which strings match some patterns and not others."""

from __future__ import annotations

import re
from itertools import product

import pytest

from contracts.compatibility.json_schema.automaton import Undecided, example

#: Patterns that Python and ECMA 262 read alike, on strings without line ends.
PATTERNS = (
    "^a", "a$", "^a$", "a", "^(a|b)$", "^[ab]{2}$", "^[^a]$", "^a?b?c?$", "b|^a", "(ab)+", "^(a|b)*c$", "^a{1,2}$",
    "^[a-c]*$", "", "^$", "a|b$|^c", "^(|a)b", "[^a-b]", "^a+?b", "^(?:ab|ba){1,}$", "c{2}",
)  # fmt: skip
STRINGS = tuple("".join(letters) for length in range(5) for letters in product("abc", repeat=length))


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("other", PATTERNS)
def test_an_example_is_found_exactly_where_there_is_one(pattern: str, other: str) -> None:
    there_are = [text for text in STRINGS if re.search(pattern, text) and not re.search(other, text)]

    found = example([pattern], excluding=[other])

    if found is None:
        assert there_are == []
    else:
        assert re.search(pattern, found)
        assert not re.search(other, found)
        assert not there_are or len(found) <= len(there_are[0]), "the shortest"


@pytest.mark.parametrize(
    ("pattern", "low", "high", "found"),
    [
        ("^[A-Z]{3}$", 0, 2, None),
        ("^[A-Z]{3}$", 4, None, None),
        ("^[A-Z]{3}$", 3, 3, "AAA"),
        ("^a*$", 5, None, "aaaaa"),
        ("^a*$", 5, 4, None),
    ],
)
def test_an_example_keeps_to_its_length(pattern: str, low: int, high: int | None, found: str | None) -> None:
    assert example([pattern], low=low, high=high) == found


@pytest.mark.parametrize(
    ("pattern", "same"),
    [
        ("^\\d$", "^[0-9]$"),
        ("^\\w$", "^[A-Za-z0-9_]$"),
        ("^\\x41\\u0042$", "^AB$"),
        ("^[\\d\\-x]$", "^[0-9x-]$"),
        ("^\\S$", "^[^\\s]$"),
        ("^[^\\x00-\\x1f]$", "^[^\\x00-\\x1f]$"),
        ("^\\.\\/$", "^[.][/]$"),
        ("^\\t\\n$", "^\\x09\\x0a$"),
    ],
)
def test_escapes_are_read_as_ecma_262_reads_them(pattern: str, same: str) -> None:
    assert example([pattern], excluding=[same]) is None
    assert example([same], excluding=[pattern]) is None


def test_a_dot_is_read_to_the_safe_side_where_engines_differ() -> None:
    assert example(["^.$"], excluding=["^[^\\n\\r\\u2028\\u2029]$"]) in {"\r", "\u2028", "\u2029"}
    assert example(["^.$"], excluding=["^[^\\n\\r\\u2028\\u2029]$"], generous=False) is None


@pytest.mark.parametrize(
    "pattern",
    ["(?=a)", "(?!a)", "(?<=a)b", "(a)\\1", "\\bword", "\\p{L}", "a++", "a{2}{3}", "[[:alpha:]]", "[]a]", "a{,2}", "(",
     "[", "a)", "*", "\\", "[b-a]", "a{2,1}", "[a&&b]", "\\ud800", "^*", "(?i)a", "\\e", "[a-\\d]", "a{99999}"],
)  # fmt: skip
def test_what_is_not_regular_or_read_in_two_ways_is_undecided(pattern: str) -> None:
    with pytest.raises(Undecided):
        example([pattern])


def test_a_search_that_grows_too_large_is_undecided() -> None:
    with pytest.raises(Undecided):
        example(["^(a|b)*a(a|b){14}$"], excluding=["^(a|b)*b(a|b){14}$", "c"], low=40)
