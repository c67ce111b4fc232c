"""What the rules match on: the fields that their patterns name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from contracts.manifests import Manifest
from contracts.patterns.leaves import Clause, Leaf, Pattern, clauses
from contracts.patterns.possible import is_possible
from contracts.patterns.schemas import at, event_schema
from contracts.readers.reading import Reading
from events.catalog import CATALOG, Payload
from runtime.manifest import Consumer, Service, Subscription

Catalog = Mapping[tuple[str, int], type[Payload]]

TYPE_FIELDS: Final = (("detail-type",), ("detail", "type"))


class Rule(NamedTuple):
    """One subscription on the company's own bus, and whose it is."""

    service: Service
    consumer: Consumer
    subscription: Subscription

    @property
    def name(self) -> str:
        """As in the cloud, without the stage before it."""
        return f"{self.consumer.name}-{self.subscription.name}"


def rules(services: Iterable[Service]) -> Iterator[Rule]:
    for service in services:
        for consumer in service.consumers:
            for subscription in consumer.subscriptions:
                if subscription.bus == "own":
                    yield Rule(service, consumer, subscription)


def picked(pattern: Pattern, types: Iterable[str]) -> frozenset[str]:
    """Those event types that the pattern picks by their type, whatever else it asks."""
    types = list(types)
    return frozenset().union(*(picked_by(clause, types) for clause in clauses(pattern)))


def picked_by(clause: Clause, types: Iterable[str]) -> frozenset[str]:
    asked = [leaf for leaf in clause if leaf.path in TYPE_FIELDS]
    return frozenset(type_ for type_ in types if all(_fits(leaf, type_) for leaf in asked))


def _fits(leaf: Leaf, type_: str) -> bool:
    return any(is_possible(alternative, at({"const": type_}, ())) for alternative in leaf.alternatives)


def matches(services: Sequence[Service], root: Path, catalog: Catalog = CATALOG) -> Iterator[Reading]:
    """A reading for each payload field that a rule's pattern names, in each type that the rule picks."""
    for rule in rules(services):
        manifest = Manifest(rule.service, root)
        types = picked(rule.subscription.pattern, [type_ for type_, _ in catalog])
        for leaf in dict.fromkeys(leaf for clause in clauses(rule.subscription.pattern) for leaf in clause):
            line = manifest.line_of_subscription(rule.subscription, leaf.path[-1])
            for (type_, version), model in catalog.items():
                for path in _payload_paths(leaf, model) if type_ in types else ():
                    yield Reading(
                        service=rule.service.name,
                        consumer=rule.consumer.name,
                        type=type_,
                        version=version,
                        path=path,
                        where=f"{manifest.file}:{line}",
                        how="matches",
                        rule=rule.name,
                    )


def _payload_paths(leaf: Leaf, model: type[Payload]) -> frozenset[str]:
    found = at(event_schema(model, None), leaf.path)
    return frozenset(schema.payload.removesuffix("[]") for schema in found if schema.payload)
