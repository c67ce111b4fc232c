"""What becomes of messages once their events have been handled, or have not.

A message is done with when each of its events is: it has been handled, it is a dead letter, or a message that stands
in for it is on the queue. If all of a message's events failed and may be tried again, the message itself comes again.
If some did, they come in a message of their own, so that none of the others is handled twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta

from events.batches import only
from runtime.clock import Clock
from runtime.delivery import Delivery, Fate
from runtime.errors import BreakwaterError, Deferred, OutOfTime, PermanentError, TransientError, Unfinished
from runtime.manifest import Consumer
from runtime.queue import Queue, reason
from runtime.telemetry import logger, told_together, why
from runtime.time_left import TimeLeft
from runtime.timing import epoch_ms


class Settlement:
    """Of one consumer's messages."""

    def __init__(self, spec: Consumer, queue: Queue, clock: Clock, jitter: Callable[[float, float], float]) -> None:
        self._spec = spec
        self._queue = queue
        self._clock = clock
        self._jitter = jitter

    def settle(self, deliveries: Iterable[Delivery], left: TimeLeft) -> list[str]:
        """Give each its fate. The ids of the messages that the queue is to show again."""
        return [message[0].message_id for message in _messages(deliveries) if self._settle(message, left)]

    def _settle(self, message: Sequence[Delivery], left: TimeLeft) -> bool:
        """Whether it comes again. Where nothing can be settled, it does when its visibility timeout ends."""
        failed: list[Delivery] = []
        for delivery in message:
            delivery.fate = self._fate(delivery)
            if delivery.error is not None:
                failed.append(delivery)
        try:
            comes_again = bool(failed) and self._dispose(message, failed, left)
        except TransientError:
            comes_again = True
            for delivery in failed:
                delivery.fate = "retry"
            logger().exception("the message's fate was not settled; it is tried again")
        now = epoch_ms(self._clock.now())
        for delivery in message:
            delivery.settled(now)
        self._tell(message)
        return comes_again

    def _fate(self, delivery: Delivery) -> Fate:
        error = delivery.error
        if error is None:
            return "suppressed" if delivery.suppressed else "duplicate" if delivery.outcome.duplicate else "handled"
        if isinstance(error, Deferred) and self._is_patient(delivery):
            return "deferred"
        is_last = delivery.tries >= self._spec.tries
        return "dead_letter" if is_last or isinstance(error, PermanentError) else "retry"

    def _is_patient(self, delivery: Delivery) -> bool:
        since = delivery.deferred_since
        return since is None or self._clock.now() - since < timedelta(seconds=self._spec.patience)

    def _dispose(self, message: Sequence[Delivery], failed: Sequence[Delivery], left: TimeLeft) -> bool:
        """Whether the message itself comes again. Raises TransientError."""
        first = message[0]
        if len(failed) == len(message) and all(delivery.fate == "retry" for delivery in failed):
            _check(left)
            self._queue.delay(first.receipt_handle, self._wait(first.tries))
            return True
        for share in _shares(failed):
            self._send_anew(message, share, left)
        # Last: what cannot be settled comes again whole, and there should be one letter of each event.
        self._bury(message, [delivery for delivery in failed if delivery.fate == "dead_letter"], left)
        return False

    def _bury(self, message: Sequence[Delivery], dead: Sequence[Delivery], left: TimeLeft) -> None:
        """As many as there is time for, and the others come again without those: so it ends, however slow a call is."""
        for number, delivery in enumerate(dead, start=1):
            if number < len(dead) and not left.for_calls(2):
                self._put_off(message, dead[number - 1 :], left)
                return
            _check(left)
            self._queue.dead_letter(delivery.body, self._reason(delivery))

    def _put_off(self, message: Sequence[Delivery], deliveries: Sequence[Delivery], left: TimeLeft) -> None:
        for delivery in deliveries:
            delivery.fate = "deferred"
        self._send_anew(message, deliveries, left)

    def _send_anew(self, message: Sequence[Delivery], share: Sequence[Delivery], left: TimeLeft) -> None:
        _check(left)
        first, body = share[0], _body(message, share)
        if isinstance(first.error, Unfinished):
            self._queue.defer(body, first.as_new(), 0)
        elif first.fate == "deferred":
            self._queue.defer(body, first.as_deferred(self._clock.now()), self._wait(first.tries + first.deferrals))
        else:
            self._queue.defer(body, first.as_failed(), self._wait(first.tries))

    def _wait(self, times: int) -> int:
        return round(self._jitter(1, self._spec.backoff.ceiling(times)))

    def _reason(self, delivery: Delivery) -> dict[str, str]:
        return reason(
            delivery.error or AssertionError("a dead letter without an error"),
            consumer=self._spec.name,
            attempts=min(delivery.tries, self._spec.tries),
            first_seen=delivery.first_seen,
            failed_at=self._clock.now(),
            event=delivery.event,
        )

    def _tell(self, message: Sequence[Delivery]) -> None:
        """One line for those that ended well and alike, and one for each that failed."""
        for alike in (message,) if len(message) == 1 else _alike(message):
            error = alike[0].error
            if logger().listens(logging.INFO if error is None else logging.WARNING):
                unexpected = error is not None and not isinstance(error, BreakwaterError)
                log = logger().info if error is None else logger().warning
                line = told_together([delivery.line(self._spec.name) for delivery in alike])
                log(alike[0].fate, extra=line, exc_info=error if unexpected else None)
        for delivery in message:
            failure = "" if delivery.error is None or delivery.fate == "deferred" else why(delivery.error)["reason"]
            delivery.span.end(error=failure, outcome=str(delivery.fate), attempts=delivery.tries)


def _messages(deliveries: Iterable[Delivery]) -> Iterator[Sequence[Delivery]]:
    """The deliveries of each message, which stand side by side: mostly one has it for itself."""
    several: list[Delivery] = []
    for delivery in deliveries:
        if several and not delivery.place:
            yield several
            several = []
        if delivery.place is None:
            yield (delivery,)
        else:
            several.append(delivery)
    if several:
        yield several


def _check(left: TimeLeft) -> None:
    if not left.for_calls():
        raise OutOfTime("the function ends before the queue could be told")


def _shares(failed: Sequence[Delivery]) -> Iterator[list[Delivery]]:
    """Those that are sent anew, by how."""
    unfinished = [d for d in failed if d.fate == "deferred" and isinstance(d.error, Unfinished)]
    deferred = [d for d in failed if d.fate == "deferred" and not isinstance(d.error, Unfinished)]
    again = [d for d in failed if d.fate == "retry"]
    yield from filter(None, (unfinished, deferred, again))


def _body(message: Sequence[Delivery], share: Sequence[Delivery]) -> str:
    """The message's, with the events of the share alone in it."""
    body = str(message[0].record["body"])
    places = [delivery.place for delivery in share if delivery.place is not None]
    return body if len(share) == len(message) else only(body, places)


def _alike(message: Sequence[Delivery]) -> Iterator[Sequence[Delivery]]:
    yield from ([delivery] for delivery in message if delivery.error is not None)
    for fate in dict.fromkeys(delivery.fate for delivery in message if delivery.error is None):
        yield [delivery for delivery in message if delivery.error is None and delivery.fate == fate]
