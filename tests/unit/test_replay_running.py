"""A replay from its rules to its end, interrupted at each of its steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.company import SERVICES
from contracts.deployed import CannotAsk
from infra.config import STAGES
from ops.replay.eventbridge import Archive, Replay, Rule
from ops.replay.plan import Choice, Plan, ReplayRule, plan
from ops.replay.running import Running, leftovers
from ops.replay.window import Window

NOW = datetime(2026, 5, 20, 14, 30, tzinfo=UTC)
DEV = STAGES["dev"]
LONG_AFTER = NOW + timedelta(hours=1)


def planned(**choice: Any) -> Plan:
    window = Window.of(NOW - timedelta(hours=2), NOW, now=NOW)
    return plan(Choice(window=window, **choice), stage=DEV, services=SERVICES, now=NOW, token="a1b2")


FILTERED = planned(customers=("cus_1",), consumers=("notification", "notification-contacts"))


class Died(BaseException):
    """The process is gone: nothing of it runs any more."""


class FakeBridge:
    """EventBridge in memory. `before` is called with each call's name, and may raise in its place."""

    def __init__(self, *states: str, before: Callable[[str], None] = lambda _: None) -> None:
        self.made: dict[str, Rule] = {}
        self.replays: dict[str, str] = {}
        self.chosen: Sequence[str] = ()
        self.calls: list[str] = []
        self._states = list(states) or ["STARTING", "RUNNING", "COMPLETED"]
        self._before = before

    def _called(self, name: str) -> None:
        self.calls.append(name)
        self._before(name)

    def archive(self) -> Archive:
        raise NotImplementedError

    def rules(self, prefix: str) -> Sequence[Rule]:
        self._called("rules")
        return [rule for name, rule in self.made.items() if name.startswith(prefix)]

    def add_rule(self, rule: ReplayRule, *, replay: str) -> str:
        self._called("add_rule")
        self.made[rule.name] = Rule(name=rule.name, arn=f"arn/{rule.name}", is_enabled=True, replay=replay)
        return f"arn/{rule.name}"

    def remove_rule(self, name: str) -> None:
        self._called("remove_rule")
        self.made.pop(name, None)

    def start(self, plan: Plan, rule_arns: Sequence[str]) -> None:
        self._called("start")
        self.replays[plan.name] = self._states[0]
        self.chosen = rule_arns

    def find(self, name: str) -> Replay | None:
        self._called("find")
        if name not in self.replays:
            return None
        found = Replay(name=name, state=self.replays[name])
        if len(self._states) > 1 and self.replays[name] == self._states[0]:
            self._states.pop(0)
            self.replays[name] = self._states[0]
        return found

    def cancel(self, name: str) -> None:
        self._called("cancel")
        self._states = ["CANCELLING", "CANCELLED"]
        self.replays[name] = "CANCELLING"

    def listed(self) -> Sequence[Replay]:
        raise NotImplementedError


class FakeClock:
    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return NOW

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def run(bridge: FakeBridge, replay: Plan = FILTERED, *, clock: FakeClock | None = None, settle: float = 30) -> Replay:
    running = Running(bridge, clock=clock or FakeClock(), settle=settle, progress=lambda _: None)
    return running.run(replay)


def at(call: str, error: BaseException, *, times: int = 1) -> Callable[[str], None]:
    """Raises at the `times`-th call of that name, once."""
    seen: list[str] = []

    def before(name: str) -> None:
        seen.append(name)
        if name == call and seen.count(call) == times:
            raise error

    return before


def test_a_replay_names_the_rules_that_were_made_for_it_and_they_are_gone_when_it_has_ended() -> None:
    bridge, clock = FakeBridge(), FakeClock()

    ended = run(bridge, clock=clock)

    assert ended.state == "COMPLETED"
    assert bridge.chosen == [f"arn/{rule.name}" for rule in FILTERED.rules]
    assert bridge.made == {}
    assert (clock.slept[0], clock.slept[-1]) == (30, 30)  # new rules are noticed, and what is on its way gets there


