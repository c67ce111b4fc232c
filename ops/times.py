"""Times as people type them: spans (`90m`, `6h`, `7d`) and moments."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from events.envelope import parse_time
from ops.wrong_use import WrongUse

_SPAN: Final = re.compile(r"(\d{1,5})([smhd])", re.ASCII)
_NOTHING: Final = timedelta()
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def span_of(text: str) -> timedelta:
    """`45s`, `90m`, `6h` or `7d`. Raises WrongUse."""
    match = _SPAN.fullmatch(text)
    if match is None:
        raise WrongUse(f"{text!r} is no span of time: say 90m, 6h or 7d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def length_of(text: str) -> timedelta:
    """A span that is not nothing. Raises WrongUse."""
    span = span_of(text)
    if span == _NOTHING:
        raise WrongUse(f"{text!r} is no time at all: say 90m, 6h or 7d")
    return span


def moment(text: str, *, now: datetime) -> datetime:
    """A span before `now`, or an RFC 3339 time. Raises WrongUse."""
    try:
        return now - span_of(text) if _SPAN.fullmatch(text) else parse_time(text)
    except (ValueError, OverflowError) as error:
        raise WrongUse(f"{text!r} is no time: say 30m, 2h, 3d, or a time such as 2026-05-20T14:30:00Z") from error
