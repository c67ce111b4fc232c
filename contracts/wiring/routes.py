"""Types that go nowhere, or come from nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from contracts.readers.rules import Rule, picked, rules
from contracts.wiring.picture import Picture, Problem
from runtime.manifest import Service

_TAKE_IT: Final = "subscribe to it, or set consumed_elsewhere = True on its model, or stop sending it"
_SEND_IT: Final = "add it to the emits of the service that makes it, or set produced_elsewhere = True on its model"
_USE_IT: Final = (
    "name it in a manifest, or set produced_elsewhere or consumed_elsewhere on its model, or remove the model"
)


def of_routes(picture: Picture) -> Iterator[Problem]:
    taken = _taken(picture)
    for type_ in sorted(picture.types):
        yield from _of_type(picture, type_, taken.get(type_, ()))
    for service in picture.services:
        for type_ in service.emits:
            if type_ not in picture.types:
                message = f"emits {type_}, which is not in the catalog"
                yield picture.in_emits(service, type_, message, "add its model to events/catalog.py, or take it out")


def _taken(picture: Picture) -> Mapping[str, Sequence[Rule]]:
    taken: dict[str, list[Rule]] = {}
    for rule in rules(picture.services):
        for type_ in picked(rule.subscription.pattern, picture.types):
            taken.setdefault(type_, []).append(rule)
    return taken


def _of_type(picture: Picture, type_: str, taken: Sequence[Rule]) -> Iterator[Problem]:
    emitters = picture.emitters(type_)
    is_sent = bool(emitters) or picture.is_produced_elsewhere(type_)
    is_taken = bool(taken) or picture.is_consumed_elsewhere(type_)
    if is_sent and not is_taken:
        yield from _unused(picture, type_, emitters)
    elif is_taken and not is_sent:
        yield from _unsent(picture, type_, taken)
    elif not is_sent:
        yield picture.in_catalog(type_, f"nobody sends {type_}, and nobody takes it", _USE_IT)


def _unused(picture: Picture, type_: str, emitters: Sequence[Service]) -> Iterator[Problem]:
    for service in emitters:
        yield picture.in_emits(service, type_, f"emits {type_}, which nobody takes", _TAKE_IT)
    if not emitters:
        yield picture.in_catalog(type_, f"{type_} comes from elsewhere, and nobody takes it", _TAKE_IT)


def _unsent(picture: Picture, type_: str, taken: Sequence[Rule]) -> Iterator[Problem]:
    for rule in taken:
        yield picture.in_rule(rule, type_, f"waits for {type_}, which nobody sends", _SEND_IT)
    if not taken:
        yield picture.in_catalog(type_, f"{type_} is for others, and nobody sends it", _SEND_IT)
