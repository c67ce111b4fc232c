"""A stream of JSON cut into its documents, in bounded memory: NDJSON, an array, or documents over several lines.

What the stream is, its first line says: one that is JSON by itself begins NDJSON, a bracket an array.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO, Final, NamedTuple

#: A longer document is not read; nobody's bus or API takes one.
MAX_BYTES: Final = 8_000_000
_CHUNK: Final = 262_144
_BOM: Final = b"\xef\xbb\xbf"
_MARKS: Final = re.compile(rb'\\.|["\[\]{},\n]', re.DOTALL)


class Document(NamedTuple):
    """One document, and the line that it begins in. One with a `problem` is not to be read."""

    line: int
    text: bytes
    problem: str = ""


def documents(stream: BinaryIO) -> Iterator[Document]:
    """Every document there is, blank lines left out."""
    pieces = _pieces(stream)
    head = list(_head(pieces))
    first = b"".join(head).lstrip()
    if first.startswith(b"["):
        return Cutter(level=1).documents(chain(head, pieces))
    if first.startswith(b"{") and not _balanced(first):
        return Cutter(level=0).documents(chain(head, pieces))
    return _lines(chain(head, pieces))


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    """Lines, and long ones in pieces."""
    piece = stream.readline(_CHUNK).removeprefix(_BOM)
    while piece:
        yield piece
        piece = stream.readline(_CHUNK)


def _head(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Up to the end of the first line with something in it, or as much of it as a document may have."""
    size = 0
    for piece in pieces:
        yield piece
        size += len(piece.strip())
        if size > MAX_BYTES or (size and piece.endswith(b"\n")):
            return


def _balanced(text: bytes) -> bool:
    cutter = Cutter(level=0)
    return bool(list(cutter.cut(text))) and not cutter.is_inside


def _lines(pieces: Iterable[bytes]) -> Iterator[Document]:
    held, number = bytearray(), 1
    for piece in pieces:
        held += piece[: MAX_BYTES + 1 - len(held)]
        if piece.endswith(b"\n"):
            yield from _line(number, held)
            held, number = bytearray(), number + 1
    yield from _line(number, held)


def _line(number: int, held: bytearray) -> Iterator[Document]:
    if held.strip():
        yield _document(number, held)


def _document(line: int, held: bytearray) -> Document:
    if len(held) > MAX_BYTES:
        return Document(line, b"", f"is longer than {MAX_BYTES} bytes")
    return Document(line, bytes(held).strip())


class Cutter:
    """Finds where documents begin and end: at `level` 1 the elements of an array, at 0 what follows one another."""

    def __init__(self, *, level: int) -> None:
        self._level = level
        self._depth = 0
        self._quoted = False
        self._held = bytearray()
        self._line = self._start = 1
        self._expected = False

    @property
    def is_inside(self) -> bool:
        return self._quoted or self._depth > 0

    def documents(self, pieces: Iterable[bytes]) -> Iterator[Document]:
        rest = b""
        for piece in pieces:
            text = rest + piece
            # A backslash and what it escapes are cut together.
            rest = b"\\" if (len(text) - len(text.rstrip(b"\\"))) % 2 else b""
            yield from self.cut(text.removesuffix(rest))
        if self._held or self.is_inside:
            problem = "is not JSON: it ends too early" if self.is_inside else "is not JSON"
            yield Document(self._start, b"", problem)

    def cut(self, text: bytes) -> Iterator[Document]:
        """The documents that end in this text."""
        begin = 0
        for mark in _MARKS.finditer(text):
            match mark[0]:
                case b'"':
                    self._quoted = not self._quoted
                case b"\n":
                    self._line += 1
                case b"[" | b"{" | b"]" | b"}" | b"," if not self._quoted:
                    ended = self._ended(mark[0])
                    if ended is not None:
                        self._hold(text[begin : mark.start() + ended])
                        begin = mark.end()
                        yield from self._whole(mark[0])
                case _:
                    pass
        self._hold(text[begin:])

    def _ended(self, mark: bytes) -> int | None:
        """Whether a document ends here, and how much of the mark belongs to it."""
        before = self._depth
        self._depth += {b"[": 1, b"{": 1, b",": 0}.get(mark, -1)
        if self._level == 0:
            return 1 if self._depth == 0 and mark in b"]}" else None
        opens, closes = (before, self._depth) == (0, 1), (before, self._depth) == (1, 0)
        return 0 if opens or closes or (mark == b"," and self._depth == 1) else None

    def _whole(self, mark: bytes) -> Iterator[Document]:
        """What is held, as a document: nothing is one only where a comma promised it."""
        opens = self._level == 1 and mark in b"[{"
        if self._held or (not opens and (self._expected or mark == b",")):
            yield _document(self._start, self._held)
        self._expected = mark == b","
        self._held, self._start = bytearray(), self._line

    def _hold(self, text: bytes) -> None:
        """A document begins with its first character that is not blank."""
        if not self._held:
            blank = len(text) - len(text.lstrip())
            self._start += text.count(b"\n", 0, blank)
            text = text[blank:]
        self._held += text[: MAX_BYTES + 1 - len(self._held)]
