"""Types whose events share entries: those are the company's own business, and no rule may look into them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from contracts.patterns.leaves import clauses
from contracts.readers.rules import Rule, picked_by, rules
from contracts.wiring.picture import Picture, Problem, some
from runtime.manifest import Service


def of_batched(picture: Picture) -> Iterator[Problem]:
    for service in picture.services:
        yield from chain.from_iterable(_of_type(picture, service, type_) for type_ in service.batched)
    for rule in rules(picture.services):
        yield from _of_rule(picture, rule)


def _of_type(picture: Picture, service: Service, type_: str) -> Iterator[Problem]:
    if type_ not in service.emits:
        yield picture.in_emits(service, type_, f"batches {type_}, which it does not emit", "add it to emits")
    if type_ in picture.types and picture.is_consumed_elsewhere(type_):
        message = f"batches {type_}, and systems that are not ours take one event for each entry"
        yield picture.in_emits(service, type_, message, "take it out of batched")


def _of_rule(picture: Picture, rule: Rule) -> Iterator[Problem]:
    batched = {type_ for service in picture.services for type_ in service.batched}
    for clause in clauses(rule.subscription.pattern):
        together = batched & picked_by(clause, picture.types)
        for leaf in clause:
            if together and leaf.path[0] == "detail":
                message = f"asks about {leaf.name}, and events of {some(together)} share entries: it would see none"
                advice = "ask by source and detail-type, or take it out of its service's batched"
                yield picture.in_rule(rule, leaf.path[-1], message, advice)
