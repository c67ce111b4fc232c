"""What each relay and consumer made of one event, who has yet to act on it, and where it is meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from contracts.company import SOURCES, Route, consumers_of
from ops.letters.letter import Letter
from ops.story.advice import advice_on
from ops.story.events import Facts
from ops.story.evidence import Evidence
from ops.story.steps import notes_on, state_of, steps_of
from ops.story.story import Place, Standing, State, Step, Visit
from runtime.manifest import Consumer

#: What may pass before something that is due counts as late: the logs themselves are behind by some seconds.
GRACE: Final = timedelta(seconds=60)

_OPEN: Final = ("expected", "retry", "deferred")
_STANDINGS: Final[dict[State, Standing]] = {"dead_letter": "stopped", "taken_out": "stopped", "unseen": "unclear"}


class Visits:
    """Tells them from one body of evidence."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._service_of = {f.name: s.name for s in evidence.services for f in s.functions}
        self._consumers = {c.name: c for service in evidence.services for c in service.consumers}
        self._behind_apis = {a.function.name: s.consumers[0].name for s in evidence.services for a in s.apis}

    def of(self, facts: Facts, *, came_at: datetime | None) -> tuple[Visit, ...]:
        """The relay first, then those that have acted, by time, then those that have yet to."""
        if self._is_older(facts, came_at):
            return ()
        relays = [self._relay_visit(facts, name) for name in sorted(_relays(facts))]
        if any(visit.state != "relayed" for visit in relays):
            return tuple(relays)
        seen = _consumers(facts)
        missing = [name for name in self._expected(facts, seen) if name not in seen]
        visits = [self._consumer_visit(facts, name, came_at) for name in (*sorted(seen), *missing)]
        return (*relays, *sorted(visits, key=self._begun))

    def _begun(self, visit: Visit) -> datetime:
        return visit.steps[0].started_at if visit.steps else self._evidence.now

    def _is_older(self, facts: Facts, came_at: datetime | None) -> bool:
        """Older than the lines that were read: that there are none says nothing."""
        return not (facts.lines or facts.letters) and came_at is not None and came_at < self._evidence.window.start

    def _expected(self, facts: Facts, seen: set[str]) -> Iterator[str]:
        """Who should act on it, by the rules. Over HTTP it is first the one whose queue the API fills."""
        first = {self._behind_apis[line.function] for line in facts.accepted if line.function in self._behind_apis}
        yield from sorted(first)
        if not first or (first <= seen and facts.is_forwarded):
            routes = consumers_of(facts.type, self._evidence.services)
            yield from (route.consumer.name for route in routes if _lets_through(route, facts.source))

    def _relay_visit(self, facts: Facts, name: str) -> Visit:
        letters = [letter for letter in facts.letters if letter.owner == name]
        steps = steps_of(line for line in facts.lines if line.role == "relay" and line.function == name)
        state = self._state(steps, letters)
        if state in _OPEN:
            state = "relayed" if _is_on_the_bus(facts) else "in_outbox"
        place = _outbox(facts, steps) if state == "in_outbox" else self._dlq(name, state, letters, steps)
        return self._visit(name, "relay", state, steps, letters, place)

    def _consumer_visit(self, facts: Facts, name: str, came_at: datetime | None) -> Visit:
        letters = [letter for letter in facts.letters if letter.owner == name]
        steps = steps_of(line for line in facts.lines if line.role == "consumer" and line.function == name)
        state = self._state(steps, letters)
        place = self._dlq(name, state, letters, steps)
        consumer = self._consumers.get(name)
        if state in _OPEN and consumer is not None:
            place = self._queue(consumer, steps, came_at)
            state = self._judged(facts, consumer, state, place)
        return self._visit(name, "consumer", state, steps, letters, place)

    def _state(self, steps: Sequence[Step], letters: Sequence[Letter]) -> State:
        return state_of(steps, letters, letters_known=self._evidence.letters is not None)

    def _visit(
        self,
        name: str,
        role: Literal["consumer", "relay"],
        state: State,
        steps: tuple[Step, ...],
        letters: Sequence[Letter],
        place: Place | None,
    ) -> Visit:
        reason, error = _failure(state, steps, letters)
        return Visit(
            name=name,
            service=self._service_of.get(name, ""),
            role=role,
            state=state,
            standing=self._standing(state, place),
            steps=steps,
            place=place,
            reason=reason,
            error=error,
            notes=tuple(notes_on(steps, letters, state, self._evidence.now)),
            advice=advice_on(state, steps, letters, place, options=self._evidence.options),
        )

    def _standing(self, state: State, place: Place | None) -> Standing:
        if state in (*_OPEN, "in_outbox"):
            return "late" if place is not None and self._is_late(place) else "under_way"
        return _STANDINGS.get(state, "done")

    def _is_late(self, place: Place) -> bool:
        return place.due is not None and self._evidence.now > place.due + GRACE

    def _judged(self, facts: Facts, consumer: Consumer, state: State, place: Place) -> State:
        """What is open, unless there are signs that it is not any more."""
        source = SOURCES.get(self._service_of[consumer.name])
        if any(child.source == source for child in facts.children.values()):
            return "inferred"
        depths = self._evidence.depths
        is_empty = depths is not None and consumer.name in depths and depths[consumer.name].total == 0
        return "unseen" if is_empty and self._is_late(place) else state

    def _queue(self, consumer: Consumer, steps: Sequence[Step], came_at: datetime | None) -> Place:
        since = steps[-1].at if steps else came_at or self._evidence.now
        wait = _longest_wait(consumer, steps) if steps else consumer.batching_window
        said = f"its last line, {steps[-1].outcome}" if steps else "that there is no line about it yet"
        return Place(
            kind="queue",
            name=consumer.name,
            since=since,
            due=since + timedelta(seconds=wait),
            known_from=f"{said}; {self._depth(consumer.name)}",
        )

    def _depth(self, consumer: str) -> str:
        depth = (self._evidence.depths or {}).get(consumer)
        return f"in the queue, {depth}" if depth else "the queue could not be asked"

    @staticmethod
    def _dlq(name: str, state: State, letters: Sequence[Letter], steps: Sequence[Step]) -> Place | None:
        if letters:
            letter = letters[-1]
            seen = f"the letter {letter.id}"
            return Place(kind="dlq", name=letter.place.name, since=letter.failed_at, known_from=seen)
        if state == "dead_letter":
            said = "its last line; the dead-letter queue could not be looked into"
            return Place(kind="dlq", name=f"{name}-dlq", since=steps[-1].at, known_from=said)
        return None


