"""What can be told of events: values for people's pages, for the console, and as JSON.

    Story
    ├── verdict    the answer in a sentence, what to do, and how it stands
    └── events     the first causes, each with
        ├── arrival   how it came about
        ├── visits    what the relay and each consumer made of it, or have yet to
        │   ├── steps     one for each log line: a try and its outcome
        │   └── place     where it waits or lies, and from what that is known
        └── caused    the events that it brought about: a tree

Times are aware, in UTC. Durations are milliseconds. A text that does not apply is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from events.envelope import format_time

#: How a story stands:
#:   done       it ended as it should: everybody who should have acted on it has
#:   under_way  not yet, and it is in time
#:   late       not yet, and it should have been by now
#:   stopped    nobody goes on with it by themselves: a dead letter, or a refusal
#:   unclear    what is known does not say
Standing = Literal["done", "under_way", "late", "stopped", "unclear"]

#: How an event stands with one who should act on it:
#:   handled, duplicate, suppressed, relayed   as the line says (see runtime.consumer)
#:   inferred     no line says so, but what it brought about is there
#:   expected     it has not been picked up yet
#:   retry        it failed, and is tried again; deferred the same, without the cost of a try
#:   dead_letter  it lies in the DLQ
#:   taken_out    it was a dead letter, and is not in the DLQ any more; nothing has come of it yet
#:   in_outbox    the relay has not published it yet
#:   unseen       there is no line, and nothing waits: handled without a trace, or never delivered
State = Literal[
    "handled",
    "duplicate",
    "suppressed",
    "relayed",
    "inferred",
    "expected",
    "retry",
    "deferred",
    "dead_letter",
    "taken_out",
    "in_outbox",
    "unseen",
]

#: How an event came about:
#:   http      the HTTP API accepted it
#:   bus       somebody put it on the bus
#:   queue     a service sent it to a queue of its own
#:   consumer  a consumer put it on the bus, as the effect of another event
#:   outbox    a write of state brought it along, and the relay put it on the bus
#:   file      no line says so, but what there is fits a record in a file
#:   unknown   what is known does not say
Via = Literal["http", "bus", "queue", "consumer", "outbox", "file", "unknown"]

_WORST_FIRST: Final[tuple[Standing, ...]] = ("stopped", "late", "unclear", "under_way", "done")
#: What a script may go by: 0 it is well, 1 it is not, 2 nobody can say.
_EXIT_CODES: Final[dict[Standing, int]] = {"done": 0, "under_way": 0, "stopped": 1, "late": 1, "unclear": 2}


def worst(standings: Iterable[Standing]) -> Standing:
    """Of several, the one that an operator has to hear of first; `done` of none."""
    found = set(standings)
    return next((standing for standing in _WORST_FIRST if standing in found), "done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`sentence` is the answer. `advice` are sentences that say what to do, most useful first."""

    standing: Standing
    sentence: str
    advice: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        return _EXIT_CODES[self.standing]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an event is now. `kind` is queue, dlq or outbox; `known_from` says how we know, in words.

    `due` is when something should have happened to it, as far as anybody can say.
    """

    kind: Literal["queue", "dlq", "outbox"]
    name: str
    since: datetime | None = None
    due: datetime | None = None
    known_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One try: from when its batch began to when its line was written.

    `waited_ms` is how long the message had been on the queue (or in the outbox), where that is known. `number` counts
    the tries, this one included; 0 where tries are not counted. `because` says why nothing was done.
    """

    started_at: datetime
    at: datetime
    outcome: str
    number: int = 0
    duration_ms: float = 0.0
    waited_ms: float | None = None
    reason: str = ""
    error_class: str = ""
    error: str = ""
    because: str = ""
    message_id: str = ""
    replay: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What `name` (a consumer or a relay, by its function's name) of `service` made of an event, or has yet to.

    `reason` and `error` are of the failure that stands, if one does. `notes` say in words what the state and the steps
    do not: redriven, twin versions, a copy that lies in the DLQ.
    """

    name: str
    service: str
    role: Literal["consumer", "relay"]
    state: State
    standing: Standing
    steps: tuple[Step, ...] = ()
    place: Place | None = None
    reason: str = ""
    error: str = ""
    notes: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()

    @property
    def tries(self) -> int:
        return max((step.number for step in self.steps), default=0)

    @property
    def duplicates(self) -> int:
        return sum(step.outcome == "duplicate" for step in self.steps)

    @property
    def last(self) -> Step | None:
        return self.steps[-1] if self.steps else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """How an event came about; `by` names who, where a line says so. `at` is the first that is known of it."""

    via: Via
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStory:
    """One event. Its identity is (`source`, `id`); `source` is empty where only its id and type are known.

    `time` is what the producer wrote into it. `cause` is the id of the event that brought it about, whether or not that
    one is in the story.
    """

    id: str
    source: str
    type: str
    time: str = ""
    customer_id: str = ""
    invoice_id: str = ""
    correlation_id: str = ""
    cause: str = ""
    replay: str = ""
    arrival: Arrival
    visits: tuple[Visit, ...] = ()
    caused: tuple[EventStory, ...] = ()

    @property
    def identity(self) -> tuple[str, str]:
        return (self.source, self.id)

    def walk(self) -> Iterator[EventStory]:
        """Itself and all that came of it, causes before effects."""
        yield self
        for event in self.caused:
            yield from event.walk()


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The answer to `question`. `gaps` say in words what is missing from it, and what that may mean.

    `read_from` and `read_to` are the time from which log lines were read.
    """

    question: str
    verdict: Verdict
    read_from: datetime
    read_to: datetime
    events: tuple[EventStory, ...] = ()
    gaps: tuple[str, ...] = field(default=())

    def walk(self) -> Iterator[EventStory]:
        for event in self.events:
            yield from event.walk()

    @property
    def exit_code(self) -> int:
        return self.verdict.exit_code

    @property
    def began(self) -> datetime | None:
        """The first moment that is known of."""
        return min(self._moments(), default=None)

    @property
    def ended(self) -> datetime | None:
        """The last moment that something happened in."""
        return max(self._moments(), default=None)

    def to_json(self) -> dict[str, Any]:
        """A JSON value: the members by their names, times in RFC 3339."""
        members: dict[str, Any] = _plain(asdict(self))
        return members | {"exit_code": self.exit_code}

    def _moments(self) -> Iterator[datetime]:
        for event in self.walk():
            if event.arrival.at is not None:
                yield event.arrival.at
            for visit in event.visits:
                for step in visit.steps:
                    yield step.started_at
                    yield step.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Several stories fit the question, each with one first cause; the newest first. `left_out` more are not told."""

    question: str
    stories: tuple[Story, ...]
    left_out: int = 0

    @property
    def exit_code(self) -> int:
        return _EXIT_CODES[worst(story.verdict.standing for story in self.stories)]

    def to_json(self) -> dict[str, Any]:
        """A JSON value, with each story as it is by itself."""
        return {
            "question": self.question,
            "stories": [story.to_json() for story in self.stories],
            "left_out": self.left_out,
            "exit_code": self.exit_code,
        }


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return format_time(value)
        case dict():
            return {name: _plain(member) for name, member in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value
