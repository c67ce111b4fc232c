"""Whether a value fits one node of a schema."""

from __future__ import annotations

from typing import Any

from contracts.generate.python.validation import problems_of
from contracts.shapes import Shape
from events.money import MINOR_UNIT_DIGITS


def fits(value: Any, shape: Shape) -> bool:
    """For a scalar; what is inside an object or a list is judged by itself."""
    is_currency = shape.keywords.get("format") != "iso-4217" or value in MINOR_UNIT_DIGITS
    return is_currency and not any(problems_of(shape.keywords, value))