def _failure(state: State, steps: Sequence[Step], letters: Sequence[Letter]) -> tuple[str, str]:
    """Reason and error of the one that stands. A line has the whole error, a letter perhaps only its beginning."""
    failed = steps[-1] if steps and steps[-1].reason else None
    if state in ("handled", "duplicate", "relayed", "suppressed", "inferred") or not (failed or letters):
        return "", ""
    return (failed.reason, failed.error) if failed else (letters[-1].reason, letters[-1].error)


def _relays(facts: Facts) -> set[str]:
    """Those that have published it, or have yet to."""
    names = {line.function for line in facts.lines if line.role == "relay"}
    names |= {letter.owner for letter in facts.letters if letter.kind == "relay"}
    return names | {kept.relay for kept in facts.kept if not _is_on_the_bus(facts)}


def _consumers(facts: Facts) -> set[str]:
    names = {line.function for line in facts.lines if line.role == "consumer"}
    return names | {letter.owner for letter in facts.letters if letter.kind == "consumer"}


def _is_on_the_bus(facts: Facts) -> bool:
    return any(line.role == "consumer" or line.outcome == "relayed" for line in facts.lines)


def _lets_through(route: Route, source: str) -> bool:
    """Whether the rule takes events of this source, as far as that is known."""
    sources = route.subscription.pattern.get("source")
    return not sources or not source or source in sources


def _outbox(facts: Facts, steps: Sequence[Step]) -> Place:
    kept = next(iter(facts.kept), None)
    since = kept.event.occurred_at if kept else steps[0].at if steps else None
    return Place(
        kind="outbox",
        name=f"{kept.item} in the table {kept.table}" if kept else "the table",
        since=since,
        due=since,
        known_from="the item has it in its outbox, and no line says that it was relayed" if kept else "its last line",
    )


def _longest_wait(consumer: Consumer, steps: Sequence[Step]) -> int:
    """Seconds until the queue shows it again, at most."""
    deferrals = sum(step.outcome == "deferred" for step in steps)
    last = steps[-1]
    return consumer.backoff.ceiling(last.number + deferrals - 1 if last.outcome == "deferred" else last.number)
