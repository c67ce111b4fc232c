"""Which letters are meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Self

from events.envelope import format_time, parse_time
from ops.letters.letter import Letter

#: Of an id, so that a few digits that are read out over the phone do not match half of everything.
_SHORTEST_PREFIX: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A letter is meant when it matches each criterion that is given, and of each any one value.

    `ids` are message ids, event ids, or beginnings of them (six characters or more); `places` are names of
    ops.letters.places; `error` is part of the error, whatever its case; the times are of becoming a letter.
    """

    groups: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    error: str = ""
    failed_before: datetime | None = None
    failed_after: datetime | None = None

    @property
    def is_everything(self) -> bool:
        return self == Selection()

    def matches(self, letter: Letter) -> bool:
        return (
            (not self.groups or letter.fingerprint in self.groups)
            and (not self.ids or any(goes_by(text, letter.id, letter.subject.id) for text in self.ids))
            and (not self.types or letter.subject.type in self.types)
            and (not self.places or any(_is_of(letter, name) for name in self.places))
            and self.error.lower() in f"{letter.reason} {letter.error_class} {letter.error}".lower()
            and (self.failed_before is None or letter.failed_at < self.failed_before)
            and (self.failed_after is None or letter.failed_at >= self.failed_after)
        )

    def to_dict(self) -> dict[str, Any]:
        """Only what is given."""
        values = {name: format_time(v) if isinstance(v, datetime) else v for name, v in asdict(self).items()}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items() if v}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """What `to_dict` gave."""
        times = {n: parse_time(values[n]) for n in ("failed_before", "failed_after") if n in values}
        lists = {n: tuple(values[n]) for n in ("groups", "ids", "types", "places") if n in values}
        return cls(error=str(values.get("error", "")), **lists, **times)  # type: ignore[arg-type]


def _is_of(letter: Letter, name: str) -> bool:
    """Where several share a queue, a letter is its owner's alone."""
    return letter.owner == name if name in letter.place.members else letter.place.goes_by(name)


def goes_by(text: str, *known: str) -> bool:
    """Whether `text` is one of the ids, or the beginning of one."""
    return any(text == id_ or (len(text) >= _SHORTEST_PREFIX and id_.startswith(text)) for id_ in known)
