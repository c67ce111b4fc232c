"""Rules that can never match: what they ask for, no schema of their types can produce."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from contracts.patterns.leaves import Clause, Leaf, clauses
from contracts.patterns.possible import UnknownFilter, is_possible, possible
from contracts.patterns.schemas import Found, at, event_schema
from contracts.readers.rules import TYPE_FIELDS, Rule, picked_by, rules
from contracts.wiring.picture import Picture, Problem, some

_SOURCE_FIELDS: Final = (("source",), ("detail", "source"))
_ABSENT: Final = {"exists": False}


def of_rules(picture: Picture) -> Iterator[Problem]:
    for rule in rules(picture.services):
        for clause in clauses(rule.subscription.pattern):
            yield from _of_clause(picture, rule, clause)


def _of_clause(picture: Picture, rule: Rule, clause: Clause) -> Iterator[Problem]:
    types = sorted(picked_by(clause, picture.types))
    events = [event_schema(model, picture.sources_of(t)) for t in types for model in picture.models(t)]
    for leaf in clause:
        if leaf.path in TYPE_FIELDS:
            yield from _unknown_types(picture, rule, leaf)
        elif types:
            asked = _Asked(picture, rule, leaf, types, events)
            yield from asked.problems()


def _unknown_types(picture: Picture, rule: Rule, leaf: Leaf) -> Iterator[Problem]:
    for wanted in leaf.alternatives:
        if not any(is_possible(wanted, at({"const": type_}, ())) for type_ in picture.types):
            message = f"asks for {_shown(wanted)} as {leaf.name}, and the catalog has no such event type"
            advice = f"add it to events/catalog.py, or name one that is there: {some(picture.types)}"
            yield picture.in_rule(rule, wanted, message, advice)


@dataclass(frozen=True)
class _Asked:
    """One field that a rule asks about, in events of the types that the rule picks."""

    picture: Picture
    rule: Rule
    leaf: Leaf
    types: Sequence[str]
    events: Sequence[Any]

    def problems(self) -> Iterator[Problem]:
        found = list(chain.from_iterable(at(event, self.leaf.path) for event in self.events))
        if found:
            yield from (problem for wanted in self.leaf.alternatives if (problem := self._of_value(wanted, found)))
        elif _ABSENT not in self.leaf.alternatives:
            message = f"asks about {self.leaf.name}, a field that {self._of_types} cannot have"
            advice = f"name a field that is there ({some(self._siblings())}), or add it to the model"
            yield self._problem(self.leaf.path[-1], message, advice)

    def _of_value(self, wanted: object, found: Sequence[Found]) -> Problem | None:
        what = f"asks for {_shown(wanted)} as {self.leaf.name}"
        text = self.leaf.path[-1] if isinstance(wanted, Mapping) or wanted is None else wanted
        try:
            if any(possible(wanted, schema) for schema in found):
                return None
        except UnknownFilter as error:
            return self._problem(text, f"{what}: {error}", "use one that it has, such as prefix or numeric")
        if self.leaf.path in _SOURCE_FIELDS:
            known = {source for schema in found for source in schema.schema.get("enum", ())}
            return self._problem(text, f"{what}, and no emitter of {self._of_types} is that", f"name {some(known)}")
        return self._problem(text, f"{what}, which {self._of_types} cannot have", f"it is {_described(found)}")

    def _problem(self, text: object, message: str, advice: str) -> Problem:
        return self.picture.in_rule(self.rule, text, message, advice)

    @property
    def _of_types(self) -> str:
        return some(self.types, 3)

    def _siblings(self) -> set[str]:
        above = chain.from_iterable(at(event, self.leaf.path[:-1]) for event in self.events)
        return {
            name for found in above if isinstance(found.schema, Mapping) for name in found.schema.get("properties", {})
        }


def _shown(value: object) -> str:
    """As a pattern has it, but in words."""
    if isinstance(value, Mapping):
        return " ".join(f"{name} {_shown(operand)}" for name, operand in value.items())
    if isinstance(value, list | tuple):
        return " ".join(map(_shown, value))
    return (
        {True: "true", False: "false", None: "null"}[value]
        if value is None or value is True or value is False
        else repr(value)
    )


def _described(found: Iterable[Found]) -> str:
    """The schemas in a line, without their prose."""
    shown = [
        ", ".join(
            f"{name} {value}" for name, value in f.schema.items() if name not in ("description", "default", "title")
        )
        for f in found
        if isinstance(f.schema, Mapping)
    ]
    return " or ".join(dict.fromkeys(shown)) or "something else"
