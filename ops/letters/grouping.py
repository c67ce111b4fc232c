"""Letters by what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from events.envelope import format_time
from ops.letters.advice import advice
from ops.letters.fingerprints import masked
from ops.letters.letter import Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """All letters of one place, event type, reason and (masked) error. `example` is the newest of them."""

    id: str
    count: int
    first: datetime
    last: datetime
    example: Letter

    @property
    def error(self) -> str:
        """What they have in common: the error with what differs masked."""
        return masked(self.example.error)

    @property
    def advice(self) -> str:
        return advice(self.example)

    def to_dict(self) -> dict[str, Any]:
        example = self.example
        return {
            "group": self.id,
            "count": self.count,
            "queue": example.place.name,
            "owner": example.owner,
            "type": example.subject.type,
            "origin": example.origin.value,
            "reason": example.reason,
            "error": self.error,
            "first": format_time(self.first),
            "last": format_time(self.last),
            "example": example.to_dict(),
            "advice": self.advice,
        }


def grouped(letters: Iterable[Letter]) -> list[Group]:
    """The largest first."""
    kinds: dict[str, list[Letter]] = {}
    for letter in letters:
        kinds.setdefault(letter.fingerprint, []).append(letter)
    return sorted(map(_group, kinds.values()), key=lambda group: (-group.count, group.id))


def _group(letters: Sequence[Letter]) -> Group:
    newest = max(letters, key=lambda letter: letter.failed_at)
    return Group(
        id=newest.fingerprint,
        count=len(letters),
        first=min(letter.failed_at for letter in letters),
        last=newest.failed_at,
        example=newest,
    )
