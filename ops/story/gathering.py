"""Asking for what a story is told from: as little as answers the question, whoever of AWS does not answer.

Lines come first, and from them follows where else to look: into the dead-letter queues and queues of those who have
not done with an event, and into the outboxes of the items that events are about.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from contracts.deployed import CannotAsk
from contracts.lines import Line
from ops.letters.asking import asking
from ops.letters.box import Box
from ops.letters.letter import Letter
from ops.letters.looking import look
from ops.letters.places import Place, places
from ops.logs.sources import LogSource
from ops.logs.window import Window
from ops.story.evidence import Depth, Evidence, Kept
from ops.story.outboxes import Outboxes
from ops.story.story import Choices, EventStory, Story, Visit
from ops.story.telling import Question, tell
from ops.target import Target
from runtime.clock import Clock
from runtime.errors import TransientError

#: Each finds what the last one's ids lead to. A tree has one correlation id, so two are enough but for odd producers.
_ROUNDS: Final = 4
#: Invoices whose outboxes are read.
_INVOICES: Final = 20

Found = TypeVar("Found")
#: Told what is being asked, for whoever waits.
Progress = Callable[[str], None]


@dataclass(kw_only=True)
class Investigation:
    """Answers questions about one stage, one after the other.

    `most` is how many stories are told at most where one may choose.

    `scan` has the outboxes of the whole table read where nothing else knows of an event.
    """

    target: Target
    logs: LogSource
    clock: Clock
    window: Window
    most: int = 20
    scan: bool = False
    options: str = ""
    progress: Progress = lambda _: None
    _gaps: list[str] = field(default_factory=list)

    def answer(self, question: Question) -> Story | Choices:
        """Raises CannotAsk when the logs cannot be asked; whatever else cannot is a gap in the story."""
        self._gaps.clear()
        self.progress(f"looking for {question} in the logs")
        lines, left_out = self._lines(question, (), {question.value})
        evidence = self._with_outboxes(question, Evidence(window=self.window, lines=lines, options=self.options))
        letters = self._letters(self._owners(question, evidence))
        lines = self._what_letters_lead_to(question, lines, letters or [])
        evidence = replace(evidence, lines=lines, letters=letters)
        evidence = replace(evidence, depths=self._depths(_open(tell(question, evidence))), gaps=tuple(self._gaps))
        told = tell(question, evidence, most=self.most)
        return replace(told, left_out=told.left_out + left_out) if isinstance(told, Choices) else told

    def _lines(self, question: Question, known: Iterable[Line], terms: Collection[str]) -> tuple[tuple[Line, ...], int]:
        """The lines of all that is meant, with their causes and effects; how many flows were left out."""
        lines, asked, left_out = dict.fromkeys(known), set[str](), 0
        for turn in range(_ROUNDS):
            new = set(terms) - asked
            if not new:
                break
            found = [line for line in self.logs.find(new, self.window) if _is_meant(line, question, new)]
            if turn == 0 and question.kind != "event":
                found, left_out = _newest(found, self.most)
            lines |= dict.fromkeys(found)
            asked |= new
            terms = _leads(lines)
        return tuple(lines), left_out

    def _what_letters_lead_to(
        self, question: Question, lines: tuple[Line, ...], letters: Sequence[Letter]
    ) -> tuple[Line, ...]:
        """A letter of which no line tells may be part of a tree of which others do."""
        known = {line.event_id for line in lines}
        events = [letter.event for letter in letters if letter.subject.id not in known]
        terms = {event.correlation_id for event in events if event and event.id == question.value}
        return self._lines(question, lines, terms)[0] if terms else lines

    def _with_outboxes(self, question: Question, evidence: Evidence) -> Evidence:
        self.progress("looking into the outboxes")
        kept = self._asked("billing's outboxes", lambda: self._kept(question, evidence.lines)) or []
        mine = {line.correlation_id for line in evidence.lines} | {line.event_id for line in evidence.lines}
        meant = [k for k in kept if k.event.correlation_id in mine or question.kind in ("invoice", "customer")]
        return replace(evidence, kept=[*meant, *(self._scanned(question) if not (meant or evidence.lines) else ())])

    def _kept(self, question: Question, lines: Sequence[Line]) -> list[Kept]:
        outboxes = Outboxes(self.target)
        ids = dict.fromkeys(line.invoice_id for line in lines if line.invoice_id)
        if question.kind == "invoice":
            ids = {question.value: None, **ids}
        if question.kind == "customer":
            ids |= dict.fromkeys(outboxes.invoices_of(question.value))
        return outboxes.of_invoices(list(ids)[:_INVOICES])

    def _scanned(self, question: Question) -> list[Kept]:
        """For an event that has come no further than its outbox."""
        return self._asked("billing's outboxes", lambda: self._scan(question)) or []

    def _scan(self, question: Question) -> list[Kept]:
        outboxes = Outboxes(self.target)
        if self.scan or outboxes.is_tiny:
            return outboxes.scan(question.value)
        self._gaps.append("the outboxes were not searched: that reads the whole table, and is done with --scan")
        return []

    def _owners(self, question: Question, evidence: Evidence) -> list[str] | None:
        """Those whose dead-letter queues may have something; None for all."""
        told = tell(question, replace(evidence, letters=None, depths=None), most=self.most)
        visits = list(_visits(told))
        if not visits and not any(True for _ in _events(told)):
            return None
        return sorted({visit.name for visit in visits if visit.standing != "done" or _was_dead(visit)})

    def _letters(self, owners: Sequence[str] | None) -> list[Letter] | None:
        if owners == []:
            return []
        self.progress("looking into the dead-letter queues")
        wanted = [place for place in places(self.target) if owners is None or any(map(place.goes_by, owners))]
        return self._asked("the dead-letter queues", lambda: self._look(wanted))

    def _look(self, wanted: Sequence[Place]) -> list[Letter]:
        seen = look([Box(self.target.client("sqs"), place) for place in wanted], clock=self.clock)
        for name, count in seen.elsewhere.items():
            self._gaps.append(f"{count} letters of {name} are in other hands just now, and were not looked at")
        return list(seen.letters)

    def _depths(self, consumers: Collection[str]) -> dict[str, Depth] | None:
        return self._asked("the queues", lambda: {name: self._depth(name) for name in sorted(consumers)})

    def _depth(self, consumer: str) -> Depth:
        queue, sqs = self.target.stage.deployed_name(consumer), self.target.client("sqs")
        names = [f"ApproximateNumberOfMessages{which}" for which in ("", "NotVisible", "Delayed")]
        with asking(queue):
            url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
            told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        visible, in_flight, delayed = (int(told.get(name, 0)) for name in names)
        return Depth(visible=visible, in_flight=in_flight, delayed=delayed)

    def _asked(self, what: str, ask: Callable[[], Found]) -> Found | None:
        """The answer; None, and a gap, when there is none."""
        try:
            return ask()
        except (CannotAsk, TransientError) as error:
            self._gaps.append(f"{what} could not be read: {error}")
            return None


def _is_meant(line: Line, question: Question, ids: Collection[str]) -> bool:
    """By exact match: the search itself goes by parts of texts."""
    if question.kind == "customer" and line.customer_id == question.value:
        return True
    if question.kind == "invoice" and line.invoice_id == question.value:
        return True
    return not {line.event_id, line.correlation_id, line.causation_id, *(id_ for _, id_ in line.out)}.isdisjoint(ids)


def _newest(lines: Sequence[Line], most: int) -> tuple[list[Line], int]:
    """The lines of the flows that were heard of last; how many other flows there are."""
    flows = list(dict.fromkeys(_flow(line) for line in sorted(lines, key=lambda line: -line.at)))
    kept = set(flows[:most])
    return [line for line in lines if _flow(line) in kept], len(flows) - len(kept)


def _flow(line: Line) -> str:
    return line.correlation_id or line.event_id


def _leads(lines: Iterable[Line]) -> set[str]:
    """The ids by which the rest of what these lines tell of is found."""
    flows = {_flow(line) for line in lines}
    ids = flows | {line.event_id for line in lines}
    return {id_ for id_ in flows | {line.causation_id for line in lines if line.causation_id not in ids} if id_}


def _events(told: Story | Choices) -> Iterable[EventStory]:
    stories = told.stories if isinstance(told, Choices) else (told,)
    return (event for story in stories for event in story.walk())


def _visits(told: Story | Choices) -> Iterable[Visit]:
    return (visit for event in _events(told) for visit in event.visits)


def _open(told: Story | Choices) -> set[str]:
    """The consumers whose queues may have something."""
    states = ("expected", "retry", "deferred", "unseen")
    return {visit.name for visit in _visits(told) if visit.role == "consumer" and visit.state in states}


def _was_dead(visit: Visit) -> bool:
    return any(step.outcome == "dead_letter" for step in visit.steps)
