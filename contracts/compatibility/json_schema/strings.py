"""Strings: lengths, patterns and formats, with pattern and length taken together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from contracts.compatibility.json_schema import algebra
from contracts.compatibility.json_schema.automaton import Undecided, example
from contracts.compatibility.json_schema.numbers import Bound
from contracts.compatibility.json_schema.views import Strings
from contracts.compatibility.json_schema.words import told
from contracts.compatibility.verdict import Finding

_LENGTH = {
    True: Bound(keyword="MAX_LENGTH", named="length", is_upper=True),
    False: Bound(keyword="MIN_LENGTH", named="length", is_upper=False),
}


def strings(writer: Strings, reader: Strings, *, path: str) -> Iterator[Finding]:
    for finding in _length(writer, reader, path=path):
        yield from _unless_disproven(finding, writer, **_outside(reader, is_upper=finding.rule.startswith("MAX")))
    for pattern in reader.patterns:
        if pattern not in writer.patterns:
            yield from _unless_disproven(_pattern(writer, pattern, path=path), writer, excluding=pattern)
    for pattern in reader.excluded_patterns:
        if pattern not in writer.excluded_patterns:
            change = f"refuses what matches {pattern}"
            finding = Finding(path=path, rule="NOT_TYPE_EXTENDED", change=change)
            yield from _unless_disproven(finding, writer, matching=pattern)
    yield from _formats(writer, reader, path=path)
    yield from _rest(writer, reader, path=path)


def _length(writer: Strings, reader: Strings, *, path: str) -> Iterator[Finding]:
    yield from _LENGTH[False].findings(writer.min_length, reader.min_length, path=path)
    yield from _LENGTH[True].findings(writer.max_length, reader.max_length, path=path)


def _outside(reader: Strings, *, is_upper: bool) -> dict[str, Any]:
    return {"low": (reader.max_length or 0) + 1} if is_upper else {"high": (reader.min_length or 0) - 1}


def _pattern(writer: Strings, pattern: str, *, path: str) -> Finding:
    old = " and ".join(writer.patterns)
    change = f"changes the pattern from {old} to {pattern}" if old else f"takes only what matches {pattern}"
    return Finding(path=path, rule="PATTERN_CHANGED" if old else "PATTERN_ADDED", change=change)


def _unless_disproven(
    finding: Finding,
    writer: Strings,
    *,
    matching: str | None = None,
    excluding: str | None = None,
    low: int = 0,
    high: int | None = None,
) -> Iterator[Finding]:
    """The finding, with an example where the writer writes one; nothing where it can write none."""
    window: dict[str, Any] = {
        "matching": [*writer.patterns, *([matching] if matching is not None else [])],
        "excluding": [*writer.excluded_patterns, *([excluding] if excluding is not None else [])],
        "low": max(low, writer.min_length or 0),
        "high": min((bound for bound in (high, writer.max_length) if bound is not None), default=None),
    }
    try:
        if example(**window) is None:
            return
        found = example(**window, generous=False)
    except Undecided:
        found = None
    is_plain = not (writer.formats or writer.excluded_formats or writer.content_media_types or writer.content_encodings)
    certain = found is not None and found not in writer.excluded and is_plain
    shown = f": {told(found)} no longer fits" if found is not None and certain else ""
    yield Finding(path=finding.path, rule=finding.rule, change=f"{finding.change}{shown}", certain=certain)


def _formats(writer: Strings, reader: Strings, *, path: str) -> Iterator[Finding]:
    for format_ in reader.formats:
        if format_ not in writer.formats:
            old = " and ".join(writer.formats)
            change = f"changes the format from {old} to {format_}" if old else f"takes only the format {format_}"
            rule = "FORMAT_CHANGED" if old else "FORMAT_ADDED"
            yield Finding(path=path, rule=rule, change=change, certain=format_ in algebra.KNOWN_FORMATS)


def _rest(writer: Strings, reader: Strings, *, path: str) -> Iterator[Finding]:
    for value in reader.excluded:
        if value not in writer.excluded:
            yield Finding(path=path, rule="NOT_TYPE_EXTENDED", change=f"refuses {told(value)}", certain=False)
    for format_ in set(reader.excluded_formats) - set(writer.excluded_formats):
        yield Finding(path=path, rule="NOT_TYPE_EXTENDED", change=f"refuses the format {format_}", certain=False)
    for kind in ("content_media_types", "content_encodings"):
        for name in set(getattr(reader, kind)) - set(getattr(writer, kind)):
            yield Finding(path=path, rule="FORMAT_ADDED", change=f"takes only content of {name}", certain=False)
