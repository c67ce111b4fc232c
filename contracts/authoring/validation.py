"""Documents held against the catalog, as the consumers of the bus would hold them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from contracts.authoring.reading import documents
from contracts.shapes import Contract
from events.binding import from_eventbridge
from events.catalog import payload_of
from events.envelope import CloudEvent, InvalidEvent, Problem, strict_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found in one document. `type` is the event's, as far as it says one."""

    line: int
    type: str
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Tally:
    """Counts of what was judged; `types` of what is valid."""

    valid: int = 0
    invalid: int = 0
    types: Counter[str] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        if verdict.problems:
            self.invalid += 1
        else:
            self.valid += 1
            self.types[verdict.type] += 1


def verdicts(stream: BinaryIO, *, bare: Contract | None = None) -> Iterator[Verdict]:
    """One for each document: a CloudEvent, an EventBridge event, an entry of PutEvents, or a `bare` payload."""
    for line, text, problem in documents(stream):
        claimed = bare.type if bare else ""
        try:
            value = _decoded(text, problem)
            claimed = str(_claim(value) or claimed)
            event = _event(value, bare)
            payload_of(event)
            yield Verdict(line=line, type=event.type, problems=_other_type(event, bare))
        except InvalidEvent as error:
            yield Verdict(line=line, type=claimed, problems=error.problems)


def _decoded(text: bytes, problem: str) -> Any:
    if problem:
        raise InvalidEvent([Problem("document", problem)])
    try:
        return strict_json(text)
    except ValueError as error:
        raise InvalidEvent([Problem("document", f"is not JSON: {error}")]) from error


def _claim(value: Any) -> Any:
    if not isinstance(value, dict):
        return None
    return value.get("type") if "specversion" in value else value.get("detail-type", value.get("DetailType"))


def _event(value: Any, bare: Contract | None) -> CloudEvent:
    if isinstance(value, dict):
        if "specversion" in value:
            return CloudEvent.parse(value)
        if "detail-type" in value and "detail" in value:
            return from_eventbridge(value)
        if "DetailType" in value and "Detail" in value:
            return from_eventbridge(_delivered(value))
    if bare is None:
        raise InvalidEvent([Problem("document", "is no event: say with --type what its data is to be")])
    return CloudEvent(id="-", source="-", type=bare.type, dataschema=bare.urn, data=value)


def _delivered(entry: dict[str, Any]) -> dict[str, Any]:
    """What the bus makes of an entry of PutEvents; the id that it mints is not to be known here."""
    try:
        detail = strict_json(entry["Detail"])
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidEvent([Problem("Detail", f"must be JSON as text: {error}")]) from error
    if not isinstance(detail, dict):
        raise InvalidEvent([Problem("Detail", "must be a JSON object, as text")])
    return {"id": "-", "source": entry.get("Source"), "detail-type": entry["DetailType"], "detail": detail}


def _other_type(event: CloudEvent, bare: Contract | None) -> tuple[Problem, ...]:
    if bare is None or event.type == bare.type:
        return ()
    return (Problem("type", f"is {event.type}, and was to be {bare.type}"),)
