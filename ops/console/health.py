"""How the stage is, in one sentence: what an operator wants to know before anything else. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ops.console.depths import Depths
from ops.console.flow import Rates
from ops.console.wording import count

#: `quiet`: nothing moves and nothing waits. `warn` deserves a look, `bad` asks for somebody now.
Level = Literal["ok", "quiet", "warn", "bad"]
#: Messages in a queue from which on it is said that a consumer falls behind.
_BACKLOG: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`sentence` says how it is; `details` what to look at, most urgent first."""

    level: Level
    sentence: str
    details: tuple[str, ...] = ()


def health(depths: Depths, rates: Rates, services: Mapping[str, str]) -> Health:
    """`services`: function -> its service."""
    behind = [name for name, depth in depths.queues.items() if depth.waiting >= _BACKLOG]
    details = (*_missing(depths), *_behind(depths, behind), *_dead(depths, services), *_trouble(rates))
    if depths.missing:
        return Health(level="bad", sentence="Not all of it is deployed.", details=details)
    if behind:
        return Health(level="bad", sentence=f"{_listed(behind)} {_falls(behind)} behind.", details=details)
    if depths.letters or rates.trouble:
        return Health(level="warn", sentence=_moving(rates), details=details)
    return Health(level="ok" if rates.total else "quiet", sentence=_moving(rates), details=details)


def unknown(reason: str) -> Health:
    """For a stage that cannot be asked."""
    return Health(level="bad", sentence="The stage does not answer.", details=(reason,))


def _moving(rates: Rates) -> str:
    if not rates.total:
        return "All quiet."
    return f"All moves: {count(rates.total, 'event')} handled in the last minute."


def _missing(depths: Depths) -> Iterator[str]:
    if depths.missing:
        yield f"There is no queue {_listed(depths.missing)}: deploy its service."


def _behind(depths: Depths, behind: Sequence[str]) -> Iterator[str]:
    for name in behind:
        yield f"{count(depths.queues[name].waiting, 'message waits', 'messages wait')} for {name}."


def _dead(depths: Depths, services: Mapping[str, str]) -> Iterator[str]:
    by_service: dict[str, int] = {}
    for owner, depth in depths.dead.items():
        service = services.get(owner, owner)  # a group is told by its own name
        by_service[service] = by_service.get(service, 0) + depth.all
    for service, letters in by_service.items():
        if letters:
            yield f"{count(letters, 'dead letter waits', 'dead letters wait')} in {service}."


def _trouble(rates: Rates) -> Iterator[str]:
    retries = rates.trouble.get("retry", 0)
    deferred = rates.trouble.get("deferred", 0)
    if retries:
        yield f"{count(retries, 'try', 'tries')} failed in the last five minutes, to be repeated."
    if deferred:
        yield f"{count(deferred, 'message')} put off in the last five minutes: a dependency is slow or down."


def _falls(names: Sequence[str]) -> str:
    return "falls" if len(names) == 1 else "fall"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
