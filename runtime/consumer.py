"""The consumer: SQS batch -> CloudEvents -> handler -> events out -> partial batch response. There is one.

What a record ends as:

    handled       its effect is done and its events are on the bus
    duplicate     it had been handled before; its events are on the bus (again)
    retry         it failed in a way that may pass; SQS shows it again after a backoff
    dead_letter   it failed for good, or for the last time; it is in the DLQ with the reason
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from events.binding import from_sqs_body
from events.envelope import CloudEvent, InvalidEvent, format_time
from runtime.clock import Clock
from runtime.errors import BreakwaterError, OutOfTime, PermanentError, TransientError, UnreadableMessage
from runtime.idempotency import Once
from runtime.manifest import Consumer
from runtime.outcome import Handle, Outcome
from runtime.publisher import Publisher
from runtime.queue import Queue, reason
from runtime.telemetry import logger

#: Makes something of a message that is no CloudEvent, where a consumer prefers that to a dead letter.
OnUnreadable = Callable[[str, InvalidEvent], Outcome]

#: Milliseconds that a batch keeps to publish its events and to settle its records. No record is begun with less.
_RESERVE: Final = 3_000


@dataclass(slots=True, kw_only=True)
class _Delivery:
    """One record on its way through one invocation."""

    record: SQSRecord
    started: float = field(default_factory=time.perf_counter)
    event: CloudEvent | None = None
    outcome: Outcome = field(default_factory=Outcome)
    error: BaseException | None = None
    fate: Literal["handled", "duplicate", "retry", "dead_letter"] = "handled"

    @property
    def tries(self) -> int:
        return int(self.record.attributes.approximate_receive_count)

    @property
    def first_seen(self) -> str:
        millis = int(self.record.attributes.approximate_first_receive_timestamp)
        return format_time(datetime.fromtimestamp(millis / 1000, UTC))


class QueueConsumer:
    """Lambda entry point of one consumer: `consumer(event, context)`."""

    def __init__(
        self,
        spec: Consumer,
        handle: Handle,
        *,
        publisher: Publisher,
        queue: Queue,
        clock: Clock,
        once: Once | None = None,
        on_unreadable: OnUnreadable | None = None,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._spec = spec
        self._handle = handle
        self._publisher = publisher
        self._queue = queue
        self._clock = clock
        self._once = once
        self._on_unreadable = on_unreadable
        self._jitter = jitter

    def __call__(self, batch: Mapping[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:
        if self._once is not None:
            self._once.register(context)
        deliveries = self._run(batch["Records"], context)
        self._publish(deliveries)
        for delivery in deliveries:
            self._settle(delivery)
            self._log(delivery)
        return {"batchItemFailures": [{"itemIdentifier": d.record.message_id} for d in deliveries if d.fate == "retry"]}

    def _run(self, records: Sequence[dict[str, Any]], context: Any) -> list[_Delivery]:
        deliveries: list[_Delivery] = []

        def handle(record: SQSRecord) -> None:
            deliveries.append(_Delivery(record=record))
            if context.get_remaining_time_in_millis() < _RESERVE:
                raise OutOfTime("the batch's other records took the function's time")
            self._attempt(deliveries[-1])

        # A fresh processor each time: a shared one remembers the last invocation's failures.
        processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
        with processor(list(records), handle):
            results = processor.process()
        errors = (error for _, error, _ in processor.exceptions)
        for delivery, (verdict, *_) in zip(deliveries, results, strict=True):
            delivery.error = next(errors) if verdict == "fail" else None
        return deliveries

    def _attempt(self, delivery: _Delivery) -> None:
        body = delivery.record.body
        try:
            event = delivery.event = from_sqs_body(body)
        except InvalidEvent as error:
            if self._on_unreadable is None:
                raise UnreadableMessage.of(error) from error
            delivery.outcome = self._on_unreadable(body, error)
            return
        try:
            delivery.outcome = self._handle(event) if self._once is None else self._once.run(self._handle, event)
        except InvalidEvent as error:
            raise UnreadableMessage.of(error) from error

    def _publish(self, deliveries: Sequence[_Delivery]) -> None:
        """All the batch's events in as few calls as they fit; a record whose event failed has failed."""
        failures = self._publisher.publish([event for d in deliveries for event in d.outcome.events])
        if not failures:
            return
        for delivery in deliveries:
            errors = (failures[e.identity] for e in delivery.outcome.events if e.identity in failures)
            delivery.error = delivery.error or next(errors, None)

    def _settle(self, delivery: _Delivery) -> None:
        if delivery.error is None:
            delivery.fate = "duplicate" if delivery.outcome.duplicate else "handled"
            return
        is_last_try = delivery.tries >= self._spec.max_receive_count
        delivery.fate = "dead_letter" if is_last_try or isinstance(delivery.error, PermanentError) else "retry"
        try:
            self._dispose(delivery)
        except TransientError:
            # The queue keeps the message, and its own redrive policy is the backstop.
            delivery.fate = "retry"
            logger().exception("the queue did not take the message's fate; it is tried again")

    def _dispose(self, delivery: _Delivery) -> None:
        if delivery.fate == "dead_letter":
            self._queue.dead_letter(delivery.record.body, self._reason(delivery))
        else:
            ceiling = self._spec.backoff.ceiling(delivery.tries)
            self._queue.delay(delivery.record.receipt_handle, round(self._jitter(1, ceiling)))

    def _reason(self, delivery: _Delivery) -> dict[str, str]:
        return reason(
            delivery.error or AssertionError("a dead letter without an error"),
            consumer=self._spec.name,
            attempts=delivery.tries,
            first_seen=delivery.first_seen,
            failed_at=self._clock.now(),
            event=delivery.event,
        )

    def _log(self, delivery: _Delivery) -> None:
        event, error = delivery.event, delivery.error
        line = {
            "consumer": self._spec.name,
            "event_id": event and event.id,
            "event_source": event and event.source,
            "event_type": event and event.type,
            "correlation_id": event and event.correlation_id,
            "outcome": delivery.fate,
            "attempts": delivery.tries,
            "duration_ms": round((time.perf_counter() - delivery.started) * 1000, 3),
            "events_out": [f"{e.type} {e.id}" for e in delivery.outcome.events],
            "message_id": delivery.record.message_id,
        }
        if error is not None:
            line |= {"error_class": type(error).__name__, "error_message": str(error)}
        unexpected = error is not None and not isinstance(error, BreakwaterError)
        log = logger().info if error is None else logger().warning
        log(delivery.fate, extra=line, exc_info=error if unexpected else None)
