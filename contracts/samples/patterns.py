"""Text that matches a regular expression."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from random import Random
from typing import Any, Final

#: Python's own reader of patterns, private but unchanged in form for twenty years: nothing public parses them.
_PARSER: Final[Any] = importlib.import_module("re._parser")
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -_.:/@"
_MOST_REPEATS: Final = 8
_CATEGORIES: Final = {"CATEGORY_DIGIT": "0123456789", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "abcdxyz019_"}


class NoMatch(ValueError):
    """The pattern uses something for which no text is made here."""


def matching(pattern: str, rng: Random) -> str:
    """One that very likely matches: what looks around itself (`(?=…)`) is not honoured, so hold it against it."""
    return _sequence(_PARSER.parse(pattern), rng)


def _sequence(nodes: Iterable[tuple[Any, Any]], rng: Random) -> str:
    return "".join(_node(str(operation), argument, rng) for operation, argument in nodes)


def _node(operation: str, argument: Any, rng: Random) -> str:
    match operation:
        case "LITERAL":
            return chr(argument)
        case "IN" | "NOT_LITERAL" | "ANY" | "CATEGORY":
            return rng.choice(_characters(operation, argument))
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, nodes = argument
            times = rng.randint(least, min(int(most), least + _MOST_REPEATS))
            return "".join(_sequence(nodes, rng) for _ in range(times))
        case "SUBPATTERN" | "ATOMIC_GROUP":
            return _sequence(argument[-1] if operation == "SUBPATTERN" else argument, rng)
        case "BRANCH":
            return _sequence(rng.choice(argument[1]), rng)
        case "AT" | "ASSERT" | "ASSERT_NOT":
            return ""
        case _:
            raise NoMatch(f"{operation} in a pattern is not understood here")


def _characters(operation: str, argument: Any) -> str:
    """Those of a class that are easy on the eye, or all of it when none are."""
    if operation == "ANY":
        return _ALPHABET
    if operation == "CATEGORY":
        return _CATEGORIES[str(argument)]
    if operation == "NOT_LITERAL":
        return _ALPHABET.replace(chr(argument), "")
    negated = str(argument[0][0]) == "NEGATE"
    members = {c for item in argument[negated:] for c in _class(str(item[0]), item[1])}
    if negated:
        return "".join(c for c in _ALPHABET if c not in members)
    return "".join(c for c in _ALPHABET if c in members) or "".join(sorted(members))


def _class(operation: str, argument: Any) -> str:
    match operation:
        case "LITERAL":
            return chr(argument)
        case "RANGE":
            return "".join(map(chr, range(argument[0], argument[1] + 1)))
        case "CATEGORY" if str(argument).startswith("CATEGORY_NOT_"):
            outside = _CATEGORIES[str(argument).replace("NOT_", "")]
            return "".join(c for c in _ALPHABET if c not in outside)
        case _:
            return _CATEGORIES[str(argument)]
