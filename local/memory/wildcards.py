"""EventBridge's wildcard syntax: `*` is any run of characters, `\\*` and `\\\\` stand for themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

_STAR: Final = ""
#: EventBridge refuses a rule in which more wildcard prefixes than this can match at once.
_COMPLEXITY_LIMIT: Final = 10
#: A pattern with more reachable states than this is too complex too: it would take us too long to tell.
_STATES_LIMIT: Final = 4096


def wildcard_regex(wildcard: str) -> str:
    """The regular expression of a wildcard. Raises ValueError for `**` and for a stray backslash."""
    return "".join(".*" if token == _STAR else re.escape(token) for token in _tokens(wildcard))


def _tokens(wildcard: str) -> Iterator[str]:
    position = 0
    while position < len(wildcard):
        character, following = wildcard[position], wildcard[position + 1 : position + 2]
        if character == "*" == following:
            raise ValueError(f"consecutive wildcard characters at position {position}")
        if character == "\\":
            if following not in {"*", "\\"}:
                raise ValueError(f"invalid escape character at position {position}")
            position += 1
            yield following
        else:
            yield _STAR if character == "*" else character
        position += 1


def is_too_complex(wildcards: Sequence[str]) -> bool:
    """Whether some value would keep too many prefixes of these wildcards matching at once.

    Estimated as event-ruler's MachineComplexityEvaluator does: the worst reachable set of states.
    """
    machines = [['"', *_tokens(wildcard), '"'] for wildcard in wildcards]
    alphabet = {token for machine in machines for token in machine} - {_STAR}
    start = frozenset((number, 0) for number in range(len(machines)))
    seen, pending = {start}, [start]
    while pending:
        active = pending.pop()
        for character in (None, *sorted(alphabet)):
            following = frozenset(_step(machines, active, character))
            if len(following | _stars_after(machines, following)) > _COMPLEXITY_LIMIT or len(seen) > _STATES_LIMIT:
                return True
            if following and following not in seen:
                seen.add(following)
                pending.append(following)
    return False


_State = tuple[int, int]


def _step(machines: Sequence[Sequence[str]], active: frozenset[_State], character: str | None) -> Iterator[_State]:
    """The states after one character more; None is any character that the wildcards do not name."""
    for number, at in active:
        machine = machines[number]
        if at and machine[at - 1] == _STAR:
            yield number, at
        if at == len(machine):
            continue
        if machine[at] == _STAR:
            yield number, at + 1
            at += 1  # noqa: PLW2901 - a star may also stand for nothing
        if machine[at] == character:
            yield number, at + 1


def _stars_after(machines: Sequence[Sequence[str]], states: frozenset[_State]) -> set[_State]:
    return {(n, at + 1) for n, at in states if at < len(machines[n]) and machines[n][at] == _STAR}
