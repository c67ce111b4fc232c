"""Log lines of one consumer (or relay) about one event, as steps; what they come to, and what is worth a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from contracts.lines import Line
from ops.letters.letter import Letter
from ops.story.story import State, Step
from ops.story.words import clock, joined, times

_SETTLED: dict[str, State] = {"handled": "handled", "relayed": "relayed", "duplicate": "duplicate"}
_OPEN: dict[str, State] = {"retry": "retry", "deferred": "deferred", "suppressed": "suppressed"}


def steps_of(lines: Iterable[Line]) -> tuple[Step, ...]:
    """By time."""
    return tuple(_step(line) for line in sorted(lines, key=lambda line: (line.at, line.attempts)))


def _step(line: Line) -> Step:
    return Step(
        started_at=moment(line.started_at),
        at=moment(line.at),
        outcome=line.outcome,
        number=line.attempts,
        duration_ms=line.duration_ms,
        waited_ms=line.age_ms,
        reason=line.reason,
        error_class=line.error_class,
        error=line.error_message,
        because=line.suppressed_because,
        message_id=line.message_id,
        replay=line.replay,
    )


def moment(millis: float) -> datetime:
    """Milliseconds since the epoch as an aware datetime."""
    return datetime.fromtimestamp(millis / 1000, UTC)


def state_of(steps: Sequence[Step], letters: Sequence[Letter], *, letters_known: bool) -> State:
    """What was settled once is settled: a copy that fails later changes nothing. Else the last step counts."""
    outcomes = [step.outcome for step in steps]
    for outcome, state in _SETTLED.items():
        if outcome in outcomes:
            return state
    if letters or (outcomes[-1:] == ["dead_letter"] and not letters_known):
        return "dead_letter" if outcomes[-1:] != ["retry"] or not _came_back(steps) else "retry"
    if not outcomes:
        return "expected"
    if outcomes[-1] == "dead_letter":
        return "taken_out"
    return _OPEN.get(outcomes[-1], "unseen")


def _came_back(steps: Sequence[Step]) -> bool:
    return any(step.outcome == "dead_letter" for step in steps[:-1])


def notes_on(steps: Sequence[Step], letters: Sequence[Letter], state: State, now: datetime) -> Iterator[str]:
    """In words, what a reader of the steps would have to work out."""
    yield from _redrives(steps, now)
    yield from _deferrals(steps)
    yield from _passes(steps)
    yield from _unwritten(steps)
    if repeats := _repeats(steps):
        yield f"it came {times(repeats)} more, and changed nothing"
    if letters and state in _SETTLED.values():
        yield f"a copy of it lies in {letters[0].place.name}: it is done, so the copy may be purged"


def _repeats(steps: Sequence[Step]) -> int:
    """Where the write itself is what makes a repeat harmless, its line says `handled` again."""
    return max(0, sum(step.outcome in ("handled", "duplicate") for step in steps) - 1)


def _redrives(steps: Sequence[Step], now: datetime) -> Iterator[str]:
    for before, after in pairwise(steps):
        if before.outcome == "dead_letter":
            yield f"it was a dead letter from {clock(before.at, now)}, and came back at {clock(after.started_at, now)}"


def _deferrals(steps: Sequence[Step]) -> Iterator[str]:
    reasons = Counter(step.reason or "no reason" for step in steps if step.outcome == "deferred")
    if reasons:
        said = joined([f"{reason} {times(count)}" for reason, count in reasons.most_common()])
        yield f"it was put off, which costs no try: {said}"


def _passes(steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        if step.outcome == "suppressed":
            yield f"let pass: {step.because or 'its line does not say why'}"


def _unwritten(steps: Sequence[Step]) -> Iterator[str]:
    """Tries that SQS has counted and nobody wrote a line about."""
    before = 0
    for step in steps:
        missing = step.number - before - 1
        if missing > 0 and step.outcome != "duplicate":
            tries = f"try {before + 1}" if missing == 1 else f"tries {before + 1} to {step.number - 1}"
            yield f"{tries} left no line: the function ended before it wrote one, or the line is lost"
        before = step.number if step.outcome == "retry" else step.number - 1 if step.outcome == "deferred" else 0
