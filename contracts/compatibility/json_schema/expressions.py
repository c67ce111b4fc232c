"""The regular expressions of JSON Schema's `pattern`, as a tree: ECMA 262 without what is not regular.

What engines disagree on is refused (`Unsupported`), but for the dot: ECMA 262's leaves out four line ends, others'
only one. `broad` says which one is meant, so that a caller can err to the safe side.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

Ranges = tuple[tuple[int, int], ...]  # code points, both ends included, sorted and apart

EVERYTHING: Final[Ranges] = ((0, 0xD7FF), (0xE000, 0x10FFFF))
_DIGITS: Final[Ranges] = ((48, 57),)
_WORD: Final[Ranges] = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACE: Final[Ranges] = (
    (9, 13), (32, 32), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029),
    (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
)  # fmt: skip
_CLASSES: Final = {"d": _DIGITS, "w": _WORD, "s": _SPACE}
_CONTROLS: Final = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13}
_LINE_ENDS: Final[Ranges] = ((10, 10), (13, 13), (0x2028, 0x2029))
_HEX_DIGITS: Final = {"x": 2, "u": 4}
_SPECIAL: Final = frozenset("^$.|?*+()[]{}\\")


class Unsupported(Exception):
    """Not a regular expression that this reads: nothing can be said of it."""


@dataclass(frozen=True, slots=True)
class Chars:
    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Anchor:
    at_end: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    item: Node
    low: int
    high: int | None


Node = Chars | Anchor | Sequence | Choice | Repeat


def parse(pattern: str, *, broad: bool) -> Node:
    """Raises Unsupported for lookaround, back references, and whatever engines read differently."""
    reader = _Reader(pattern, broad=broad)
    node = reader.choice()
    if reader.more:
        raise Unsupported(pattern)
    return node


def union(ranges: Iterable[tuple[int, int]]) -> Ranges:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def without(ranges: Ranges) -> Ranges:
    """Every character but these."""
    left, start = [], 0
    for low, high in (*union((*ranges, (0xD800, 0xDFFF))), (0x110000, 0x110000)):
        if start < low:
            left.append((start, low - 1))
        start = high + 1
    return tuple(left)


@dataclass(slots=True)
class _Reader:
    pattern: str
    broad: bool
    position: int = field(default=0, init=False)

    @property
    def more(self) -> bool:
        return self.position < len(self.pattern)

    @property
    def next(self) -> str:
        return self.pattern[self.position : self.position + 1]

    def take(self) -> str:
        if not self.more:
            raise Unsupported(self.pattern)
        self.position += 1
        return self.pattern[self.position - 1]

    def takes(self, text: str) -> bool:
        found = self.pattern.startswith(text, self.position)
        self.position += len(text) if found else 0
        return found

    def choice(self) -> Node:
        options = [self.sequence()]
        while self.takes("|"):
            options.append(self.sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def sequence(self) -> Node:
        items: list[Node] = []
        while self.more and self.next not in "|)":
            items.append(self.repeated(self.atom()))
        return Sequence(tuple(items))

    def atom(self) -> Node:
        match char := self.take():
            case "^" | "$":
                return Anchor(at_end=char == "$")
            case ".":
                return Chars(without(((10, 10),) if self.broad else _LINE_ENDS))
            case "(":
                return self.group()
            case "[":
                return Chars(self.char_class())
            case "\\":
                return Chars(self.escape())
            case _ if char in _SPECIAL:
                raise Unsupported(self.pattern)
            case _:
                return Chars(_one(ord(char)))

    def group(self) -> Node:
        if not self.takes("?:") and self.next == "?":
            raise Unsupported(self.pattern)
        node = self.choice()
        if not self.takes(")"):
            raise Unsupported(self.pattern)
        return node

    def repeated(self, atom: Node) -> Node:
        bounds = self.bounds()
        if bounds is None:
            return atom
        self.takes("?")  # lazy: the same language
        if isinstance(atom, Anchor) or (self.more and self.next in "*+?{"):
            raise Unsupported(self.pattern)
        low, high = bounds
        return Repeat(atom, low, high)

    def bounds(self) -> tuple[int, int | None] | None:
        for sign, pair in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.takes(sign):
                return pair
        return self.counted() if self.takes("{") else None

    def counted(self) -> tuple[int, int | None]:
        low = self.number()
        high = low if self.next != "," else None
        if self.takes(",") and self.next != "}":
            high = self.number()
        if not self.takes("}") or (high is not None and high < low):
            raise Unsupported(self.pattern)
        return low, high

    def number(self) -> int:
        start = self.position
        while self.next in set("0123456789"):
            self.position += 1
        if start == self.position:
            raise Unsupported(self.pattern)
        return int(self.pattern[start : self.position])

    def escape(self) -> Ranges:
        char = self.take()
        if char.lower() in _CLASSES:
            ranges = _CLASSES[char.lower()]
            return ranges if char.islower() else without(ranges)
        return _one(self.escaped(char))

    def escaped(self, char: str) -> int:
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char in _HEX_DIGITS:
            return self.code_point(_HEX_DIGITS[char])
        if char.isalnum() or not char.isascii():
            raise Unsupported(self.pattern)
        return ord(char)

    def code_point(self, digits: int) -> int:
        text = "".join(self.take() for _ in range(digits))
        if not all(char in "0123456789abcdefABCDEF" for char in text) or 0xD800 <= int(text, 16) <= 0xDFFF:
            raise Unsupported(self.pattern)
        return int(text, 16)

    def char_class(self) -> Ranges:
        negated = self.takes("^")
        ranges: list[tuple[int, int]] = []
        if self.next == "]":
            raise Unsupported(self.pattern)
        while not self.takes("]"):
            ranges.extend(self.class_item())
        found = union(ranges)
        return without(found) if negated else found

    def class_item(self) -> Ranges:
        low = self.class_atom()
        if self.next != "-" or self.pattern.startswith("-]", self.position):
            return low
        self.take()
        high = self.class_atom()
        if not _single(low) or not _single(high) or high < low:
            raise Unsupported(self.pattern)
        return ((low[0][0], high[0][0]),)

    def class_atom(self) -> Ranges:
        char = self.take()
        if char == "[" or (char in "&~-" and self.next == char):
            raise Unsupported(self.pattern)
        return self.escape() if char == "\\" else _one(ord(char))


def _one(code_point: int) -> Ranges:
    return ((code_point, code_point),)


def _single(ranges: Ranges) -> bool:
    return len(ranges) == 1 and ranges[0][0] == ranges[0][1]
