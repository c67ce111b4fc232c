"""Bytes into lines: streamed, and in bounded memory whatever the bytes are.

All of it is generators over chunks of any size. Memory is one chunk, one piece of inflated gzip and one line.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

#: A longer line is skipped as it streams by: ten of them and what they become are in memory at a time.
MAX_LINE_BYTES: Final = 1_000_000
#: Of one file, decompressed: what makes of a gzip bomb a file that is read in minutes, and then refused.
MAX_FILE_BYTES: Final = 5 * 1024**3
#: Of a line that is refused before anybody has read it.
KEPT_BYTES: Final = 1_024

_BOM: Final = b"\xef\xbb\xbf"
_GZIP: Final = 16 + zlib.MAX_WBITS
#: How much goes into, and comes out of, the decompressor at a time.
_IN, _OUT = 16_384, 262_144


class Broken(ValueError):
    """The stream cannot be read on; the message says why."""


class Line(NamedTuple):
    """One line, without its end, a byte order mark, or the whitespace that is all of it.

    `number` counts from 1; `end` is the place in the stream where the next line begins. A line with a `problem` is
    not to be read: its text is only its beginning. After the `last` one, the rest of the stream is lost.
    """

    number: int
    end: int
    text: bytes
    problem: str = ""
    last: bool = False


def lines(chunks: Iterable[bytes], *, number: int = 0, offset: int = 0) -> Iterator[Line]:
    """Every line, blank ones too, of a stream whose first `number` lines, `offset` bytes, are not in `chunks`.

    A stream that turns out to be Broken gives one more line, which says so.
    """
    held = bytearray()
    try:
        for chunk in chunks:
            start = 0
            while (stop := chunk.find(b"\n", start)) >= 0:
                _hold(held, chunk, start, stop)
                number, offset, start = number + 1, offset + stop + 1 - start, stop + 1
                yield _line(number, offset, held)
                held.clear()
            _hold(held, chunk, start, len(chunk))
            offset += len(chunk) - start
    except Broken as error:
        yield Line(number + 1, offset, bytes(held[:KEPT_BYTES]), str(error), last=True)
        return
    if held:
        yield _line(number + 1, offset, held)


def _hold(held: bytearray, chunk: bytes, start: int, stop: int) -> None:
    """One byte more than a line may have is enough to know that it is too long."""
    held += chunk[start : min(stop, start + MAX_LINE_BYTES + 1 - len(held))]


def _line(number: int, end: int, held: bytearray) -> Line:
    if len(held) > MAX_LINE_BYTES:
        return Line(number, end, bytes(held[:KEPT_BYTES]), f"the line is longer than {MAX_LINE_BYTES} bytes")
    text = bytes(held).removeprefix(_BOM) if number == 1 else bytes(held)
    return Line(number, end, b"" if text.isspace() else text.removesuffix(b"\r"))


def gunzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What the gzip stream holds, all its members and without padding. Raises Broken where it is no gzip, or ends."""
    member = None
    for piece in _pieces(chunks):
        rest = piece
        while rest:
            if member is None:
                rest = rest.lstrip(b"\0")
                member = zlib.decompressobj(wbits=_GZIP) if rest else None
                continue
            yield _inflated(member, rest)
            rest = member.unused_data if member.eof else member.unconsumed_tail
            member = None if member.eof else member
    if member is not None:
        raise Broken("the gzip stream ends too early: the upload was cut")


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Small ones: what is left of a piece is copied for each gzip member that ends in it."""
    for chunk in chunks:
        yield from (chunk[start : start + _IN] for start in range(0, len(chunk), _IN))


def _inflated(member: zlib._Decompress, data: bytes) -> bytes:
    try:
        return member.decompress(data, _OUT)
    except zlib.error as error:
        raise Broken(f"it is not gzip, as its name says it is: {error}") from error


def bounded(chunks: Iterable[bytes], limit: int = MAX_FILE_BYTES) -> Iterator[bytes]:
    """The same chunks. Raises Broken when they are more than `limit` bytes together."""
    for chunk in chunks:
        yield chunk[:limit]
        if len(chunk) > limit:
            raise Broken(f"the file is longer than {MAX_FILE_BYTES} bytes, decompressed: send it in several")
        limit -= len(chunk)


def skipped(chunks: Iterable[bytes], count: int) -> Iterator[bytes]:
    """What comes after the first `count` bytes."""
    for chunk in chunks:
        if count < len(chunk):
            yield chunk[count:]
        count = max(0, count - len(chunk))
