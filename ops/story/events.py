"""Evidence by event: which lines, letters and outbox entries are about which, and which event came of which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from contracts.company import SOURCES
from contracts.lines import Line, legible
from events.envelope import derived_id
from ops.letters.letter import Letter
from ops.story.evidence import Evidence, Kept

Identity = tuple[str, str]

#: Events of one type that one event may bring about, as far as their ids are looked for.
_SIBLINGS: Final = 10


@dataclass(slots=True, kw_only=True)
class Facts:
    """What there is about one event."""

    id: str
    source: str
    type: str = ""
    lines: list[Line] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    accepted: list[Line] = field(default_factory=list)
    brought_by: list[Line] = field(default_factory=list)
    children: dict[Identity, Facts] = field(default_factory=dict)
    has_parent: bool = False
    #: Whether who had it put it, as it is, on the bus.
    is_forwarded: bool = False

    @property
    def identity(self) -> Identity:
        return (self.source, self.id)

    def said(self, name: str) -> str:
        """What the lines, or else the outbox or a letter, say of one member; empty where they don't."""
        told = next((value for line in self.lines if (value := getattr(line, name))), "")
        return told or _in_event(self, name)

    @property
    def cause(self) -> str:
        """The id of the event that brought it about; not its own, whatever a producer says."""
        cause = self.said("causation_id") or next((line.event_id for line in self.brought_by), "")
        return "" if cause == self.id else cause


def _in_event(facts: Facts, name: str) -> str:
    events = [kept.event for kept in facts.kept] + [e for letter in facts.letters if (e := letter.event)]
    for event in events:
        data = event.data if isinstance(event.data, Mapping) else {}
        known = {
            "event_time": event.time,
            "correlation_id": event.correlation_id,
            "causation_id": event.extensions.get("causationid"),
        }
        value = known.get(name, data.get(name))
        if isinstance(value, str) and value:
            return legible(value)
    return ""


class Events:
    """All events that the evidence knows of, by identity."""

    def __init__(self, evidence: Evidence) -> None:
        self._service_of = {f.name: s.name for s in evidence.services for f in s.functions}
        self._all: dict[Identity, Facts] = {}
        self._by_name: dict[tuple[str, str], Identity] = {}
        self._by_id: dict[str, list[Facts]] = {}
        self._read(evidence)
        self._join()

    def __iter__(self) -> Iterator[Facts]:
        return iter(self._all.values())

    def with_id(self, event_id: str) -> list[Facts]:
        return self._by_id.get(event_id, [])

    def _read(self, evidence: Evidence) -> None:
        for line in evidence.lines:
            if line.event_id:
                self._facts(line.event_source, line.event_id, line.event_type).lines.append(line)
        for letter in evidence.letters or ():
            if letter.subject.id:
                subject = letter.subject
                self._facts(subject.source, subject.id, subject.type).letters.append(letter)
        for kept in evidence.kept:
            self._facts(*kept.event.identity, kept.event.type).kept.append(kept)
        # What is only known to have come out: now it can be told who it is.
        for line in evidence.lines:
            self._read_out(line)

    def _read_out(self, line: Line) -> None:
        for type_, id_ in line.out:
            known = self._by_name.get((type_, id_))
            if line.role == "api":
                # Of a request's events, only those that are asked about.
                if known is not None:
                    self._all[known].accepted.append(line)
                continue
            if known is None:
                known = self._facts(self._sender(line), id_, type_).identity
            if known == line.identity:
                self._all[known].is_forwarded = True
            else:
                self._all[known].brought_by.append(line)

    def _sender(self, line: Line) -> str:
        """The source of an event that a function's line says it sent."""
        return SOURCES.get(self._service_of.get(line.function, ""), "")

    def _facts(self, source: str, id_: str, type_: str) -> Facts:
        facts = self._all.get((source, id_))
        if facts is None:
            facts = self._all[source, id_] = Facts(id=id_, source=source)
            self._by_id.setdefault(id_, []).append(facts)
        facts.type = facts.type or type_
        self._by_name.setdefault((type_, id_), facts.identity)
        return facts

    def _join(self) -> None:
        for facts in list(self):
            parent = self.parent_of(facts)
            if parent is not None:
                parent.children[facts.identity] = facts
                facts.has_parent = True

    def parent_of(self, facts: Facts) -> Facts | None:
        for line in facts.brought_by:
            if line.identity in self._all:
                return self._all[line.identity]
        candidates = [other for other in self.with_id(facts.cause) if other is not facts] if facts.cause else []
        derived = [other for other in candidates if _derives(other, facts)]
        return next(iter([*derived, *candidates]), None)


def _derives(parent: Facts, child: Facts) -> bool:
    """Whether the child's id follows from the parent: so it is certain, though others share the parent's id."""
    return child.id in {derived_id(*parent.identity, child.type, index) for index in range(_SIBLINGS)}
