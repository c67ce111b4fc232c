"""Numbers for documents: at the bounds of a schema, and beside them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from random import Random

from jsonschema_rs import canonical

from contracts.compatibility.json_schema.views import Numbers


def number_of(view: Numbers, rng: Random) -> int | float | None:
    """A number at one of the bounds or beside it, or near 0; None where none is found to fit."""
    whole = isinstance(view, canonical.IntegerView) or getattr(view, "is_integer", False)
    step = _step(view, whole=whole)
    near = list(_near(view, step, rng, whole=whole))
    rng.shuffle(near)
    number = next((n for n in near if _fits(n, view)), None)
    if number is None:
        return None
    return int(number) if number.denominator == 1 else float(number)


def _near(view: Numbers, step: Fraction, rng: Random, *, whole: bool) -> Iterator[Fraction]:
    ends = [Fraction(str(end)) for end in (view.minimum, view.maximum) if end is not None]
    for start in (*ends, Fraction(0), Fraction(rng.randint(-20, 20))):
        on_grid = start // step * step
        yield from (on_grid, on_grid + step, on_grid - step, on_grid + 2 * step)
        if not whole and not view.multiple_of:
            yield from (start, start + Fraction(1, 2), start - Fraction(1, 2), start + Fraction(1, 4))
    if len(ends) == 2:  # noqa: PLR2004 - both ends
        yield sum(ends, Fraction(0)) / 2


def _step(view: Numbers, *, whole: bool) -> Fraction:
    step = Fraction(1) if whole or not view.multiple_of else Fraction(str(view.multiple_of[0]))
    for divisor in view.multiple_of:
        other = Fraction(str(divisor))
        # The least common multiple of fractions: the least that both divide.
        step = next((step * n for n in range(1, 1_000) if step * n % other == 0), step)
    return step


def _fits(number: Fraction, view: Numbers) -> bool:
    as_json: int | Decimal | float = int(number) if number.denominator == 1 else float(number)
    low, high = view.minimum, view.maximum
    if low is not None and (as_json < low or (as_json == low and getattr(view, "exclusive_minimum", False))):
        return False
    if high is not None and (as_json > high or (as_json == high and getattr(view, "exclusive_maximum", False))):
        return False
    if number.denominator == 1 and getattr(view, "excludes_integers", False):
        return False
    return not any(number % Fraction(str(divisor)) == 0 for divisor in view.not_multiple_of)
