"""Entries into fewer entries: events of a type that may travel together go as one, as far as that costs no more.

EventBridge takes its price for each entry, and so does SQS for what a rule puts on a queue.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Self

from events.batches import CHUNK, MOST, together
from events.binding import Entry, entry_size
from events.envelope import CloudEvent

#: Between the times of one entry's events. Archives go by the entry's, which is the latest.
SPAN: Final = timedelta(minutes=15)
#: Bytes of an entry that holds several, beside theirs and a comma for each.
_AROUND: Final = 32


class Parcel(NamedTuple):
    """An entry and what is in it: events, and their places among those that are to be published."""

    entry: Entry
    events: tuple[CloudEvent, ...]
    places: tuple[int, ...]


def packed(parcels: Iterable[Parcel], types: frozenset[str]) -> list[Parcel]:
    """Parcels of one event each, with those of `types` together in the place of the first."""
    boxes: list[_Box] = []
    open_: dict[tuple[str, str], _Box] = {}
    for parcel in parcels:
        kind = (parcel.entry["Source"], parcel.entry["DetailType"])
        box = open_.get(kind)
        if box is None or not box.takes(parcel):
            box = _Box.around(parcel)
            boxes.append(box)
            if kind[1] in types and box.size < CHUNK:
                open_[kind] = box
        else:
            box.add(parcel)
    return [box.closed() for box in boxes]


@dataclass(slots=True)
class _Box:
    """Parcels that will be one. `earliest` and `latest` are None while none of them has a time."""

    parcels: list[Parcel]
    size: int
    earliest: datetime | None
    latest: datetime | None

    @classmethod
    def around(cls, parcel: Parcel) -> Self:
        time = parcel.entry.get("Time")
        return cls([parcel], _AROUND + entry_size(parcel.entry), time, time)

    def takes(self, parcel: Parcel) -> bool:
        return len(self.parcels) < MOST and self._has_room(parcel) and self._is_near(parcel)

    def add(self, parcel: Parcel) -> None:
        self.parcels.append(parcel)
        self.size += 1 + entry_size(parcel.entry)
        self.earliest, self.latest = self._with(parcel)

    def closed(self) -> Parcel:
        if len(self.parcels) == 1:
            return self.parcels[0]
        return Parcel(
            entry=together([parcel.entry for parcel in self.parcels]),
            events=tuple(event for parcel in self.parcels for event in parcel.events),
            places=tuple(place for parcel in self.parcels for place in parcel.places),
        )

    def _has_room(self, parcel: Parcel) -> bool:
        return self.size + 1 + entry_size(parcel.entry) <= CHUNK

    def _is_near(self, parcel: Parcel) -> bool:
        earliest, latest = self._with(parcel)
        return earliest is None or latest is None or latest - earliest <= SPAN

    def _with(self, parcel: Parcel) -> tuple[datetime | None, datetime | None]:
        times = [time for time in (self.earliest, self.latest, parcel.entry.get("Time")) if time is not None]
        return (min(times), max(times)) if times else (None, None)
