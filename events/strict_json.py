"""JSON that every reader understands alike, in time and memory linear in the text."""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

from events.problems import MAX_FIELD, legible

#: Levels of JSON in an event, itself the first, so that no reader on the way runs into its own limit.
MAX_DEPTH: Final = 64
#: Members and elements in an event, at all its levels, so that a megabyte of text cannot become a hundred in memory.
MAX_VALUES: Final = 50_000
#: A number of so many digits is one that a double can hold.
_EXACT_DIGITS: Final = sys.float_info.max_10_exp


def strict_json(raw: str | bytes) -> Any:
    """What every JSON reader understands alike.

    UTF-8 without half characters; each name once in its object; numbers that a double can hold; one level deeper
    than an event may be, for what it travels in. Raises ValueError for anything else.
    """
    return measured_json(raw)[0]


def measured_json(raw: str | bytes) -> tuple[Any, bool]:
    """The same, and whether its text alone shows that all in it keeps to MAX_DEPTH and MAX_VALUES."""
    text = _utf8(raw)
    try:
        value = _decoded(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    modest = _is_modest(text)
    if not modest:
        refuse_excess(value, depth=MAX_DEPTH + 1)
    if r"\ud" in text or r"\uD" in text:
        # JSON can escape half a character; no UTF-8 text can carry it on.
        json.dumps(value, ensure_ascii=False).encode()
    return value, modest


def _is_modest(text: str) -> bool:
    """There is no level without a bracket, and no value without a character."""
    return len(text) <= MAX_VALUES and text.count("{") + text.count("[") <= MAX_DEPTH


def refuse_excess(value: object, *, depth: int, values: float = math.inf) -> None:
    """Raises ValueError for what is nested deeper, or holds more members and elements."""
    level, seen = _containers([value]), 0
    for _ in range(depth):
        seen += sum(map(len, level))
        if seen > values:
            raise ValueError(f"it holds more than {values} values")
        level = [inner for node in level for inner in _containers(node.values() if isinstance(node, dict) else node)]
        if not level:
            return
    raise ValueError(f"it is nested deeper than {depth} levels")


def _containers(values: Iterable[object]) -> list[dict[str, object] | list[object]]:
    return [value for value in values if isinstance(value, (dict, list))]


def _utf8(raw: str | bytes) -> str:
    if isinstance(raw, bytes):
        return raw.decode()
    if not raw.isascii():
        raw.encode()  # half a character raises here
    return raw


def _decoded(text: str) -> Any:
    if text.startswith("\ufeff"):
        return json.loads(text)  # which has its own words for that
    try:
        value, end = _SCAN(text, 0)
    except StopIteration:
        end = -1
    # With white space around it, or with something wrong with it, it is the decoder's.
    return value if end == len(text) else _DECODER.decode(text)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{legible(text, MAX_FIELD)} is a number that nobody can hold")
    return number


def _whole(text: str) -> int:
    if len(text) > _EXACT_DIGITS:
        _finite(text)
    return int(text)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        ((name, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the name {name!r} stands more than once in one object")
    return members


#: Made once: to make it takes as long as to read a small event.
_DECODER: Final = json.JSONDecoder(
    parse_constant=_no_constant, parse_float=_finite, parse_int=_whole, object_pairs_hook=_each_once
)
#: Its heart: a value that begins here, and where it ends. Raises StopIteration where none begins.
_SCAN: Final[Callable[[str, int], tuple[Any, int]]] = _DECODER.scan_once  # type: ignore[attr-defined]
