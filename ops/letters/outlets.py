"""Where letters go: back to the consumer's queue, onto the bus, to the function, into the trail, or nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from events.envelope import CloudEvent
from ops.letters.asking import asking
from ops.letters.box import send
from ops.letters.letter import Letter, Origin
from ops.letters.operations import Step
from ops.letters.reading import destination_record
from runtime.errors import TransientError
from runtime.publisher import Publisher

#: What the runtime's reasons and deliveries, EventBridge and the scheduler wrote on the letter. A letter starts anew
#: without them, but for `first_seen`: when it was first seen does not change.
_OF_THE_FAILURE: Final = frozenset(
    (
        *("reason", "error_class", "error_message", "attempts", "consumer", "failed_at"),
        *("event_source", "event_id", "event_type", "tries", "deferrals", "deferred_since"),
        *("RULE_ARN", "TARGET_ARN", "SCHEDULE_ARN", "SCHEDULED_TIME", "ERROR_CODE", "ERROR_MESSAGE"),
        *("RETRY_ATTEMPTS", "EXHAUSTED_RETRY_CONDITION", "IS_PAYLOAD_TRUNCATED"),
    )
)


class CannotSend(Exception):
    """This letter has nowhere to go, and the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class Sent:
    """`note` says where it went."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    why: str


Outcome = Sent | Refused


class Outlet(Protocol):
    """`step` is what a letter has become once `put` has returned Sent for it."""

    step: Step

    def put(self, letters: Sequence[Letter]) -> Mapping[str, Outcome]:
        """By letter id. What is Sent is safe there, whatever happens next. Raises CannotAsk."""


def destination(letter: Letter, *, bus: str) -> str:
    """Where redriving takes it, in words. Raises CannotSend."""
    if letter.origin is Origin.STREAM:
        raise CannotSend("the stream has forgotten the record, and the letter only says where it was: see its advice")
    if letter.kind == "consumer":
        return f"queue {letter.place.source}"
    if letter.kind == "relay":
        if letter.event is None:
            raise CannotSend("there is no event in it that the bus could take: `ops dlq edit` it, or park it")
        return f"bus {bus}"
    return f"function {letter.place.function}"


class QueueOutlet:
    """The queue of the letter's own consumer: the body byte for byte, and none of the failure's attributes."""

    step = Step.SENT

    def __init__(self, sqs: Any) -> None:
        self._sqs = sqs
        self._urls: dict[str, str] = {}

    def put(self, letters: Sequence[Letter]) -> Mapping[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        for source in {letter.place.source for letter in letters}:
            some = [letter for letter in letters if letter.place.source == source]
            refused = send(self._sqs, self._url(str(source)), some, _own_attributes)
            outcomes |= {x.id: Refused(refused[x.id]) if x.id in refused else Sent(f"queue {source}") for x in some}
        return outcomes

    def _url(self, queue: str) -> str:
        if queue not in self._urls:
            with asking(queue):
                self._urls[queue] = self._sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        return self._urls[queue]


def _own_attributes(letter: Letter) -> Mapping[str, Any]:
    return {name: value for name, value in letter.attributes.items() if name not in _OF_THE_FAILURE}


class BusOutlet:
    """The bus, for what the relay could not publish."""

    step = Step.SENT

    def __init__(self, publisher: Callable[[], Publisher], bus: str) -> None:
        self._publisher = publisher
        self._bus = bus

    def put(self, letters: Sequence[Letter]) -> Mapping[str, Outcome]:
        events = {letter.id: letter.event for letter in letters}
        readable = {id_: event for id_, event in events.items() if event is not None}
        outcomes: dict[str, Outcome] = {id_: Refused("there is no event in it") for id_ in events}
        return outcomes | self._published(readable)

    def _published(self, events: Mapping[str, CloudEvent]) -> dict[str, Outcome]:
        failures = self._publisher().publish(list(events.values()))
        return {
            id_: Refused(str(failures[place])) if place in failures else Sent(f"bus {self._bus}")
            for place, id_ in enumerate(events)
        }


class FunctionOutlet:
    """The function that a schedule calls: an asynchronous call, which Lambda keeps until it is done or dead again."""

    step = Step.SENT

    def __init__(self, lambda_: Callable[[], Any]) -> None:
        self._lambda = lambda_

    def put(self, letters: Sequence[Letter]) -> Mapping[str, Outcome]:
        return {letter.id: self._call(letter) for letter in letters}

    def _call(self, letter: Letter) -> Outcome:
        function = letter.place.function
        with asking(function):
            answer = self._lambda().invoke(
                FunctionName=function, InvocationType="Event", Payload=payload_of(letter).encode()
            )
        code = answer["StatusCode"]
        return Sent(f"function {function}") if code == 202 else Refused(f"Lambda said {code}")  # noqa: PLR2004


def payload_of(letter: Letter) -> str:
    """What the function was called with."""
    record = destination_record(letter.body) if letter.origin is Origin.INVOCATION else None
    return letter.body if record is None else json.dumps(record.get("requestPayload", {}), ensure_ascii=False)


class Redriving:
    """Each letter to where it came from."""

    step = Step.SENT

    def __init__(self, *, queue: QueueOutlet, bus: BusOutlet, function: FunctionOutlet, bus_name: str) -> None:
        self._ways: Mapping[str, Outlet] = {"consumer": queue, "relay": bus, "schedule": function}
        self._bus_name = bus_name

    def put(self, letters: Sequence[Letter]) -> Mapping[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        sendable: dict[str, list[Letter]] = {}
        for letter in letters:
            try:
                destination(letter, bus=self._bus_name)
                sendable.setdefault(letter.kind, []).append(letter)
            except CannotSend as error:
                outcomes[letter.id] = Refused(str(error))
        for kind, some in sendable.items():
            outcomes |= self._sent(self._ways[kind], some)
        return outcomes

    def _sent(self, way: Outlet, letters: Sequence[Letter]) -> Mapping[str, Outcome]:
        try:
            return way.put(letters)
        except TransientError as error:
            return {letter.id: Refused(str(error)) for letter in letters}


class Nowhere:
    """For what nobody wants: it is thrown away. The trail has it."""

    step = Step.PURGED

    def put(self, letters: Sequence[Letter]) -> Mapping[str, Outcome]:
        return {letter.id: Sent("thrown away") for letter in letters}


class Parking:
    """The trail's keeping: the letter lies there as it is, for as long as nobody brings it back."""

    step = Step.PARKED

    def __init__(self, why: str) -> None:
        self._why = why

    def put(self, letters: Sequence[Letter]) -> Mapping[str, Outcome]:
        """The intent has stored them already; that they are parked is recorded before anything is deleted."""
        return {letter.id: Sent(self._why) for letter in letters}
