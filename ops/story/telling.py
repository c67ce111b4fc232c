"""Evidence becomes a story: a tree of events, whatever is missing from it, and wherever its ends meet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from contracts.company import SOURCES
from functions.billing import manifest as billing
from functions.ingestion import manifest as ingestion
from ops.story.events import Events, Facts, Identity
from ops.story.evidence import Evidence
from ops.story.steps import moment
from ops.story.story import Arrival, Choices, EventStory, Story, Verdict
from ops.story.verdicts import verdict_on
from ops.story.visits import Visits
from ops.story.words import joined

#: Stories of one invoice that are told as one; of more, one may choose.
_TOGETHER: Final = 5
#: Causes and effects in a row. A tree that is deeper than any that we make comes from ids that are reused.
_DEEPEST: Final = 50

Kind = Literal["event", "customer", "invoice", "correlation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which events are meant. `source` tells apart events of several producers with one id; empty means any."""

    kind: Kind
    value: str
    source: str = ""

    def __str__(self) -> str:
        named = {"event": "event", "customer": "customer", "invoice": "invoice", "correlation": "correlation id"}
        return f"{named[self.kind]} {self.value}" + (f" of {self.source}" if self.source else "")

    def means(self, facts: Facts) -> bool:
        if self.source and facts.source != self.source:
            return False
        match self.kind:
            case "event":
                return facts.id == self.value
            case "correlation":
                return self.value in (facts.said("correlation_id"), facts.id)
            case _:
                return facts.said(f"{self.kind}_id") == self.value


def tell(question: Question, evidence: Evidence, *, most: int = 20) -> Story | Choices:
    """The story; Choices where several fit a question that wants one, the newest `most` of them."""
    telling = _Telling(evidence)
    roots = telling.roots_of(question)
    if not roots:
        return _nothing(question, evidence)
    stories = sorted(telling.events(roots), key=_came)
    if _wants_one(question, stories):
        told = [_story(question, [event], evidence) for event in reversed(stories[-most:])]
        return Choices(question=str(question), stories=tuple(told), left_out=max(0, len(stories) - most))
    return _story(question, stories, evidence)


def _wants_one(question: Question, stories: Sequence[EventStory]) -> bool:
    most = 1 if question.kind in ("event", "customer") else _TOGETHER
    return len(stories) > most


def _story(question: Question, events: Sequence[EventStory], evidence: Evidence) -> Story:
    verdict = verdict_on(events, evidence.now)
    if verdict.standing == "done" and not any(event.visits for root in events for event in root.walk()):
        older = any(event.arrival.at and event.arrival.at < evidence.window.start for event in events)
        verdict = _TOO_OLD if older else verdict
    return Story(
        question=str(question),
        verdict=verdict,
        read_from=evidence.window.start,
        read_to=evidence.window.end,
        events=tuple(events),
        gaps=(*evidence.gaps, *_gaps(events, evidence)),
    )


_TOO_OLD: Final = Verdict(
    standing="unclear",
    sentence="It came about before the lines that were read.",
    advice=("Ask again with a longer --since, such as --since 7d.",),
)


def _nothing(question: Question, evidence: Evidence) -> Story:
    verdict = Verdict(
        standing="unclear",
        sentence=f"There is no trace of {question} in what was read.",
        advice=(
            "Look further back: --since 7d. Is it spelt as its producer does, and is this the right --stage?",
            "An event that no rule takes leaves no trace: was it put on this bus, under a type that somebody reads?",
        ),
    )
    return Story(
        question=str(question),
        verdict=verdict,
        read_from=evidence.window.start,
        read_to=evidence.window.end,
        gaps=evidence.gaps,
    )


