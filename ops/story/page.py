"""Stories for people: the answer first, then what to do, then everything in the order in which it happened.

Times on the left are from the first moment that is known of. Styles are ANSI; who prints to a file strips them.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import typer

from ops.story.story import Arrival, Choices, EventStory, Standing, Step, Story, Visit
from ops.story.words import between, clock, short, span

_COLOURS: Final[dict[Standing, str]] = {
    "done": typer.colors.GREEN,
    "under_way": typer.colors.BLUE,
    "late": typer.colors.YELLOW,
    "stopped": typer.colors.RED,
    "unclear": typer.colors.MAGENTA,
}
_WELL: Final = ("handled", "duplicate", "relayed", "suppressed")
#: Of the column with times.
_WIDTH: Final = 10
_SAID: Final = {
    "handled": "handled",
    "duplicate": "a duplicate, changed nothing",
    "suppressed": "let it pass",
    "retry": "failed, to be tried again",
    "deferred": "put off, at no try's cost",
    "dead_letter": "dead letter",
    "relayed": "published",
}


def pages(told: Story | Choices, *, options: str = "") -> Iterator[str]:
    """Line by line. `options` are the command line's that lead here, such as `--stage prod`."""
    if isinstance(told, Choices):
        yield from _choices(told, options)
    else:
        yield from _story(told)


def _choices(told: Choices, options: str) -> Iterator[str]:
    yield f"{len(told.stories)} stories of {told.question}, the newest first:"
    for story in told.stories:
        event = story.events[0]
        yield ""
        yield f"  {_standing(story.verdict.standing, story.verdict.sentence)}"
        came = clock(event.arrival.at, story.read_to) if event.arrival.at else "at a time that is not known"
        yield f"  {came}  {event.type}  {_dim(_command(event, options))}"
    if told.left_out:
        yield ""
        yield f"  and {told.left_out} older: --most {len(told.stories) + told.left_out}"


def _command(event: EventStory, options: str) -> str:
    """What tells of this one alone."""
    words = ["python", "-m", "ops", "why", event.id, *(("--source", event.source) if event.source else ())]
    return " ".join(filter(None, (shlex.join(words), options)))


def _story(story: Story) -> Iterator[str]:
    yield _standing(story.verdict.standing, story.verdict.sentence)
    for advice in story.verdict.advice:
        yield f"  → {advice}"
    start = story.began or story.read_to
    for event in story.events:
        yield ""
        for row in _event(event, story.read_to):
            yield f"{_offset(row.at, start)}  {row.text}"
    if story.gaps:
        yield ""
        yield "What is missing:"
        yield from (f"  - {gap}" for gap in story.gaps)


@dataclass(frozen=True, slots=True)
class _Row:
    at: datetime | None
    text: str


def _event(event: EventStory, now: datetime, known: Collection[str] = ()) -> Iterator[_Row]:
    """`known` are the keys that its cause has been told with."""
    about = [name for name in (event.invoice_id, event.customer_id) if name]
    yield _Row(event.arrival.at, _headline(event, [name for name in about if name not in known]))
    branches: list[Visit | EventStory] = [*event.visits, *event.caused]
    for place, branch in enumerate(_by_time(branches)):
        tee, below = ("└ ", "  ") if place == len(branches) - 1 else ("├ ", "│ ")
        rows = _visit(branch, now) if isinstance(branch, Visit) else _event(branch, now, (*known, *about))
        for number, row in enumerate(rows):
            yield _Row(row.at, (tee if number == 0 else below) + row.text)


def _headline(event: EventStory, about: Sequence[str]) -> str:
    alone = "" if event.visits or event.caused else "(nobody has to act on it)"
    more = [_dim(part) for part in (" ".join(about), _arrival(event.arrival), alone) if part]
    return "  ".join([f"{typer.style(event.type, bold=True)} {short(event.id)}", *more])


def _by_time(branches: Sequence[Visit | EventStory]) -> list[Visit | EventStory]:
    """Of one moment, the visit before what came of it; what has yet to happen comes last."""
    return sorted(branches, key=lambda branch: (_began(branch) is None, _began(branch), isinstance(branch, EventStory)))


def _began(branch: Visit | EventStory) -> datetime | None:
    if isinstance(branch, EventStory):
        return branch.arrival.at
    return branch.steps[0].started_at if branch.steps else None


def _visit(visit: Visit, now: datetime) -> Iterator[_Row]:
    if not visit.steps:
        yield _Row(None, _standing(visit.standing, f"{visit.name}: {_unstepped(visit)}"))
        yield from (_Row(None, f"  {text}") for text in [_why(visit.reason, visit.error)] if text)
    for step in visit.steps:
        colour: Standing = (
            "done" if step.outcome in ("handled", "duplicate", "relayed", "suppressed") else visit.standing
        )
        text = f"{visit.name}: {_SAID.get(step.outcome, step.outcome)}{_try(step)}{_length(step)}"
        yield _Row(step.started_at, _standing(colour, text))
        yield from (_Row(None, f"  {text}") for text in [_why(step.reason, step.error)] if text)
    yield from (_Row(None, f"  {_dim(note)}") for note in visit.notes)
    if visit.place is not None and visit.standing != "done":
        place = visit.place
        since = f" since {clock(place.since, now)}" if place.since else ""
        yield _Row(None, f"  now in {place.name}{since} {_dim(f'({place.known_from})')}")


def _why(reason: str, error: str) -> str:
    return ": ".join(filter(None, (reason, error)))


def _unstepped(visit: Visit) -> str:
    return {
        "expected": "has not picked it up yet",
        "inferred": "left no line, but what it brought about is there",
        "unseen": "left no line, and nothing waits in its queue",
        "in_outbox": "has not published it yet",
        "dead_letter": "dead letter, without a line",
    }.get(visit.state, visit.state)


def _try(step: Step) -> str:
    counts = step.number > 1 or step.outcome in ("retry", "dead_letter")
    return f" on try {step.number}" if counts and step.number else ""


def _length(step: Step) -> str:
    waited = f", after {span(step.waited_ms)} on the way" if step.waited_ms else ""
    return f" in {span(step.duration_ms)}{waited}" if step.duration_ms else waited


def _arrival(arrival: Arrival) -> str:
    said = {
        "http": "accepted over HTTP" + (f" by {arrival.by}" if arrival.by else ""),
        "bus": "put on the bus" + (f" by {arrival.by}" if arrival.by else ""),
        "queue": f"sent to a queue of its own by {arrival.by}",
        "consumer": f"sent by {arrival.by}" if arrival.by else "its effect",
        "outbox": f"out of the outbox, by {arrival.by}",
        "file": "of a record in a file, it seems",
        "unknown": "it is not known how it came about",
    }
    return said[arrival.via]


def _offset(at: datetime | None, start: datetime) -> str:
    if at is None:
        return " " * _WIDTH
    text = span(max(0.0, between(start, at)))
    return f"{'+' if at > start else ''}{text}".rjust(_WIDTH)


def _standing(standing: Standing, text: str) -> str:
    return typer.style(text, fg=_COLOURS[standing])


def _dim(text: str) -> str:
    return typer.style(text, dim=True)
