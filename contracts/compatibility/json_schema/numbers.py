"""Bounds of every kind, and numbers: what the writer keeps to, against what the reader asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from jsonschema_rs.canonical import IntegerView

from contracts.compatibility.json_schema.views import AnyNumber, Numbers
from contracts.compatibility.verdict import Finding

Quantity = int | float | Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One keyword. `named` is what the change says it bounds: "length"."""

    keyword: str  # MAX_LENGTH
    named: str
    is_upper: bool

    def findings(self, writer: Quantity | None, reader: Quantity | None, *, path: str) -> Iterator[Finding]:
        """Nothing where the writer's bound is at least as tight."""
        if reader is None or (writer is not None and (writer <= reader if self.is_upper else writer >= reader)):
            return
        moved = "ADDED" if writer is None else "DECREASED" if self.is_upper else "INCREASED"
        yield Finding(path=path, rule=f"{self.keyword}_{moved}", change=self._change(writer, reader))

    def _change(self, writer: Quantity | None, reader: Quantity) -> str:
        verb = "lowers the greatest" if self.is_upper else "raises the least"
        if writer is None:
            end = "at most" if self.is_upper else "at least"
            return f"takes only {self.named} of {end} {reader}"
        return f"{verb} {self.named} from {writer} to {reader}"


def numbers(writer: Numbers, reader: Numbers, *, path: str) -> Iterator[Finding]:
    if _is_integer(reader) and not _is_whole(writer):
        yield Finding(path=path, rule="TYPE_NARROWED", change="narrows number to integer")
    yield from _limit(writer, reader, path=path, is_upper=True)
    yield from _limit(writer, reader, path=path, is_upper=False)
    for divisor in reader.multiple_of:
        if not any(_divides(divisor, other) for other in _divisors(writer)):
            rule = "MULTIPLE_OF_CHANGED" if writer.multiple_of else "MULTIPLE_OF_ADDED"
            yield Finding(path=path, rule=rule, change=f"takes only multiples of {divisor}")
    for divisor in reader.not_multiple_of:
        if not any(_divides(other, divisor) for other in writer.not_multiple_of):
            yield Finding(path=path, rule="NOT_TYPE_EXTENDED", change=f"takes no multiples of {divisor}")
    if getattr(reader, "excludes_integers", False) and not getattr(writer, "excludes_integers", False):
        yield Finding(path=path, rule="NOT_TYPE_EXTENDED", change="takes no integers")


def _limit(writer: Numbers, reader: Numbers, *, path: str, is_upper: bool) -> Iterator[Finding]:
    side = "maximum" if is_upper else "minimum"
    old, new = getattr(writer, side), getattr(reader, side)
    exclusive = bool(getattr(reader, f"exclusive_{side}", False))
    touches = old == new and exclusive and not getattr(writer, f"exclusive_{side}", False)
    if touches:
        moved = "DECREASED" if is_upper else "INCREASED"
        yield Finding(path=path, rule=f"EXCLUSIVE_{side.upper()}_{moved}", change=f"takes {new} itself no longer")
        return
    keyword = f"EXCLUSIVE_{side.upper()}" if exclusive else side.upper()
    yield from Bound(keyword=keyword, named="value", is_upper=is_upper).findings(old, new, path=path)


def _is_integer(view: Numbers) -> bool:
    return view.is_integer if isinstance(view, AnyNumber) else isinstance(view, IntegerView)


def _is_whole(view: Numbers) -> bool:
    return _is_integer(view) or any(Fraction(str(m)).denominator == 1 for m in view.multiple_of)


def _divisors(view: Numbers) -> list[Quantity]:
    return [*view.multiple_of, *([1] if _is_integer(view) else [])]


def _divides(divisor: Quantity, other: Quantity) -> bool:
    """Every multiple of `other` is one of `divisor`."""
    return Fraction(str(other)) % Fraction(str(divisor)) == 0
