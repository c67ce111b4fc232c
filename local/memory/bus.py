"""An EventBridge bus on virtual time: validation, rules, targets, archive and replay."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from random import Random
from typing import Any, Final, cast

from events.binding import Entry, entry_size
from local.memory.clock import VirtualClock
from local.memory.latency import Span
from local.memory.patterns import Matcher, compile  # noqa: A004 - read as patterns.compile
from local.memory.queue import ACCOUNT, REGION, MemoryQueue, QueueRefused
from runtime.errors import DependencyUnavailable
from runtime.publisher import MAX_BYTES, MAX_DETAIL_TYPE, MAX_ENTRIES, EntryResult

_MAX_SOURCE: Final = 256
_WHOLE: Final = frozenset(("EventBusName", "Source", "DetailType", "Detail", "Time"))

#: Called with (where, what, event id) when an event gets somewhere.
Trace = Callable[[str, str, str], None]


class BusRefused(Exception):
    """EventBridge would answer the whole call with the error `code`."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(f"{code}: {message}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Events that match go to `target`; those that it refuses, to `dead_letter_queue`."""

    name: str
    pattern: Mapping[str, Any]
    matcher: Matcher
    target: MemoryQueue
    dead_letter_queue: MemoryQueue | None

    @property
    def arn(self) -> str:
        return f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{self.name}"


class MemoryBus:
    """One bus, and the twin of runtime.publisher.EventBridgeBus.

    `max_bytes` is the limit of one call, exclusive, as AWS counts it.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: VirtualClock,
        random: Random,
        latency: Span | None = None,
        max_bytes: int = MAX_BYTES,
        archive: bool = False,
        trace: Trace | None = None,
    ) -> None:
        self.name = name
        self.rules: list[Rule] = []
        self.archive: list[dict[str, Any]] | None = [] if archive else None
        self._clock = clock
        self._random = random
        self._latency = latency or Span(0, 0)
        self._max_bytes = max_bytes
        self._trace = trace
        self._by_type: dict[str, list[Rule]] = {}
        self._open_rules: list[Rule] = []

    def add_rule(
        self,
        name: str,
        pattern: Mapping[str, Any],
        target: MemoryQueue,
        *,
        dead_letter_queue: MemoryQueue | None = None,
    ) -> None:
        """Raises InvalidPattern as PutRule would."""
        rule = Rule(
            name=name, pattern=pattern, matcher=compile(pattern), target=target, dead_letter_queue=dead_letter_queue
        )
        self._take_up(rule)

    def _take_up(self, rule: Rule) -> None:
        self.rules.append(rule)
        types = rule.matcher.detail_types
        if types is None:
            self._open_rules.append(rule)
        for detail_type in types or ():
            self._by_type.setdefault(detail_type, []).append(rule)

    def remove_rule(self, name: str) -> None:
        """What matched it is delivered still."""
        kept = [rule for rule in self.rules if rule.name != name]
        self.rules, self._by_type, self._open_rules = [], {}, []
        for rule in kept:
            self._take_up(rule)

    def put(self, entries: Sequence[Entry]) -> Sequence[EntryResult]:
        """As runtime.publisher.EventBus; like the real one, it has only TransientError for a call refused whole."""
        try:
            answer = self.put_events(entries)
        except BusRefused as error:
            raise DependencyUnavailable(f"EventBridge: {error}") from error
        return [EntryResult(e.get("ErrorCode"), e.get("ErrorMessage", "")) for e in answer["Entries"]]

    def put_events(self, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """PutEvents' answer, failures of single entries included. Raises BusRefused for a refused call.

        An entry for another bus is answered with an event id, and is lost: that is what AWS does.
        """
        if not 1 <= len(entries) <= MAX_ENTRIES:
            raise BusRefused("ValidationException", f"a call takes 1 to {MAX_ENTRIES} entries, not {len(entries)}")
        if sum(map(_size, entries)) >= self._max_bytes:
            raise BusRefused("ValidationException", "total size of the entries in the request is over the limit")
        answers = [self._accept(entry) for entry in entries]
        return {"FailedEntryCount": sum("ErrorCode" in answer for answer in answers), "Entries": answers}

    def tell(self, source: str, detail_type: str, detail: Mapping[str, Any]) -> None:
        """What an AWS service itself puts on the account's default bus: nobody else may use its source."""
        entry = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail, ensure_ascii=False)}
        self._take(_event_id(self._random), entry, detail)

    def replay(
        self, since: datetime, until: datetime, *, name: str = "replay", rules: Container[str] | None = None
    ) -> int:
        """Send archived events with `since` <= time < `until` again, marked with `replay-name`.

        To all rules, or to those that have the names in `rules`.
        """
        chosen = [e for e in self.archive or () if since <= datetime.fromisoformat(e["time"]) < until]
        for envelope in chosen:
            replayed = {**envelope, "replay-name": name}
            self._route(replayed, json.dumps(replayed, separators=(",", ":"), ensure_ascii=False), rules)
        return len(chosen)

    def _accept(self, entry: Mapping[str, Any]) -> dict[str, str]:
        detail = _parsed(entry.get("Detail"))
        refusal = _refusal(entry, detail)
        if refusal is not None:
            return {"ErrorCode": refusal[0], "ErrorMessage": refusal[1]}
        event_id = _event_id(self._random)
        if entry.get("EventBusName", self.name) == self.name:
            self._take(event_id, entry, detail)
        return {"EventId": event_id}

    def _take(self, event_id: str, entry: Mapping[str, Any], detail: Any) -> None:
        envelope = {
            "version": "0",
            "id": event_id,
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "account": ACCOUNT,
            "time": _to_seconds(entry.get("Time") or self._clock.now()),
            "region": REGION,
            "resources": list(entry.get("Resources", ())),
            "detail": detail,
        }
        if self.archive is not None:
            self.archive.append(envelope)
        self._route(envelope, _body(envelope, entry["Detail"]))

    def _route(self, envelope: Mapping[str, Any], body: str, rules: Container[str] | None = None) -> None:
        if self._trace is not None:
            self._trace(f"bus {self.name}", str(envelope["detail-type"]), str(envelope["id"]))
        for rule in self._candidates(envelope["detail-type"]):
            if (rules is None or rule.name in rules) and rule.matcher.matches(envelope):
                self._schedule(rule, envelope["id"], body)

    def _candidates(self, detail_type: str) -> Iterable[Rule]:
        return (*self._by_type.get(detail_type, ()), *self._open_rules)

    def _schedule(self, rule: Rule, event_id: str, body: str) -> None:
        self._clock.call_later(self._latency.draw(self._random), lambda: self._deliver(rule, event_id, body))

    def _deliver(self, rule: Rule, event_id: str, body: str) -> None:
        if self._trace is not None:
            self._trace(f"rule {rule.name}", f"to queue {rule.target.name}", event_id)
        try:
            rule.target.send(body)
        except QueueRefused as error:
            if rule.dead_letter_queue is not None:
                rule.dead_letter_queue.send(_cut(body), _undelivered(rule, error))


