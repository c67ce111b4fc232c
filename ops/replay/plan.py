"""What a replay will do, decided before anything is done: its name, its rules, and what is to be known of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from contracts.company import Route, routes
from events.binding import BATCH
from events.catalog import CATALOG
from infra.config import StageConfig
from ops.replay.window import Window
from ops.wrong_use import WrongUse
from runtime.consumer import WITH_EFFECTS
from runtime.manifest import Consumer, Service

#: EventBridge's own, of a replay.
_LONGEST_DESCRIPTION: Final = 512
#: Members of the data by which events can be chosen, and the option that does it.
_KEYS: Final = {"customer_id": "--customer", "invoice_id": "--invoice"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which events, for whom. What is empty leaves all of them in."""

    window: Window
    types: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    invoices: tuple[str, ...] = ()
    consumers: tuple[str, ...] = ()
    with_effects: bool = False

    @property
    def keys(self) -> Mapping[str, tuple[str, ...]]:
        """Member of the data -> the values that it may have."""
        return {k: v for k, v in zip(_KEYS, (self.customers, self.invoices), strict=True) if v}

    @property
    def is_narrow(self) -> bool:
        """Whether a consumer shall not get all that it is subscribed to."""
        return bool(self.types or self.sources or self.keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRule:
    """A rule that events of the replay go by to one consumer's queue. `name` is whole.

    It `is_temporary` when it is made for the replay, with `pattern`, and removed afterwards.
    """

    name: str
    consumer: str
    types: tuple[str, ...]
    is_temporary: bool
    pattern: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`name` is the replay's own; the runtime knows by it whether outside effects are wanted.

    `silent` are the consumers that would act on the outside world, and will not. `notes` are for people.
    """

    name: str
    choice: Choice
    rules: tuple[ReplayRule, ...]
    silent: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def consumers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(rule.consumer for rule in self.rules))

    @property
    def temporary(self) -> tuple[ReplayRule, ...]:
        return tuple(rule for rule in self.rules if rule.is_temporary)

    @property
    def description(self) -> str:
        """What EventBridge's list of replays shows of it."""
        chosen = {
            "to": self.consumers,
            "types": self.choice.types,
            "sources": self.choice.sources,
            **self.choice.keys,
        }
        return "; ".join(f"{k}: {', '.join(v)}" for k, v in chosen.items() if v)[:_LONGEST_DESCRIPTION]


def plan(choice: Choice, *, stage: StageConfig, services: Sequence[Service], now: datetime, token: str) -> Plan:
    """`token` tells replays apart that begin in the same second. Raises WrongUse."""
    taken = _taken(choice, tuple(routes(services)))
    stamp = f"{now:%Y%m%dt%H%M%S}-{token}"
    name = f"{stage.prefix}-{stamp}"
    named = f"{WITH_EFFECTS}-{name}" if choice.with_effects else name
    rules = tuple(_rules(taken, choice, stage=stage, stamp=stamp, replay=named))
    outside = [c.name for c in _consumers(taken) if c.dedup == "record"]
    return Plan(
        name=named,
        choice=choice,
        rules=rules,
        silent=() if choice.with_effects else tuple(outside),
        notes=tuple(_notes(choice, taken, outside, batched={type_ for s in services for type_ in s.batched})),
    )


def _taken(choice: Choice, ways: Sequence[Route]) -> tuple[Route, ...]:
    """Who gets what. Raises WrongUse when something that was asked for comes to nothing."""
    known = dict.fromkeys(route.consumer.name for route in ways)
    strangers = [name for name in choice.consumers if name not in known]
    if strangers:
        raise WrongUse(f"no consumer of the bus is called {', '.join(strangers)}: there are {', '.join(known)}")
    here = [route for route in ways if not choice.consumers or route.consumer.name in choice.consumers]
    untaken = [type_ for type_ in choice.types if type_ not in {route.type for route in here}]
    if untaken:
        takes = ", ".join(dict.fromkeys(route.type for route in here))
        raise WrongUse(f"nobody whom this would go to takes {', '.join(untaken)}; they take {takes}")
    taken = tuple(r for r in here if (not choice.types or r.type in choice.types) and _has_source(r, choice.sources))
    if not taken:
        raise WrongUse(f"no consumer takes events of the source {', '.join(choice.sources)} by name")
    return taken


def _has_source(route: Route, sources: Sequence[str]) -> bool:
    """Whether the rule lets one of the sources pass. A rule that asks for none lets all."""
    asked = route.subscription.pattern.get("source")
    return not sources or asked is None or not set(asked).isdisjoint(sources)


def _consumers(taken: Iterable[Route]) -> Iterator[Consumer]:
    yield from {route.consumer.name: route.consumer for route in taken}.values()


def _rules(
    taken: Sequence[Route], choice: Choice, *, stage: StageConfig, stamp: str, replay: str
) -> Iterator[ReplayRule]:
    """One for each subscription that is concerned: the one that is there, unless its consumer is to get less.

    In a group there is none for each: its one rule lets more pass.
    """
    subscriptions = {route.rule: route for route in taken}
    for number, (rule, route) in enumerate(subscriptions.items()):
        types = tuple(way.type for way in taken if way.rule == rule)
        own = choice.is_narrow or stage.grouped.group_of(route.service.name) is not None
        yield ReplayRule(
            name=f"{stage.replay_rules}{stamp}-{number}" if own else stage.resource_name(rule),
            consumer=route.consumer.name,
            types=types,
            is_temporary=own,
            pattern=_narrowed(route, types, choice, replay) if own else route.subscription.pattern,
        )


def _narrowed(route: Route, types: Sequence[str], choice: Choice, replay: str) -> Mapping[str, Any]:
    """What the subscription's own rule lets pass, of this replay alone, and of that what was chosen."""
    own = route.subscription.pattern
    narrowed = {**own, "replay-name": [replay], "detail-type": list(types)}
    if choice.sources:
        narrowed["source"] = [s for s in choice.sources if s in own.get("source", choice.sources)]
    if choice.keys:
        narrowed["detail"] = {**own.get("detail", {}), "$or": list(_places(choice))}
    return narrowed


def _places(choice: Choice) -> Iterator[Mapping[str, Any]]:
    """Where the keys are: in a CloudEvent's data, in that of one of several, or in the whole detail of a plain
    EventBridge event.

    The data of a large event is elsewhere: whose it is cannot be seen, so it comes along, where that harms nobody.
    """
    keys = {name: list(values) for name, values in choice.keys.items()}
    yield {"data": keys}
    yield {BATCH: {"data": keys}}
    yield keys
    if not choice.with_effects:
        yield {"dataref": [{"exists": True}]}


def _notes(
    choice: Choice, taken: Sequence[Route], outside: Sequence[str], *, batched: Collection[str]
) -> Iterator[str]:
    if outside and not choice.with_effects:
        yield f"{', '.join(outside)}: let replayed events pass and send nothing (--with-effects would)"
    if outside and choice.with_effects:
        yield f"{', '.join(outside)}: effects that never happened happen now; those that did do not happen again"
    for key in choice.keys:
        without = [t for t in dict.fromkeys(route.type for route in taken) if not _names(t, key)]
        if without:
            yield f"{', '.join(without)}: have no {key}, so {_KEYS[key]} leaves them out"
    if choice.keys:
        large = (
            "are left out" if choice.with_effects else "come along, whosever they are; it changes nothing for others"
        )
        yield f"large events, whose data is not on the bus, {large}"
    together = [t for t in dict.fromkeys(route.type for route in taken) if t in batched] if choice.keys else []
    if together:
        yield f"{', '.join(together)}: several share an entry, so others' come along; it changes nothing for them"


def _names(type_: str, key: str) -> bool:
    return any(key in model.model_fields for (name, _), model in CATALOG.items() if name == type_)


def as_json(pattern: Mapping[str, Any]) -> str:
    return json.dumps(pattern, separators=(",", ":"))
