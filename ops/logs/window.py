"""The time that is asked about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From `start` to `end`, both of which belong to it."""

    start: datetime
    end: datetime

    @property
    def start_ms(self) -> int:
        return _millis(self.start)

    @property
    def end_ms(self) -> int:
        return _millis(self.end)

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


def _millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
