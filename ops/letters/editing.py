"""Mending a letter's event: what may be changed, what must hold afterwards, and what it looks like.

An edited event keeps its identity, (`source`, `id`): the original has had no effect here, so this is still the same
event, told right. A new identity would let the original and the edited one both take effect, should the original come
again from its producer, an archive or another queue.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from events.binding import from_sqs_body
from events.catalog import payload_of
from events.envelope import CloudEvent, InvalidEvent, Problem
from ops.letters.box import MAX_BYTES
from ops.letters.letter import Letter, Origin
from ops.wrong_use import WrongUse
from runtime.claim_check import ClaimChecks, checked_out

_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
#: Where an EventBridge event shows what its CloudEvent says. Bare ones have their data in `detail`.
_MIRRORS: Final = {"source": "source", "type": "detail-type"}


class DoesNotFit(Exception):
    """The edited event is none that its consumer could read. `problems` names the fields."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A letter with the body that goes in its place."""

    letter: Letter
    body: str
    diff: str


def document(letter: Letter, claims: ClaimChecks) -> dict[str, Any]:
    """The letter's event as people edit it: a CloudEvent with its data in it, or what stands in its place.

    Raises WrongUse where there is nothing to edit, and what runtime.claim_check raises.
    """
    if letter.origin is Origin.STREAM or letter.kind == "schedule":
        raise WrongUse("there is no event in this letter, so there is nothing to edit")
    if (several := letter.several) is not None:
        raise WrongUse(f"this letter holds {several} events: redrive it, and edit what comes back, each by itself")
    event = letter.event
    if event is not None:
        return checked_out(event, claims).to_dict()
    body = _loaded(letter.body)
    detail = body.get("detail")
    return detail if isinstance(detail, dict) and "specversion" in detail else body


def changed(event: Mapping[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    """The event with each `path=value` set: `data.amount=4900`, `data.lines[0].text="two words"`.

    A value is JSON, or else text as it stands; `path=` without a value takes the member away. Raises WrongUse.
    """
    document = json.loads(json.dumps(event))
    for change in changes:
        path, equals, value = change.partition("=")
        if not equals:
            raise WrongUse(f"{change!r} changes nothing: say path=value, such as data.amount=4900")
        _set(document, path, value)
    return dict(document)


def edited(letter: Letter, event: Mapping[str, Any]) -> Edited:
    """The letter with this event in place of its own, in the form that it came in. Its identity stays.

    Raises WrongUse when nothing has changed, or the identity has; DoesNotFit for what the catalog does not know.
    """
    _check_identity(letter, event)
    body = _body(letter, event)
    if len(body.encode()) > MAX_BYTES:
        raise WrongUse(f"{len(body.encode())} bytes are more than a message holds ({MAX_BYTES})")
    _check_fit(body)
    before, after = _pretty(_loaded(letter.body)), _pretty(_loaded(body))
    if before == after:
        raise WrongUse("nothing has changed")
    lines = difflib.unified_diff(before, after, "as it is", "as it will be", lineterm="", n=2)
    return Edited(letter=letter, body=body, diff="\n".join(lines))


def _check_identity(letter: Letter, event: Mapping[str, Any]) -> None:
    original = letter.event
    if original is None:  # what cannot be read has no identity yet
        return
    for name, value in (("source", original.source), ("id", original.id)):
        if event.get(name) != value:
            raise WrongUse(
                f"{name} stays {value}: an event's identity is how consumers know that it is done. "
                "An event with another identity is a new one: put it on the bus"
            )


def _body(letter: Letter, event: Mapping[str, Any]) -> str:
    envelope = _loaded(letter.body)
    if "detail" not in envelope:
        return json.dumps(event, separators=(",", ":"), ensure_ascii=False)
    detail = envelope["detail"]
    is_bare = not isinstance(detail, dict) or "specversion" not in detail
    if is_bare and "detail" not in event:
        inner: Any = event.get("data")
        mirrored = {"id": event.get("id"), "time": event.get("time")}
    elif is_bare:
        return json.dumps(event, separators=(",", ":"), ensure_ascii=False)
    else:
        inner, mirrored = event, {}
    mirrored |= {mirror: event.get(name) for name, mirror in _MIRRORS.items()}
    return json.dumps({**envelope, **mirrored, "detail": inner}, separators=(",", ":"), ensure_ascii=False)


def _check_fit(body: str) -> None:
    try:
        payload_of(from_sqs_body(body))
    except InvalidEvent as error:
        raise DoesNotFit(error.problems) from error


def _loaded(body: str) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WrongUse(f"this letter is not JSON, so it cannot be edited member by member: {error}") from error
    if not isinstance(value, dict):
        raise WrongUse("this letter is no JSON object, so there is no event to edit")
    return value


def _set(document: Any, path: str, value: str) -> None:
    steps = [int(index) if index else name for name, index in _STEP.findall(path)]
    if not steps:
        raise WrongUse(f"{path!r} is no path: say data.amount, or data.lines[0].text")
    try:
        *before, last = steps
        for step in before:
            document = document[step] if isinstance(step, int) else document.setdefault(step, {})
        if value == "":
            del document[last]
        else:
            document[last] = _value(value)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise WrongUse(f"there is no {path} in this event") from error


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _pretty(value: Any) -> list[str]:
    return json.dumps(value, indent=2, ensure_ascii=False).splitlines()


def event_text(event: CloudEvent | Mapping[str, Any]) -> str:
    """For an editor, and for people."""
    value = event.to_dict() if isinstance(event, CloudEvent) else event
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
