"""A text made longer or shorter, and still what its pattern asks for."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.samples.fits import fits
from contracts.shapes import Shape


def of_length(value: str, length: int, shape: Shape) -> str | None:
    """A text of exactly so many characters that fits, made from one that does; None when none was found."""
    return next((text for text in _of_length(value, length) if fits(text, shape)), None)


def too_long(value: str, length: int, shape: Shape) -> str | None:
    """A text whose only fault is that it has so many characters."""
    lenient = Shape(kind="text", keywords={k: v for k, v in shape.keywords.items() if k != "maxLength"})
    return of_length(value, length, lenient)


def _of_length(value: str, length: int) -> Iterator[str]:
    """Each place of the value may be the one that gives: a character there is repeated, or what follows is cut."""
    yield value[:length].ljust(length, "x")
    for place in range(len(value) + 1) if len(value) < length else ():
        for filler in (value[place - 1 : place] or "x", "x", "0"):
            yield value[:place] + filler * (length - len(value)) + value[place:]
    yield from (filler * length for filler in "xX0")
