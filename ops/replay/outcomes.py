"""What became of a replay's events, by what consumers say of them in their logs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from contracts.lines import Line
from ops.logs.sources import LogSource
from ops.logs.window import Window
from ops.replay.eventbridge import Replay

#: Consumer -> what its records ended as -> how often. A record that was tried again counts each time.
Outcomes = Mapping[str, Mapping[str, int]]


def outcomes(replay: Replay, logs: LogSource, *, now: datetime) -> Outcomes:
    """Of all lines since the replay began. Raises CannotAsk."""
    lines = logs.find({replay.name}, Window(start=replay.began or now, end=now))
    return _counted(line for line in lines if line.replay == replay.name and line.role == "consumer")


def _counted(lines: Iterable[Line]) -> Outcomes:
    counts: dict[str, Counter[str]] = {}
    for line in lines:
        counts.setdefault(line.function, Counter())[line.outcome] += 1
    return {consumer: dict(counts[consumer].most_common()) for consumer in sorted(counts)}


def told(found: Outcomes) -> Iterator[str]:
    """A line for each consumer."""
    width = max(map(len, found), default=0)
    for consumer, ends in found.items():
        said = ", ".join(f"{count:,} {outcome.replace('_', ' ')}" for outcome, count in ends.items())
        yield f"  {consumer:<{width}}  {said}"
    if not found:
        yield "  no consumer has said anything of its events yet"
