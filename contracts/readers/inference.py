"""From code to facts: who reads what, and who makes what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from contracts.readers import templates
from contracts.readers.binding import BUSINESS, follow
from contracts.readers.flow import Flow
from contracts.readers.models import Models
from contracts.readers.program import Program, program
from contracts.readers.reading import Built, Facts, Place, Reading, Use
from contracts.readers.rules import picked
from contracts.readers.uses import Uses
from runtime.manifest import Consumer, Service


def facts(services: Sequence[Service], root: Path) -> Facts:
    """What the code below `root` says. Raises UnreadableSource."""
    code = program(root)
    found = _uses(code)
    uses = [*found.found, *_template_uses(code, services, found.given)]
    built = {
        Built(service=module.split(".")[1], type=type_, where=where, named=named)
        for module, type_, where, named in found.built
    }
    readings = {reading for service in services for reading in _of_service(service, uses, built, code)}
    return Facts(readings=tuple(sorted(readings)), built=tuple(sorted(built)))


def _uses(code: Program) -> Uses:
    flow = Flow(code, Models(code))
    business = [file for name, file in code.files.items() if name.startswith(BUSINESS)]
    visitor = Uses(flow, follow(flow, business))
    for file in code.files.values():
        visitor.visit(file)
    return visitor


def _template_uses(
    code: Program, services: Iterable[Service], given: Iterable[tuple[str, str, frozenset[Place]]]
) -> Iterator[Use]:
    given = list(given)
    for service in services:
        own = [g for g in given if g[0].startswith(f"{BUSINESS}{service.name}.")]
        for type_, folder in templates.folders(code.root / "functions" / service.name):
            for symbol, name, places in own:
                names = {name: frozenset(place for place in places if place.type == type_)}
                for path, line, place, how in templates.uses(folder, names):
                    yield Use(symbol, f"{path.relative_to(code.root).as_posix()}:{line}", place, how)


def _of_service(service: Service, uses: Sequence[Use], built: Iterable[Built], code: Program) -> Iterator[Reading]:
    on_the_way = forwarded(service, built)
    for consumer in service.consumers:
        if types := subscribed(consumer, {use.place.type for use in uses}):
            reached = code.reached_from(consumer.function.handler)
            for use in uses:
                if use.symbol in reached and use.place.type in types | on_the_way:
                    yield _reading(service, consumer, use)


def forwarded(service: Service, built: Iterable[Built]) -> frozenset[str]:
    """What a service puts on the bus without making it, though its code speaks of it: it came in another way."""
    own = [b for b in built if b.service == service.name and b.type in service.emits]
    return frozenset(b.type for b in own) - {b.type for b in own if not b.named}


def _reading(service: Service, consumer: Consumer, use: Use) -> Reading:
    return Reading(service=service.name, consumer=consumer.name, where=use.where, how=use.how, **use.place._asdict())


def subscribed(consumer: Consumer, types: Iterable[str]) -> frozenset[str]:
    """The event types that a consumer's rules on the company's own bus pick."""
    own = [subscription.pattern for subscription in consumer.subscriptions if subscription.bus == "own"]
    return frozenset(type_ for pattern in own for type_ in picked(pattern, types))