class _Telling:
    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._events = Events(evidence)
        self._visits = Visits(evidence)
        self._told: set[Identity] = set()

    def roots_of(self, question: Question) -> list[Facts]:
        """The first causes of what is meant, each once."""
        found = {root.identity: root for facts in self._events if question.means(facts) for root in [self._root(facts)]}
        return list(found.values())

    def _root(self, facts: Facts) -> Facts:
        """Its first cause; where causes go round in a circle, where that closes."""
        passed = {facts.identity}
        while (parent := self._events.parent_of(facts)) is not None and parent.identity not in passed:
            passed.add(parent.identity)
            facts = parent
        return facts

    def events(self, roots: Sequence[Facts]) -> Iterator[EventStory]:
        """Each by itself; one that another has told of, in a circle of causes, not again."""
        for root in roots:
            if root.identity not in self._told:
                yield self._event(root)

    def _event(self, facts: Facts, depth: int = 0) -> EventStory:
        self._told.add(facts.identity)
        untold = [child for child in facts.children.values() if child.identity not in self._told]
        caused = [self._event(child, depth + 1) for child in untold] if depth < _DEEPEST else []
        arrival = self._arrival(facts, caused)
        return EventStory(
            id=facts.id,
            source=facts.source,
            type=facts.type,
            time=facts.said("event_time"),
            customer_id=facts.said("customer_id"),
            invoice_id=facts.said("invoice_id"),
            correlation_id=facts.said("correlation_id"),
            cause=facts.cause,
            replay=facts.said("replay"),
            arrival=arrival,
            visits=self._visits.of(facts, came_at=arrival.at),
            caused=tuple(sorted(caused, key=_came)),
        )

    def _arrival(self, facts: Facts, caused: Sequence[EventStory]) -> Arrival:
        """Not after what came of it: a line may be written some milliseconds after what it tells of."""
        effects = [effect.arrival.at for effect in caused if effect.arrival.at]
        at = min((*_moments(facts), *effects), default=None)
        relay = next(iter(_publishers(facts)), "")
        if facts.accepted:
            return Arrival(via="http", by=facts.accepted[0].function, at=at)
        if relay:
            return Arrival(via="outbox", by=relay, at=at)
        if facts.brought_by:
            return Arrival(via="consumer", by=facts.brought_by[0].function, at=at)
        if facts.has_parent:
            return Arrival(via="consumer", at=at)
        if facts.cause:
            return Arrival(via="file" if facts.source == _INGESTION else "unknown", at=at)
        return Arrival(via="queue" if facts.type in _OWN_WORK else "bus", by=facts.source, at=at)


_INGESTION: Final = SOURCES[ingestion.SERVICE.name]
#: What a service tells itself: it comes straight to a queue, and no rule picks it.
_OWN_WORK: Final = frozenset(billing.ACCOUNTS.sent_directly)


def _publishers(facts: Facts) -> Iterator[str]:
    yield from (line.function for line in facts.lines if line.role == "relay")
    yield from (letter.owner for letter in facts.letters if letter.kind == "relay")
    yield from (kept.relay for kept in facts.kept)


def _moments(facts: Facts) -> Iterator[datetime]:
    """When it was there, as far as lines, letters and outbox say. What its producer says is not evidence."""
    yield from (moment(line.started_at - (line.age_ms or 0)) for line in facts.lines)
    yield from (moment(line.at) for line in (*facts.accepted, *facts.brought_by))
    yield from (letter.first_seen or letter.failed_at for letter in facts.letters)
    yield from (kept.event.occurred_at for kept in facts.kept if kept.event.occurred_at)


def _came(event: EventStory) -> datetime:
    """What is only known to have been there comes last."""
    return event.arrival.at or _NEVER


_NEVER: Final = datetime.max.replace(tzinfo=moment(0).tzinfo) - timedelta(days=1)


def _gaps(events: Sequence[EventStory], evidence: Evidence) -> Iterator[str]:
    """What the story would have, were no line lost."""
    everything = [event for root in events for event in root.walk()]
    for event in everything:
        if event.cause and event.arrival.via == "file":
            yield (
                f"{event.type} {event.id} came of a record {event.cause} that has no line: records in files have "
                "none of their own; any other record's is lost, or older than what was read"
            )
        elif event.arrival.via == "unknown":
            yield f"{event.type} {event.id} came of an event {event.cause} that has no line: it is lost, or older"
    older = [e for e in everything if e.arrival.at and e.arrival.at < evidence.window.start and not _steps(e)]
    if older:
        yield f"{joined([e.type for e in older])}: older than the lines that were read: ask again with a longer --since"


def _steps(event: EventStory) -> bool:
    return any(visit.steps for visit in event.visits)
