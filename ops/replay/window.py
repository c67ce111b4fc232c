"""The time that a replay is of, and how far back one may go without doing something twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from infra.components.relations import Retention
from ops.times import length_of
from ops.wrong_use import WrongUse

_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Events whose own time is in it. EventBridge replays whole minutes: it begins at one, and ends at one or now."""

    start: datetime
    end: datetime

    @classmethod
    def parse(cls, *, since: str | None, start: str | None, end: str | None, now: datetime) -> Self:
        """`since` is a duration such as `90m`, `2h` or `3d`; the others are ISO 8601, in UTC unless they say otherwise.

        Raises WrongUse.
        """
        if (since is None) == (start is None):
            raise WrongUse("say which time to replay: either --since 2h, or --from 2026-05-20T14:00 (and --to)")
        if since is not None and end is not None:
            raise WrongUse("--since counts back from now: use --from with --to")
        begin = now - length_of(since) if since is not None else _instant("--from", start or "")
        return cls.of(begin, now if end is None else _instant("--to", end), now=now)

    @classmethod
    def of(cls, start: datetime, end: datetime, *, now: datetime) -> Self:
        """Whole minutes around both, but nothing of the future. Raises WrongUse."""
        whole = cls(start=_floor(start), end=min(_ceiling(end), now))
        if whole.start >= whole.end:
            raise WrongUse(f"there is no time between {said(whole.start)} and {said(whole.end)} to replay")
        return whole

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def part_until(self, moment: datetime | None) -> float:
        """How much of it lies before `moment`, from 0 to 1."""
        return 0.0 if moment is None else min(1.0, max(0.0, (moment - self.start) / self.length))


def memory(days: Retention) -> timedelta:
    """How old an event may be when it is replayed, so that it is surely known again wherever it gets to.

    It may be put off, wait on a queue and lie in a DLQ before it is handled; until then what its consumer did the
    first time must not be forgotten, nor the data of a large one be gone.
    """
    on_its_way = days.patience + days.queue + days.dead_letters
    return timedelta(days=min(days.marks, days.payloads) - on_its_way)


def said(moment: datetime) -> str:
    """For people: UTC, to the minute."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _instant(option: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongUse(
            f"{option} {text!r} is no time: say 2026-05-20T14:00 (UTC), or 2026-05-20T16:00+02:00"
        ) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _floor(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _ceiling(moment: datetime) -> datetime:
    return _floor(moment) if _floor(moment) == moment else _floor(moment) + _MINUTE
