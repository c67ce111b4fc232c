"""The rules of a version's life: what is retired is neither sent nor named any more, and what is read can be read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Final

from events.payload import Payload
from events.upcasting import DOWNCASTS, UPCASTS
from events.versions import Active, Deprecated, Retired

Version = tuple[str, int]
#: Whose code sends, or names, a version: `{("customer.contact.updated", 1): ["functions.ingestion.domain"]}`.
Users = Mapping[Version, Collection[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleProblem:
    """One broken rule. `rule` names it, in capitals; `message` says what to do."""

    type: str
    version: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.type} v{self.version}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    catalog: Mapping[Version, type[Payload]]
    today: date
    longest_way: float
    emitters: Users
    readers: Users
    upcasts: Collection[Version]
    downcasts: Collection[Version]

    def newest(self, type_: str) -> int:
        return max(version for known, version in self.catalog if known == type_)

    def is_old_and_read(self, model: type[Payload]) -> bool:
        return model.version < self.newest(model.type) and not isinstance(model.lifecycle, Retired)

    def step_without(self, casts: Collection[Version], model: type[Payload]) -> str | None:
        """The first step from the model's version to the newest that has no function."""
        steps = range(model.version, self.newest(model.type))
        return next((f"v{step} and v{step + 1}" for step in steps if (model.type, step) not in casts), None)


def problems(
    catalog: Mapping[Version, type[Payload]],
    *,
    today: date,
    longest_way: float,
    emitters: Users,
    readers: Users,
    upcasts: Collection[Version] = UPCASTS,
    downcasts: Collection[Version] = DOWNCASTS,
) -> list[LifecycleProblem]:
    """Every broken rule of every version, in the catalog's order of versions.

    `longest_way` is for how many days an event can come back: from the archive, put off, through a queue and its DLQ,
    in the stage that keeps them longest. `emitters` and `readers` are whose code sends or names which version.
    """
    facts = _Facts(
        catalog=catalog,
        today=today,
        longest_way=longest_way,
        emitters=emitters,
        readers=readers,
        upcasts=upcasts,
        downcasts=downcasts,
    )
    return [
        LifecycleProblem(type=type_, version=version, rule=rule, message=message)
        for (type_, version), model in sorted(catalog.items(), key=lambda item: item[0])
        for rule, broken in RULES.items()
        for message in broken(model, facts)
    ]


def _emitted(model: type[Payload], facts: _Facts) -> Iterator[str]:
    users = facts.emitters.get((model.type, model.version), ())
    if isinstance(model.lifecycle, Retired) and users:
        yield f"is retired, and {_listed(users)} still sends it: send v{facts.newest(model.type)}"


def _named(model: type[Payload], facts: _Facts) -> Iterator[str]:
    users = facts.readers.get((model.type, model.version), ())
    if isinstance(model.lifecycle, Retired) and users:
        yield f"is retired, and {_listed(users)} still names it: read v{facts.newest(model.type)}"


def _retired_early(model: type[Payload], facts: _Facts) -> Iterator[str]:
    life = model.lifecycle
    if not isinstance(life, Retired):
        return
    if life.sunset is None:
        yield "is retired without its sunset: keep the day that was promised while it was deprecated"
    elif life.on < life.sunset:
        yield f"is retired on {life.on}, before its sunset: it is promised until {life.sunset}"
    if life.on > facts.today:
        yield f"is refused as soon as this is deployed: say that it is retired when {life.on} has come"


def _sunset_soon(model: type[Payload], facts: _Facts) -> Iterator[str]:
    life = model.lifecycle
    if isinstance(life, Deprecated) and life.sunset - life.since < timedelta(days=facts.longest_way):
        yield (
            f"has its sunset {(life.sunset - life.since).days} days after it was deprecated, and events can come back "
            f"for {facts.longest_way:g}: let it be {life.since + timedelta(days=ceil(facts.longest_way))} or later"
        )


def _newest_passive(model: type[Payload], facts: _Facts) -> Iterator[str]:
    if model.version == facts.newest(model.type) and not isinstance(model.lifecycle, Active):
        yield f"is {type(model.lifecycle).__name__.lower()}, and the newest there is: add its successor first"


def _upcaster_missing(model: type[Payload], facts: _Facts) -> Iterator[str]:
    if facts.is_old_and_read(model) and (step := facts.step_without(facts.upcasts, model)):
        yield f"cannot be read as v{facts.newest(model.type)}: UPCASTS has nothing between {step}"


def _downcaster_missing(model: type[Payload], facts: _Facts) -> Iterator[str]:
    users = facts.emitters.get((model.type, facts.newest(model.type)), ())
    if users and facts.is_old_and_read(model) and (step := facts.step_without(facts.downcasts, model)):
        yield f"is owed by {_listed(users)} to readers that know nothing newer: DOWNCASTS has nothing between {step}"


def _listed(users: Collection[str]) -> str:
    return ", ".join(sorted(users))


#: In all of them `broken(model, facts)` says what is wrong with one version, if anything is.
RULES: Final[Mapping[str, Callable[[type[Payload], _Facts], Iterator[str]]]] = {
    "RETIRED_VERSION_EMITTED": _emitted,
    "RETIRED_VERSION_READ": _named,
    "RETIRED_TOO_EARLY": _retired_early,
    "SUNSET_TOO_SOON": _sunset_soon,
    "NEWEST_VERSION_NOT_ACTIVE": _newest_passive,
    "UPCASTER_MISSING": _upcaster_missing,
    "DOWNCASTER_MISSING": _downcaster_missing,
}
