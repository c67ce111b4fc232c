"""Ingestion's use cases: take events in over HTTP, and pass the queue's records on to the bus."""

from __future__ import annotations

from collections.abc import Sequence

from events.envelope import CloudEvent, InvalidEvent
from events.versions import OlderVersionTravels
from functions.ingestion.domain import Verdict, normalised, rejected, unreadable
from functions.ingestion.ports import Intake
from runtime.clock import Clock
from runtime.outcome import Outcome


class Ingestion:
    """The queue consumer's two callables. Neither keeps state: derived ids make a second run harmless."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def handle(self, event: CloudEvent) -> Outcome:
        """The normalised event, or the news of its rejection. Never raises for what is wrong with the event.

        Raises OlderVersionTravels: nothing is wrong, and the same event comes in a version that is known here.
        """
        now = self._clock.now()
        try:
            return Outcome.of([normalised(event, now)])
        except OlderVersionTravels:
            raise
        except InvalidEvent as error:
            return Outcome.of([rejected(event, error, now)])

    def on_unreadable(self, body: str, error: InvalidEvent) -> Outcome:
        """The news that a message was no CloudEvent at all."""
        return Outcome.of([unreadable(body, error, self._clock.now())])


def take_in(received: Sequence[CloudEvent | InvalidEvent], *, intake: Intake, clock: Clock) -> list[Verdict]:
    """Check each event as the consumer will, and queue those that pass. One verdict each, in their order."""
    verdicts = [_check(item, clock) for item in received]
    good = [i for i, verdict in enumerate(verdicts) if verdict.status == "accepted"]
    failed = intake.put([event for i in good if (event := verdicts[i].event) is not None])
    for position in failed:
        verdicts[good[position]] = Verdict(status="failed", event=verdicts[good[position]].event)
    return verdicts


def _check(item: CloudEvent | InvalidEvent, clock: Clock) -> Verdict:
    if isinstance(item, InvalidEvent):
        return Verdict(status="rejected", refusal=item)
    try:
        normalised(item, clock.now())
    except InvalidEvent as error:
        return Verdict(status="rejected", event=item, refusal=error)
    return Verdict(status="accepted", event=item)