@lru_cache(maxsize=1024)
def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _body(envelope: Mapping[str, Any], detail: str) -> str:
    """The envelope as JSON. The detail's own text goes in: cheaper than writing out what was just read."""
    resources = json.dumps(envelope["resources"]) if envelope["resources"] else "[]"
    return (
        f'{{"version":"0","id":"{envelope["id"]}","detail-type":{_quoted(envelope["detail-type"])},'
        f'"source":{_quoted(envelope["source"])},"account":"{ACCOUNT}","time":"{envelope["time"]}",'
        f'"region":"{REGION}","resources":{resources},"detail":{detail}}}'
    )


def _to_seconds(time: datetime) -> str:
    return time.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat() + "Z"


def _undelivered(rule: Rule, error: QueueRefused) -> dict[str, str]:
    return {
        "RULE_ARN": rule.arn,
        "TARGET_ARN": rule.target.arn,
        "ERROR_CODE": error.code,
        "ERROR_MESSAGE": str(error),
        "EXHAUSTED_RETRY_CONDITION": "NonRetryableError",
    }


def _cut(body: str) -> str:
    """What the target found too large is too large for the DLQ as well; its beginning tells what it was."""
    return body.encode()[:MAX_BYTES].decode(errors="ignore")


def _size(entry: Mapping[str, Any]) -> int:
    if _is_whole(entry):
        return entry_size(cast("Entry", entry))
    known = Entry(
        EventBusName="",
        Source=entry.get("Source") or "",
        DetailType=entry.get("DetailType") or "",
        Detail=entry.get("Detail") or "",
    )
    if entry.get("Time") is not None:
        known["Time"] = entry["Time"]
    return entry_size(known) + sum(len(resource.encode()) for resource in entry.get("Resources", ()))


def _is_whole(entry: Mapping[str, Any]) -> bool:
    """Whether it is what Breakwater's publisher sends."""
    return entry.keys() == _WHOLE and all(entry.values())


def _parsed(detail: object) -> Any:
    try:
        return json.loads(detail) if isinstance(detail, str) else None
    except (ValueError, RecursionError):
        return None


def _refusal(entry: Mapping[str, Any], detail: object) -> tuple[str, str] | None:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            return "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."
    if len(entry["DetailType"]) > MAX_DETAIL_TYPE:
        return (
            "InvalidArgument",
            f"Parameter DetailType is not valid. Reason: longer than {MAX_DETAIL_TYPE} characters.",
        )
    if len(entry["Source"]) > _MAX_SOURCE:
        return "InvalidArgument", f"Parameter Source is not valid. Reason: longer than {_MAX_SOURCE} characters."
    if entry["Source"].startswith("aws."):
        return "NotAuthorizedForSourceException", "Not authorized for the source."
    if not isinstance(detail, dict):
        return "MalformedDetail", "Detail is malformed."
    return None


def _event_id(random: Random) -> str:
    digits = f"{random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
