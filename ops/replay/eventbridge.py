"""EventBridge's archive, replays and rules, as replaying uses them. Its errors are translated here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from contracts.deployed import CannotAsk
from ops.replay.plan import Plan, ReplayRule, as_json
from ops.target import Target

#: What an operator who replays is granted.
ACTIONS: Final = (
    "events:DescribeArchive, StartReplay, DescribeReplay, ListReplays, CancelReplay, "
    "ListRules, PutRule, PutTargets, RemoveTargets, DeleteRule"
)
#: States that a replay never leaves.
ENDED: Final = frozenset({"COMPLETED", "CANCELLED", "FAILED"})
_TARGET: Final = "queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """`days` is for how long it keeps events, 0 for ever. `events` and `bytes` are counts that lag behind."""

    arn: str
    bus_arn: str
    days: int
    events: int
    bytes: int
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule on the bus. `replay` is the replay that it was made for, by its description."""

    name: str
    arn: str
    is_enabled: bool
    replay: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """`state` is EventBridge's. `reached` is the time of the last event that was replayed."""

    name: str
    state: str
    start: datetime | None = None
    end: datetime | None = None
    reached: datetime | None = None
    began: datetime | None = None
    reason: str = ""
    description: str = ""

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED


class Replays(Protocol):
    """Each call raises CannotAsk."""

    def archive(self) -> Archive: ...

    def rules(self, prefix: str) -> Sequence[Rule]:
        """Of the bus, by the beginning of their names."""

    def add_rule(self, rule: ReplayRule, *, replay: str) -> str:
        """Its ARN."""

    def remove_rule(self, name: str) -> None:
        """One that is not there is removed already."""

    def start(self, plan: Plan, rule_arns: Sequence[str]) -> None: ...

    def find(self, name: str) -> Replay | None: ...

    def cancel(self, name: str) -> None:
        """One that has ended stays as it is."""

    def listed(self) -> Sequence[Replay]:
        """Of the archive, newest first. EventBridge forgets them after 90 days."""


class EventBridge:
    """The replays of one stage."""

    def __init__(self, target: Target) -> None:
        self._target = target

    @property
    def _events(self) -> Any:
        return self._target.client("events")

    def archive(self) -> Archive:
        name = self._target.bus_name
        with _asking():
            try:
                found = self._events.describe_archive(ArchiveName=name)
            except self._events.exceptions.ResourceNotFoundException:
                raise CannotAsk(_no_archive(self._target)) from None
        return Archive(
            arn=found.get("ArchiveArn") or _archive_arn(found["EventSourceArn"], name),
            bus_arn=found["EventSourceArn"],
            days=found.get("RetentionDays") or 0,
            events=found.get("EventCount") or 0,
            bytes=found.get("SizeBytes") or 0,
            created=found["CreationTime"].astimezone(UTC),
        )

    def rules(self, prefix: str) -> Sequence[Rule]:
        with _asking():
            pages = self._events.get_paginator("list_rules").paginate(
                EventBusName=self._target.bus_name, NamePrefix=prefix
            )
            return [_rule(found) for page in pages for found in page["Rules"]]

    def add_rule(self, rule: ReplayRule, *, replay: str) -> str:
        bus = self._target.bus_name
        with _asking():
            arn = str(
                self._events.put_rule(
                    Name=rule.name, EventBusName=bus, EventPattern=as_json(rule.pattern), Description=replay
                )["RuleArn"]
            )
            answer = self._events.put_targets(Rule=rule.name, EventBusName=bus, Targets=[self._queue(rule, arn)])
        if answer.get("FailedEntryCount"):
            raise CannotAsk(f"the rule {rule.name} got no target: {answer['FailedEntries']}")
        return arn

    def _queue(self, rule: ReplayRule, rule_arn: str) -> Mapping[str, Any]:
        """The consumer's, with its DLQ, as its own rules have it."""
        _, partition, _, region, account, _ = rule_arn.split(":", 5)
        queue = f"arn:{partition}:sqs:{region}:{account}:{self._target.stage.deployed_name(rule.consumer)}"
        return {"Id": _TARGET, "Arn": queue, "DeadLetterConfig": {"Arn": f"{queue}-dlq"}}

    def remove_rule(self, name: str) -> None:
        bus = self._target.bus_name
        with _asking():
            try:
                self._events.remove_targets(Rule=name, EventBusName=bus, Ids=[_TARGET])
                self._events.delete_rule(Name=name, EventBusName=bus)
            except self._events.exceptions.ResourceNotFoundException:
                return

    def start(self, plan: Plan, rule_arns: Sequence[str]) -> None:
        archive, window = self.archive(), plan.choice.window
        with _asking():
            self._events.start_replay(
                ReplayName=plan.name,
                Description=plan.description,
                EventSourceArn=archive.arn,
                EventStartTime=window.start,
                EventEndTime=window.end,
                Destination={"Arn": archive.bus_arn, "FilterArns": list(rule_arns)},
            )

    def find(self, name: str) -> Replay | None:
        with _asking():
            try:
                return _replay(self._events.describe_replay(ReplayName=name))
            except self._events.exceptions.ResourceNotFoundException:
                return None

    def cancel(self, name: str) -> None:
        with _asking():
            try:
                self._events.cancel_replay(ReplayName=name)
            except ClientError as error:
                found = self.find(name)
                if found is None or not found.has_ended:
                    raise CannotAsk(f"the replay {name} could not be cancelled: {error}") from error

    def listed(self) -> Sequence[Replay]:
        archive = self.archive()
        with _asking():
            names = [found["ReplayName"] for found in self._list(archive)]
        found = [replay for name in names if (replay := self.find(name))]
        return sorted(found, key=lambda replay: replay.began or archive.created, reverse=True)

    def _list(self, archive: Archive) -> Iterator[Mapping[str, Any]]:
        """No paginator of boto3's knows ListReplays."""
        token: dict[str, str] = {}
        while True:
            page = self._events.list_replays(EventSourceArn=archive.arn, **token)
            yield from page["Replays"]
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}


def _rule(found: Mapping[str, Any]) -> Rule:
    return Rule(
        name=found["Name"],
        arn=found["Arn"],
        is_enabled=found.get("State") == "ENABLED",
        replay=found.get("Description") or "",
    )


def _replay(found: Mapping[str, Any]) -> Replay:
    return Replay(
        name=found["ReplayName"],
        state=found["State"],
        start=_utc(found.get("EventStartTime")),
        end=_utc(found.get("EventEndTime")),
        reached=_utc(found.get("EventLastReplayedTime")),
        began=_utc(found.get("ReplayStartTime")),
        reason=found.get("StateReason") or "",
        description=found.get("Description") or "",
    )


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


def _archive_arn(bus_arn: str, name: str) -> str:
    return f"{bus_arn.partition(':event-bus/')[0]}:archive/{name}"


def _no_archive(target: Target) -> str:
    stage = target.stage
    why = "its template leaves it out" if stage.archive_days is None else "its stack Bus is not deployed"
    return (
        f"stage {stage.name} has no archive {target.bus_name} here: {why}. "
        "On an endpoint that knows archives: aws events create-archive --archive-name "
        f"{target.bus_name} --event-source-arn (the bus's ARN); it remembers from then on"
    )


@contextmanager
def _asking() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise CannotAsk(f"EventBridge cannot be asked: {error} (a replay needs {ACTIONS})") from error
