"""How long what is remembered, and what must outlive what: asserted at synthesis, for the stage that is synthesised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

from infra.config import StageConfig
from runtime.claim_check import RETENTION_DAYS as PAYLOAD_DAYS
from runtime.idempotency import RETENTION_DAYS as MARK_DAYS
from runtime.manifest import Consumer
from runtime.outbox import KEPT

QUEUE_DAYS: Final = 4
#: SQS's maximum. A message's age goes on counting when it moves to a DLQ, so a DLQ keeps longer than any queue.
DEAD_LETTER_DAYS: Final = 14
#: DynamoDB's own.
_STREAM_DAYS: Final = 1
_SECONDS: Final = 86_400


class BrokenRelation(ValueError):
    """Two parts would lose or repeat work together. The message lists everything that is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Days. `marks` are the idempotency records, `payloads` the data of large events, `outbox` its entries.

    `patience` is for how long the most patient consumer puts a message off, each time as a new one on its queue.
    """

    archive: int
    patience: float
    queue: int
    dead_letters: int
    marks: int
    payloads: int
    outbox: float

    @classmethod
    def of(cls, stage: StageConfig, consumers: Iterable[Consumer]) -> Self:
        return cls(
            archive=stage.archive_days or 0,
            patience=max(consumer.patience for consumer in consumers) / _SECONDS,
            queue=QUEUE_DAYS,
            dead_letters=DEAD_LETTER_DAYS,
            marks=MARK_DAYS,
            payloads=PAYLOAD_DAYS,
            outbox=KEPT.total_seconds() / _SECONDS,
        )

    @property
    def longest_way(self) -> float:
        """How old an event can be when it comes back: from the archive, put off, through a queue, out of its DLQ."""
        return self.archive + self.patience + self.queue + self.dead_letters


def check_retention(stage: str, days: Retention) -> None:
    """Raises BrokenRelation."""
    problems = tuple(_problems(days))
    if problems:
        raise BrokenRelation(f"stage {stage}: {'; '.join(problems)}")


def _problems(days: Retention) -> Iterator[str]:
    way = f"the {days.longest_way:g} days in which an event can come back (archive, patience, queue and DLQ)"
    if days.marks <= days.longest_way:
        yield f"idempotency records expire after {days.marks} days, within {way}"
    if days.payloads <= days.longest_way:
        yield f"payloads expire after {days.payloads} days, within {way}"
    if days.dead_letters <= days.queue:
        yield f"DLQs keep messages for {days.dead_letters} days, no longer than queues ({days.queue})"
    if days.outbox <= _STREAM_DAYS:
        yield f"outboxes keep events for {days.outbox:g} days, no longer than a stream has them ({_STREAM_DAYS})"
