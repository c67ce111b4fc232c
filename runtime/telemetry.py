"""Structured logs: one canonical line for each record, and one for anything else worth knowing.

A line about an event says who it is and what an operator may ask by (see `about`). A line about what was done with
it says, besides:

    consumer, api or relay   who did it, by its function's name in the manifest
    outcome                  what it ended as: a fate (see runtime.consumer), `relayed`, or `accepted`
    attempts                 tries so far, this one included
    duration_ms              from the batch's start to the line
    age_ms                   how long it had waited on the queue, or in the outbox
    critical_ms              from the event's own time until its effect was done
    events_out               what it brought about: "type id" of each
    reason                   the error's code; error_class and error_message beside it
    suppressed_because       why nothing was done
    message_id               SQS's

What does not apply is left out.

Events that came in one message and ended alike are told of in one line: what they have in common stands in it once,
and what each has of its own in a member of `events`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from events.binding import REPLAY
from events.envelope import CloudEvent
from events.trace_context import trace_id_in
from runtime.errors import BreakwaterError
from runtime.log_lines import LineLogger

#: What is no error of ours.
UNEXPECTED: Final = "unexpected"
#: The member of a line that tells of several events.
EVENTS: Final = "events"
#: Members of an event's data that operators ask by.
KEYS: Final = ("customer_id", "invoice_id")
#: Of a key's value: whoever sends something else as a customer's name cannot fill the log with it.
_LONGEST_KEY: Final = 128
#: Member of a line -> extension.
_EXTENSIONS: Final = (("causation_id", "causationid"), ("replay", REPLAY))


@cache
def logger() -> LineLogger:
    """The process's logger: JSON lines, named and levelled by the POWERTOOLS_* variables."""
    return LineLogger()


def about(event: CloudEvent | None, *, carrier: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
    """The members of a line that say which event it is about; nothing of a message that was no event.

    `trace_id` is that of the trace in which the event began, or else that of the span whose carrier this is.
    """
    if event is None:
        return {}
    members: dict[str, Any] = {"event_id": event.id, "event_source": event.source, "event_type": event.type}
    if event.time is not None:
        members["event_time"] = event.time
    members["correlation_id"] = event.correlation_id
    for name, extension in _EXTENSIONS:
        if extension in event.extensions:
            members[name] = event.extensions[extension]
    if (trace_id := trace_id_in(event.extensions) or trace_id_in(carrier)) is not None:
        members["trace_id"] = trace_id
    members.update(_keys(event.data))
    return members


def told_together(lines: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The members of one line in place of several."""
    if len(lines) == 1:
        return lines[0]
    first, *others = lines
    common = {name: v for name, v in first.items() if all(name in line and line[name] == v for line in others)}
    own = [{name: value for name, value in line.items() if name not in common} for line in lines]
    return common | {EVENTS: own}


def why(error: BaseException) -> dict[str, Any]:
    """The members of a line that say what went wrong, with the code by which failures are grouped."""
    code = error.code if isinstance(error, BreakwaterError) else UNEXPECTED
    return {"reason": code, "error_class": type(error).__name__, "error_message": str(error)}


def _keys(data: object) -> dict[str, str]:
    found = data if isinstance(data, Mapping) else {}
    return {name: value[:_LONGEST_KEY] for name in KEYS if isinstance(value := found.get(name), str)}
