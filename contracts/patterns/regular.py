"""Whether a text can match both a regular expression and a form with wildcards."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final

#: Repeats beyond this many count as any number of them: yes may then be said too often, never no.
_MOST: Final = 64
#: Characters that stand for all those that neither side names.
_OTHERS: Final = ("a", "Z", "0", "_", " ", "-", "é", "\x00", chr(sys.maxunicode))
_UNLIMITED: Final = parser.MAXREPEAT

#: What is still to be matched, the first item first. Nested tuples, so that it can be remembered.
_Rest = tuple[Any, ...]


def can_match(pattern: str, wildcard: str, *, ignore_case: bool = False) -> bool:
    """Whether some text matches the pattern (anywhere in it, as JSON Schema has it) and has the wildcard's form.

    In a wildcard `*` is any text, and `\\*` a star. Yes for patterns that are not regular (look-around, references).
    """
    try:
        tree = parser.parse(pattern)
        if tree.state.flags != re.UNICODE:
            return True
        form = _form(wildcard)
        items = (_ANYTHING, *_frozen(tree), _ANYTHING)
        return _search(items, form, ignore_case=ignore_case)
    except (re.error, _NotRegularError):
        return True


class _NotRegularError(Exception):
    pass


_ANYTHING: Final = ("star", (("any",),))


def _form(wildcard: str) -> tuple[str | None, ...]:
    """Characters, and None for any text."""
    found = re.findall(r"\\[*\\]|.", wildcard, re.DOTALL)
    return tuple(None if item == "*" else item[-1] for item in found)


def _frozen(tree: Any) -> _Rest:
    return tuple(item for code, argument in tree for item in _item(code, argument))


def _item(code: Any, argument: Any) -> Iterator[tuple[Any, ...]]:
    match code:
        case codes.LITERAL | codes.NOT_LITERAL:
            yield ("set", code is codes.NOT_LITERAL, ((codes.LITERAL, argument),))
        case codes.IN:
            negated = argument[0][0] is codes.NEGATE
            yield ("set", negated, tuple((c, a) for c, a in argument if c is not codes.NEGATE))
        case codes.ANY:
            yield ("any",)
        case codes.AT:
            yield ("begin",) if argument in (codes.AT_BEGINNING, codes.AT_BEGINNING_STRING) else _end(argument)
        case codes.SUBPATTERN if argument[1] == argument[2] == 0:
            yield from _frozen(argument[-1])
        case codes.BRANCH:
            yield ("branch", tuple(_frozen(option) for option in argument[1]))
        case codes.MAX_REPEAT | codes.MIN_REPEAT:
            low, high, body = argument
            yield from _repeated(_frozen(body), low, high)
        case _:
            raise _NotRegularError


def _end(argument: Any) -> tuple[str]:
    if argument not in (codes.AT_END, codes.AT_END_STRING):
        raise _NotRegularError
    return ("end",)


def _repeated(body: _Rest, low: int, high: int) -> Iterator[tuple[Any, ...]]:
    for _ in range(min(low, _MOST)):
        yield from body
    if high == _UNLIMITED or high > _MOST:
        yield ("star", body)
    else:
        for _ in range(high - low):
            yield ("branch", ((), body))


def _search(items: _Rest, form: tuple[str | None, ...], *, ignore_case: bool) -> bool:
    """Every pair of what is left on either side that a common beginning can lead to."""
    seen: set[tuple[_Rest, int, bool]] = set()
    pending: list[tuple[_Rest, int, bool]] = [(items, 0, True)]
    while pending:
        state = pending.pop()
        if state in seen:
            continue
        seen.add(state)
        rest, at, start = state
        if not rest:
            if all(c is None for c in form[at:]):
                return True
            continue
        pending += _steps(rest, form, at, start=start, ignore_case=ignore_case)
    return False


def _steps(
    rest: _Rest, form: tuple[str | None, ...], at: int, *, start: bool, ignore_case: bool
) -> Iterator[tuple[_Rest, int, bool]]:
    (kind, *arguments), after = rest[0], rest[1:]
    if at < len(form) and form[at] is None:
        yield rest, at + 1, start
    match kind:
        case "star":
            yield after, at, start
            yield (*arguments[0], *rest), at, start
        case "branch":
            yield from (((*option, *after), at, start) for option in arguments[0])
        case "begin":
            if start:
                yield after, at, start
        case "end":
            if all(item[0] in ("star", "end") for item in after):
                yield (), at, start
        case _ if at < len(form):
            wanted = form[at]
            nxt = at if wanted is None else at + 1
            if any(_accepts(rest[0], c) for c in _candidates(rest[0], wanted, ignore_case=ignore_case)):
                yield after, nxt, False


def _candidates(item: tuple[Any, ...], wanted: str | None, *, ignore_case: bool) -> Iterator[str]:
    if wanted is not None:
        yield from {wanted, wanted.lower(), wanted.upper()} if ignore_case else {wanted}
        return
    yield from _OTHERS
    for code, argument in item[2] if item[0] == "set" else ():
        if code is codes.LITERAL:
            yield chr(argument)
        elif code is codes.RANGE:
            yield chr(argument[0])


_CATEGORIES: Final = {
    codes.CATEGORY_DIGIT: r"\d",
    codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_SPACE: r"\s",
    codes.CATEGORY_NOT_SPACE: r"\S",
    codes.CATEGORY_WORD: r"\w",
    codes.CATEGORY_NOT_WORD: r"\W",
}


def _accepts(item: tuple[Any, ...], character: str) -> bool:
    if item[0] == "any":
        return True
    negated, members = bool(item[1]), item[2]
    return any(_is_member(code, argument, character) for code, argument in members) is not negated


def _is_member(code: Any, argument: Any, character: str) -> bool:
    match code:
        case codes.LITERAL:
            return bool(ord(character) == argument)
        case codes.RANGE:
            return bool(argument[0] <= ord(character) <= argument[1])
        case codes.CATEGORY:
            return re.fullmatch(_CATEGORIES[argument], character) is not None
        case _:
            raise _NotRegularError
