"""The consumer: SQS batch -> CloudEvents -> handler -> events out -> partial batch response. There is one.

A message has one event, or a batch of them; each has a fate of its own (runtime.settlement). What an event ends as:

    handled       its effect is done and its events are on the bus
    duplicate     it had been handled before; its events are on the bus (again)
    suppressed    nothing is done: it came back by a replay, and its consumer acts on the outside world; or it is in a
                  version that is not known yet, and the same event comes in one that is
    retry         it failed in a way that may pass; SQS shows it again after a backoff, and that costs a try
    deferred      what failed says nothing about it; it is sent again, with a delay, and that costs no try
    dead_letter   it failed for good, or for the last time; it is in the DLQ with the reason
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeVar

from events.binding import REPLAY, events_in
from events.envelope import CloudEvent, InvalidEvent
from runtime.breaker import Breaker
from runtime.claim_check import Allowance, ClaimChecks, checked_out, is_checked_in
from runtime.clock import Clock
from runtime.delivery import Delivery
from runtime.errors import (
    BreakwaterError,
    Crashed,
    Deferred,
    DependencyUnavailable,
    OutOfTime,
    TransientError,
)
from runtime.idempotency import Once
from runtime.manifest import Consumer
from runtime.meter import ConsumerMeter
from runtime.outcome import Handle, Outcome, Together
from runtime.publisher import Publisher
from runtime.queue import Queue
from runtime.settlement import Settlement
from runtime.time_left import TimeLeft
from runtime.timing import epoch_ms, whole_ms
from runtime.tracing import PASSIVE, Tracer, begun_by

#: Makes something of a message that is no CloudEvent, where a consumer prefers that to a dead letter.
OnUnreadable = Callable[[str, InvalidEvent], Outcome]

#: A replay whose name starts so has its outside effects: those that were never done are done now.
WITH_EFFECTS: Final = "with-effects"

Result = TypeVar("Result")
#: One event of a message, or why it is none.
_Opened = tuple[Delivery, CloudEvent | InvalidEvent]


class QueueConsumer:
    """Lambda entry point of one consumer: `consumer(event, context)`."""

    def __init__(  # noqa: PLR0913 - a collaborator each
        self,
        spec: Consumer,
        handle: Handle | Together,
        *,
        publisher: Publisher,
        queue: Queue,
        clock: Clock,
        claims: ClaimChecks | None = None,
        once: Once | None = None,
        on_unreadable: OnUnreadable | None = None,
        meter: ConsumerMeter | None = None,
        jitter: Callable[[float, float], float] = random.uniform,
        tracer: Tracer = PASSIVE,
    ) -> None:
        self._spec = spec
        self._handle = handle
        self._publisher = publisher
        self._clock = clock
        self._claims = claims
        self._once = once
        self._on_unreadable = on_unreadable
        self._meter = meter
        self._settlement = Settlement(spec, queue, clock, jitter)
        self._tracer = tracer
        self._breaker = Breaker(clock)

    def __call__(self, batch: Mapping[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:
        with self._tracer.receiving(self._spec.name, batch["Records"]):
            return self._consume(batch, context)

    def _consume(self, batch: Mapping[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:
        if self._once is not None:
            self._once.register(context)
        left, now = TimeLeft(context), epoch_ms(self._clock.now())
        messages = [Delivery(record=record, picked_up=now) for record in batch["Records"]]
        crashed = self._crashed(messages)
        again = self._settlement.settle(crashed, left)
        opened = [found for message in messages if message.fate is None for found in _opened(message)]
        deliveries = [delivery for delivery, _ in opened]
        self._handle_all(opened, left)
        again += self._settlement.settle(deliveries, left)
        if self._meter is not None:
            self._meter.batch([*crashed, *deliveries], at=self._clock.now())
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}

    def _crashed(self, messages: Sequence[Delivery]) -> list[Delivery]:
        """Those that nobody must try again. They are put away before anything else can end the function."""
        crashed = [message for message in messages if message.tries > self._spec.tries]
        for message in crashed:
            message.error = Crashed(f"received {message.tries - 1} times, and each time the function ended unsettled")
        return crashed

    def _handle_all(self, opened: Sequence[_Opened], left: TimeLeft) -> None:
        claims = None if self._claims is None else Allowance(self._claims)
        readable = [delivery for delivery, found in opened if self._read(delivery, found, claims, left)]
        if isinstance(self._handle, Together):
            self._attempt_together(self._handle, readable, left)
        else:
            for delivery in readable:
                self._attempt(self._handle, delivery, left)
        self._publish([delivery for delivery, _ in opened])
        if any(d.error is None and not d.suppressed for d in readable):
            self._breaker.succeeded()

    def _read(
        self, delivery: Delivery, found: CloudEvent | InvalidEvent, claims: ClaimChecks | None, left: TimeLeft
    ) -> bool:
        """Whether there is an event to handle."""
        try:
            event = delivery.event = _known(found)
            delivery.span = self._tracer.processing(delivery.record, event)
            delivery.suppressed = _without_effects(event) if self._spec.dedup == "record" else ""
            if claims is not None and is_checked_in(event) and not delivery.suppressed:
                self._check(left)
                with delivery.span.active():
                    delivery.event = checked_out(event, claims)
        except InvalidEvent as error:
            if delivery.event is None:
                delivery.span = self._tracer.processing(delivery.record, None)
            if self._on_unreadable is None:
                delivery.fail(error)
            else:
                delivery.outcome = self._on_unreadable(delivery.body, error)
        except BreakwaterError as error:
            self._fail([delivery], error)
        else:
            return not delivery.suppressed
        return False

    def _attempt(self, handle: Handle, delivery: Delivery, left: TimeLeft) -> None:
        event = delivery.known_event
        try:
            self._check(left)
            work = partial(handle, event) if self._once is None else partial(self._once.run, handle, event)
            with delivery.span.active():
                delivery.outcome = self._timed(work, [delivery])
        except Exception as error:  # noqa: BLE001 - whatever it is, it fails this record and no other
            self._fail([delivery], error)

    def _attempt_together(self, together: Together, deliveries: Sequence[Delivery], left: TimeLeft) -> None:
        if not deliveries:
            return
        try:
            self._check(left)
            results = self._timed(partial(together.handle, [d.known_event for d in deliveries]), deliveries)
        except Exception as error:  # noqa: BLE001 - as above: nobody else is in this batch
            self._fail(deliveries, error)
            return
        for delivery, result in zip(deliveries, results, strict=True):
            if isinstance(result, Outcome):
                delivery.outcome = result
            else:
                delivery.fail(result)
        self._blame([d for d in deliveries if d.error is not None])

    def _timed(self, work: Callable[[], Result], deliveries: Sequence[Delivery]) -> Result:
        """The service's own code at work on them."""
        begun = self._clock.now()
        try:
            return work()
        finally:
            share = whole_ms(epoch_ms(self._clock.now()) - epoch_ms(begun)) // len(deliveries)
            for delivery in deliveries:
                delivery.handler_ms = share

    def _check(self, left: TimeLeft) -> None:
        """Raises Deferred when no attempt should be begun."""
        if not left.for_a_record:
            raise OutOfTime("the batch's other records took the function's time")
        self._breaker.check()

    def _publish(self, deliveries: Sequence[Delivery]) -> None:
        """All the batch's events in as few calls as they fit; a record whose event failed has failed."""
        pairs = [(d, begun_by(d.span, event, cause=d.event)) for d in deliveries for event in d.outcome.events]
        failures = self._publisher.publish([event for _, event in pairs])
        # What another try may help comes last, and stands: a dead letter would give that up.
        for place, error in sorted(failures.items(), key=lambda failure: isinstance(failure[1], TransientError)):
            pairs[place][0].fail(error)
        self._blame([delivery for delivery in deliveries if delivery.error in failures.values()])

    def _fail(self, deliveries: Sequence[Delivery], error: Exception) -> None:
        for delivery in deliveries:
            delivery.fail(error)
        self._blame(deliveries)

    def _blame(self, failed: Sequence[Delivery]) -> None:
        """One attempt failed. What it says of a dependency is the breaker's; a probe costs its messages no try."""
        down = [d for d in failed if isinstance(d.error, DependencyUnavailable)]
        if not down or not isinstance(down[0].error, DependencyUnavailable):
            return
        verdict = self._breaker.failed(down[0].error)
        for delivery in down if isinstance(verdict, Deferred) else ():
            delivery.error = verdict


def _opened(message: Delivery) -> list[_Opened]:
    """A delivery for each event in the message, or for what stands in its place."""
    try:
        found = events_in(message.body)
    except InvalidEvent as error:
        return [(message, error)]
    if len(found) == 1:
        return [(message, found[0])]
    return [(replace(message, place=place), event) for place, event in enumerate(found)]


def _known(found: CloudEvent | InvalidEvent) -> CloudEvent:
    """Raises it, where it is none."""
    if isinstance(found, InvalidEvent):
        raise found
    return found


def _without_effects(event: CloudEvent) -> str:
    """Why the event must have none, if it must not."""
    replay = str(event.extensions.get(REPLAY, WITH_EFFECTS))
    return "" if replay.startswith(WITH_EFFECTS) else f"it came back by the replay {replay}"
