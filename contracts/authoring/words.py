"""What a field may hold, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from contracts.shapes import Shape

_FORMATS: Final = {"date-time": "RFC 3339 time", "iso-4217": "three capital letters"}
_PLAIN: Final = {"flag": "true or false", "null": "null", "any": "any JSON value"}
_NUMBERS: Final = {"integer": "whole number", "number": "number"}


def described(shape: Shape) -> str:
    """`text, 1 to 128 characters, matching ^[a-z]+$`."""
    inner = [described(each) for each in shape.inner]
    match shape.kind:
        case "text":
            words = _text(shape.keywords)
        case "integer" | "number":
            words = f"{_NUMBERS[shape.kind]}{_range(shape.keywords)}"
        case "list":
            words = f"list of {inner[0]}{_items(shape.keywords)}"
        case "map":
            words = f"object of any names, each {inner[0]}"
        case "union":
            words = " or ".join(inner)
        case _:
            words = _PLAIN.get(shape.kind, shape.name)
    return words


def _text(keywords: Mapping[str, Any]) -> str:
    values = [keywords["const"]] if "const" in keywords else keywords.get("enum")
    if values:
        return "one of " + ", ".join(values)
    if name := _FORMATS.get(keywords.get("format", "")):
        return name
    pattern = f", matching {keywords['pattern']}" if "pattern" in keywords else ""
    return f"text{_length(keywords)}{pattern}"


def _length(keywords: Mapping[str, Any]) -> str:
    return _between(keywords.get("minLength"), keywords.get("maxLength"), "characters")


def _items(keywords: Mapping[str, Any]) -> str:
    return _between(keywords.get("minItems"), keywords.get("maxItems"), "items")


def _between(least: int | None, most: int | None, what: str) -> str:
    match least, most:
        case None | 0, None:
            return ""
        case None | 0, _:
            return f", at most {most} {what}"
        case _, None:
            return f", at least {least} {what}"
        case _:
            return f", {least} to {most} {what}"


def _range(keywords: Mapping[str, Any]) -> str:
    texts = {
        "minimum": "{:,} or more",
        "exclusiveMinimum": "more than {:,}",
        "maximum": "{:,} or less",
        "exclusiveMaximum": "less than {:,}",
    }
    if "minimum" in keywords and "maximum" in keywords:
        return f", {keywords['minimum']:,} to {keywords['maximum']:,}"
    return "".join(f", {text.format(keywords[name])}" for name, text in texts.items() if name in keywords)
