"""The functions' canonical log lines, read back. runtime.telemetry says what is in them.

Lines come from anywhere: of another release, of a function that was killed, of a library. What a line does not say is
empty, and what it says in another shape than it should counts as not said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from runtime.telemetry import EVENTS

#: Who wrote it: a queue's consumer, a table's relay, an HTTP API, or something else that knows of an event.
Role = Literal["consumer", "relay", "api", "other"]

_ROLES: Final[tuple[Role, ...]] = ("consumer", "relay", "api")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What `function` made of one event. `at` is when it was written, in milliseconds since the epoch."""

    at: int
    function: str
    role: Role = "other"
    outcome: str = ""
    event_id: str = ""
    event_source: str = ""
    event_type: str = ""
    event_time: str = ""
    correlation_id: str = ""
    causation_id: str = ""
    replay: str = ""
    customer_id: str = ""
    invoice_id: str = ""
    attempts: int = 0
    duration_ms: float = 0.0
    age_ms: float | None = None
    critical_ms: float | None = None
    events_out: tuple[str, ...] = ()
    reason: str = ""
    error_class: str = ""
    error_message: str = ""
    suppressed_because: str = ""
    message_id: str = ""

    @property
    def identity(self) -> tuple[str, str]:
        return (self.event_source, self.event_id)

    @property
    def started_at(self) -> float:
        """When its batch began, in milliseconds since the epoch."""
        return self.at - self.duration_ms

    def says(self, text: str) -> bool:
        """Whether one of its members has the text in it."""
        return any(text in value for value in (*self.events_out, *(getattr(self, name) for name in _TEXTS)))

    @property
    def out(self) -> tuple[tuple[str, str], ...]:
        """Type and id of each event that it brought about."""
        pairs = (event.rpartition(" ") for event in self.events_out)
        return tuple((type_, id_) for type_, _, id_ in pairs if type_ and id_)


def lines_in(text: str, *, function: str, at: int) -> list[Line]:
    """What a line of a log tells of events: of one, of each of several, or of none and no message."""
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        return []
    if not isinstance(members, dict):
        return []
    several = members.pop(EVENTS, None)
    own = [each for each in several if isinstance(each, dict)] if isinstance(several, list) else []
    found = (_about({**members, **each}, function=function, at=at) for each in own or [{}])
    return [line for line in found if line is not None]


def _about(members: Mapping[str, Any], *, function: str, at: int) -> Line | None:
    role: Role = next((role for role in _ROLES if _text(members, role)), "other")
    if role == "other" and not _text(members, "event_id"):
        return None
    return _line(members, role=role, function=function, at=at)


def _line(members: Mapping[str, Any], *, role: Role, function: str, at: int) -> Line:
    return Line(
        at=at,
        function=_text(members, role) or function,
        role=role,
        outcome=_text(members, "outcome") or _text(members, "message"),
        attempts=round(_number(members, "attempts") or 0),
        duration_ms=_number(members, "duration_ms") or 0.0,
        age_ms=_number(members, "age_ms"),
        critical_ms=_number(members, "critical_ms"),
        events_out=_texts(members, "events_out"),
        **{name: _text(members, name) for name in _TEXTS},
    )


_TEXTS: Final = (
    "event_id",
    "event_source",
    "event_type",
    "event_time",
    "correlation_id",
    "causation_id",
    "replay",
    "customer_id",
    "invoice_id",
    "reason",
    "error_class",
    "error_message",
    "suppressed_because",
    "message_id",
)


def legible(text: str) -> str:
    """The text without characters that would draw on a terminal, or hide there: others wrote it."""
    return _CONTROLS.sub("\ufffd", text)


_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name)
    return legible(value) if isinstance(value, str) else ""


def _number(members: Mapping[str, Any], name: str) -> float | None:
    value = members.get(name)
    return float(value) if isinstance(value, int | float) and abs(value) < _LARGEST else None


def _texts(members: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = members.get(name)
    return tuple(legible(item) for item in value if isinstance(item, str)) if isinstance(value, list) else ()


#: Of any figure in a line: a century in milliseconds.
_LARGEST: Final = 3.2e12