def test_a_replay_to_consumers_goes_by_the_rules_that_are_there_and_they_stay() -> None:
    bridge, clock = FakeBridge(), FakeClock()
    whole = planned(consumers=("billing",))
    rule = Rule(name="breakwater-dev-billing-payments", arn="arn/payments", is_enabled=True, replay="")
    bridge.made[rule.name] = rule

    ended = run(bridge, whole, clock=clock)

    assert ended.state == "COMPLETED"
    assert bridge.chosen == ["arn/payments"]
    assert bridge.made == {rule.name: rule}
    assert 30 not in clock.slept


def test_a_rule_that_is_not_there_is_told_of() -> None:
    with pytest.raises(CannotAsk, match="breakwater-dev-billing-payments is not there: deploy the service of billing"):
        run(FakeBridge(), planned(consumers=("billing",)))


def test_a_replay_that_fails_is_told_of_and_leaves_no_rule() -> None:
    bridge = FakeBridge("STARTING", "FAILED")

    assert run(bridge).state == "FAILED"
    assert bridge.made == {}


@pytest.mark.parametrize("call", ["add_rule", "start"])
def test_an_interrupt_before_the_replay_has_begun_leaves_nothing(call: str) -> None:
    bridge = FakeBridge(before=at(call, KeyboardInterrupt()))

    ended = run(bridge)

    assert (ended.state, ended.reason) == ("CANCELLED", "it had not begun")
    assert (bridge.made, bridge.replays) == ({}, {})


def test_an_interrupt_cancels_the_replay_and_waits_until_it_has_stopped() -> None:
    bridge = FakeBridge("RUNNING", before=at("find", KeyboardInterrupt(), times=3))

    ended = run(bridge)

    assert ended.state == "CANCELLED"
    assert bridge.made == {}


def test_the_rules_stay_when_it_cannot_be_known_whether_the_replay_has_ended() -> None:
    bridge = FakeBridge("RUNNING", before=at("find", CannotAsk("no network"), times=2))

    with pytest.raises(CannotAsk, match="no network"):
        run(bridge)

    assert len(bridge.made) == len(FILTERED.rules)
    assert leftovers(bridge, stage=DEV, now=LONG_AFTER) == []  # it runs on


def test_a_replay_that_cannot_be_started_leaves_no_rule() -> None:
    bridge = FakeBridge(before=at("start", CannotAsk("ten are running")))

    with pytest.raises(CannotAsk, match="ten are running"):
        run(bridge)

    assert bridge.made == {}


def _steps() -> int:
    bridge = FakeBridge()
    run(bridge)
    return len(bridge.calls)


@pytest.mark.parametrize("step", range(_steps()))
def test_nothing_is_left_after_cleaning_whichever_step_the_process_died_at(step: int) -> None:
    def die(_: str) -> None:
        if len(bridge.calls) > step:
            raise Died

    bridge = FakeBridge(before=die)
    with pytest.raises(Died):
        run(bridge)
    bridge._before = lambda _: None

    for _ in range(5):  # somebody cleans now and then, while the replay goes on without its operator
        for name in leftovers(bridge, stage=DEV, now=LONG_AFTER):
            assert bridge.replays.get(FILTERED.name) in (None, "COMPLETED")
            bridge.remove_rule(name)

    assert bridge.made == {}


def test_what_is_just_being_made_is_not_left_over_and_what_nobody_knows_is() -> None:
    bridge = FakeBridge()
    for rule in FILTERED.rules:
        bridge.add_rule(rule, replay=FILTERED.name)
    stranger = f"{DEV.replay_rules}by-hand"
    bridge.made[stranger] = Rule(name=stranger, arn="arn", is_enabled=True, replay="")

    assert leftovers(bridge, stage=DEV, now=NOW + timedelta(minutes=10)) == [stranger]
