"""In a few words, who is hurt when a part of a payload changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from contracts.readers.reading import How, Reading

MOST: Final = 3

_WORDS: Final[dict[How, str]] = {
    "reads": "read by",
    "matches": "matched by",
    "passes on whole": "passed on whole by",
    "checks": "checked with the whole payload by",
}


def hurt_by(type_: str, version: int, path: str, readings: Iterable[Reading]) -> str:
    """Who depends on the part of a payload at `path`, such as `lines[].amount`: three places at most, then a count.

    "read by notification (functions/notification/domain.py:95), matched by rule notification-invoices". Those who
    only check that the payload fits its model are named when nobody needs the part itself: they refuse what does
    not fit. "" when nobody takes it in.
    """
    concerned = [r for r in readings if (r.type, r.version) == (type_, version) and _concerns(r, path)]
    direct = [r for r in concerned if r.how != "checks"] or concerned
    named = _one_each(sorted(direct, key=_rank))
    told = [_told(reading) for reading in named[:MOST]]
    more = [f"and {len(named) - MOST} more"] if len(named) > MOST else []
    return ", ".join(told) + "".join(f" {words}" for words in more)


def _concerns(reading: Reading, path: str) -> bool:
    """A whole that has the part in it, the part itself, or a part of it."""
    if reading.how in ("passes on whole", "checks") and _is_under(path, reading.path):
        return True
    return _is_under(reading.path, path)


def _is_under(path: str, above: str) -> bool:
    return not above or path == above or path.startswith((f"{above}.", f"{above}[", f"{above}{{"))


def _rank(reading: Reading) -> tuple[int, str, str, str, int]:
    file, _, line = reading.where.rpartition(":")
    return list(_WORDS).index(reading.how), reading.consumer, reading.rule, file, int(line)


def _one_each(readings: Sequence[Reading]) -> list[Reading]:
    """One place for each consumer and way to depend on it: the first stands for the others."""
    return list({(r.how, r.consumer, r.rule): r for r in reversed(readings)}.values())[::-1]


def _told(reading: Reading) -> str:
    if reading.how == "matches":
        return f"{_WORDS[reading.how]} rule {reading.rule} ({reading.where})"
    return f"{_WORDS[reading.how]} {reading.consumer} ({reading.where})"
