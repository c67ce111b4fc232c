"""How figures, times and names are said to people. Pure; the templates' filters."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from markupsafe import Markup, escape

from contracts.page.highlight import highlighted

#: For a figure that nobody knows.
NONE: Final = "\N{EN DASH}"
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
_SECOND_MS: Final = 1000
_LONG: Final = 10
_DERIVED_ID_LENGTH: Final = 32
_SHORT: Final = 10


def age(seconds: float | None) -> str:
    """`3 s`, `4 min`, `2 h 5 min`, `3 d`: as much as an operator needs."""
    if seconds is None:
        return NONE
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < _DAY:
        rest = whole % _HOUR // _MINUTE
        return f"{whole // _HOUR} h {rest} min" if rest else f"{whole // _HOUR} h"
    return f"{whole // _DAY} d"


def milliseconds(value: float | None) -> str:
    """`12 ms`, `1.4 s`, `2 min`."""
    if value is None:
        return NONE
    if value < _SECOND_MS:
        return f"{value:.0f} ms"
    seconds = value / _SECOND_MS
    return f"{seconds:.1f} s" if seconds < _LONG else age(seconds)


def clock(at: datetime) -> str:
    """The time of day in UTC, to the second."""
    return at.astimezone(UTC).strftime("%H:%M:%S")


def clock_ms(at: datetime) -> str:
    """The time of day in UTC, to the millisecond."""
    return at.astimezone(UTC).strftime("%H:%M:%S.%f")[:-3]


def day(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def stamp(at: datetime) -> str:
    """As `day`, in a column whose head says that it is UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def machine_time(at: datetime) -> str:
    """For the `datetime` attribute."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def moment(seconds: float) -> datetime:
    """From seconds since the epoch."""
    return datetime.fromtimestamp(seconds, UTC)


def breakable(name: str) -> Markup:
    """An event type, which may break after its dots."""
    return Markup(".<wbr>").join(name.split("."))


def short(event_id: str) -> str:
    """Derived ids are long and nobody reads them; others were given by somebody and stay whole."""
    return f"{event_id[:_SHORT]}…" if len(event_id) == _DERIVED_ID_LENGTH else event_id


def count(number: int, one: str, many: str = "") -> str:
    """`1 letter`, `1,204 letters`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def said(name: str) -> str:
    """`dead_letter` as a person would say it."""
    return name.replace("_", " ")


def pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def code(text: str) -> Markup:
    """Words between backquotes, and a text that is a command, as code."""
    if text.startswith("python -m "):
        text = f"`{text}`"
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if odd % 2 else escape(part) for odd, part in enumerate(parts)
    )


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "age": age,
    "milliseconds": milliseconds,
    "breakable": breakable,
    "moment": moment,
    "clock": clock,
    "clock_ms": clock_ms,
    "day": day,
    "stamp": stamp,
    "machine_time": machine_time,
    "short": short,
    "count": count,
    "said": said,
    "pretty": pretty,
    "highlighted": highlighted,
    "code": code,
}
