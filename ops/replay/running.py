"""A replay from its rules to its end, and what is left to clear away when somebody was interrupted.

At every moment of it the process may die. What is left then is rules that only this replay's events can match, and
`clean` finds them by their name. A rule goes when its replay has ended, or never began.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from contracts.deployed import CannotAsk
from infra.config import StageConfig
from ops.replay.eventbridge import Replay, Replays
from ops.replay.plan import Plan, ReplayRule
from runtime.clock import Clock

#: A rule for a replay that is not there yet, and is about to begin.
_BEGINNING: Final = timedelta(minutes=15)
_POLL_SECONDS: Final = 2.0

#: Called with the replay's newest state, each time that it is asked for.
Progress = Callable[[Replay], None]


class Running:
    """`settle` is how many seconds EventBridge is given to notice a new rule, and to deliver what is on its way."""

    def __init__(self, bridge: Replays, *, clock: Clock, settle: float, progress: Progress) -> None:
        self._bridge = bridge
        self._clock = clock
        self._settle = settle
        self._progress = progress

    def run(self, plan: Plan) -> Replay:
        """The replay as it ended. An interrupt (Ctrl-C) cancels it. Raises CannotAsk.

        However it ends, the rules that were made for it are gone, unless it cannot be known that it has ended.
        """
        try:
            arns = [self._ready(rule, plan) for rule in plan.rules]
            self._wait(plan)
            self._bridge.start(plan, arns)
            ended = self._watch(plan.name)
            self._wait(plan)
        except KeyboardInterrupt:
            ended = self._cancelled(plan.name)
        finally:
            self._clear(plan)
        return ended

    def _ready(self, rule: ReplayRule, plan: Plan) -> str:
        if rule.is_temporary:
            return self._bridge.add_rule(rule, replay=plan.name)
        found = next((r for r in self._bridge.rules(rule.name) if r.name == rule.name), None)
        if found is None or not found.is_enabled:
            state = "is not there" if found is None else "is disabled"
            raise CannotAsk(f"the rule {rule.name} {state}: deploy the service of {rule.consumer} first")
        return found.arn

    def _wait(self, plan: Plan) -> None:
        if plan.temporary and self._settle:
            self._clock.sleep(self._settle)

    def _watch(self, name: str) -> Replay:
        while True:
            found = self._bridge.find(name)
            if found is None:
                raise CannotAsk(f"the replay {name} has gone")
            self._progress(found)
            if found.has_ended:
                return found
            self._clock.sleep(_POLL_SECONDS)

    def _cancelled(self, name: str) -> Replay:
        if self._bridge.find(name) is None:
            return Replay(name=name, state="CANCELLED", reason="it had not begun")
        self._bridge.cancel(name)
        return self._watch(name)

    def _clear(self, plan: Plan) -> None:
        if not plan.temporary:
            return
        found = self._bridge.find(plan.name)
        if found is None or found.has_ended:
            for rule in plan.temporary:
                self._bridge.remove_rule(rule.name)


def leftovers(bridge: Replays, *, stage: StageConfig, now: datetime) -> Sequence[str]:
    """Names of rules that were made for a replay which has ended, or never began. Raises CannotAsk."""
    return [
        rule.name
        for rule in bridge.rules(stage.replay_rules)
        if _is_over(bridge.find(rule.replay) if rule.replay else None, rule.name, stage=stage, now=now)
    ]


def _is_over(replay: Replay | None, rule: str, *, stage: StageConfig, now: datetime) -> bool:
    if replay is not None:
        return replay.has_ended
    made = _made_at(rule.removeprefix(stage.replay_rules))
    return made is None or now - made > _BEGINNING


def _made_at(stamp: str) -> datetime | None:
    try:
        return datetime.strptime(stamp.partition("-")[0], "%Y%m%dt%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
