"""The outbox: events wait inside the item whose change they announce, until the stream relay publishes them.

Each write carries the item's outbox along and adds to it. The relay sees every write, in each item's
order, and publishes what a write added. Entries leave the outbox with a later write, once they are older
than the stream can be behind, or when there are many.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, Final

from events.envelope import CloudEvent
from runtime.clock import Clock
from runtime.errors import BreakwaterError, TransientError, Unpublishable
from runtime.meter import Relayed, RelayMeter
from runtime.publisher import Publisher
from runtime.queue import DeadLetters, reason
from runtime.telemetry import about, logger, why
from runtime.timing import epoch_ms, lag_ms
from runtime.tracing import PASSIVE, Tracer, begun_by, current

#: The item attribute: a list of strings, each one event in the JSON event format.
ATTRIBUTE: Final = "outbox"
#: Twice what a DynamoDB stream keeps.
KEPT: Final = timedelta(hours=48)
#: So that events that keep coming cannot make an item too large: DynamoDB takes 400 KB. The relay needs none but
#: the newest write's.
MOST: Final = 50
MOST_BYTES: Final = 100_000
#: Of the events of one write. An item can hold them beside a full outbox and as much state again.
LARGEST_WRITE: Final = 130_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One write of one item: its outbox entries after (`new`) and before (`old`)."""

    key: str
    new: tuple[str, ...]
    old: tuple[str, ...] = ()

    @classmethod
    def from_stream_record(cls, record: Mapping[str, Any]) -> Change:
        """From a DynamoDB stream record with NEW_AND_OLD_IMAGES."""
        change = record["dynamodb"]
        key = "/".join(str(next(iter(value.values()))) for value in change["Keys"].values())
        return cls(key=key, new=_entries(change.get("NewImage")), old=_entries(change.get("OldImage")))

    def to_stream_record(self, sequence: int) -> dict[str, Any]:
        """As DynamoDB would put it on the stream."""
        return {
            "eventID": f"{sequence:032d}",
            "eventName": "MODIFY" if self.old else "INSERT",
            "eventSource": "aws:dynamodb",
            "dynamodb": {
                "Keys": {"pk": {"S": self.key}},
                "SequenceNumber": str(sequence),
                "StreamViewType": "NEW_AND_OLD_IMAGES",
                "NewImage": {ATTRIBUTE: {"L": [{"S": entry} for entry in self.new]}},
                "OldImage": {ATTRIBUTE: {"L": [{"S": entry} for entry in self.old]}},
            },
        }

    @property
    def added(self) -> tuple[CloudEvent, ...]:
        """The events that this write put into the outbox, in their order."""
        before = frozenset(self.old)
        return tuple(CloudEvent.parse(entry) for entry in self.new if entry not in before)


def _entries(image: Mapping[str, Any] | None) -> tuple[str, ...]:
    return tuple(entry["S"] for entry in (image or {}).get(ATTRIBUTE, {}).get("L", ()))


def extended(outbox: Sequence[str], events: Iterable[CloudEvent], now: datetime) -> tuple[str, ...]:
    """The outbox with `events` added, and without entries that were published long ago.

    Raises Unpublishable for events of more than LARGEST_WRITE bytes, before anything is written.
    """
    added = tuple(begun_by(current(), event).to_json() for event in events)
    if (size := sum(map(_size, added))) > LARGEST_WRITE:
        raise Unpublishable(f"{size} bytes of events: one write's outbox takes {LARGEST_WRITE} at most")
    return (*_newest([entry for entry in outbox if _is_recent(entry, now)]), *added)


def _newest(entries: Sequence[str]) -> Sequence[str]:
    """The last ones, as many as may be kept."""
    sizes = accumulate(map(_size, reversed(entries)))
    fitting = sum(size <= MOST_BYTES for size in sizes)
    return entries[len(entries) - min(fitting, MOST) :]


def _size(entry: str) -> int:
    return len(entry.encode())


def _is_recent(entry: str, now: datetime) -> bool:
    occurred_at = CloudEvent.parse(entry).occurred_at
    return occurred_at is None or now - occurred_at < KEPT


def _by_item(changes: Iterable[Change]) -> dict[str, deque[CloudEvent]]:
    items: dict[str, deque[CloudEvent]] = {}
    for change in changes:
        if added := change.added:
            items.setdefault(change.key, deque()).extend(added)
    return items


class OutboxRelay:
    """Lambda entry point for a table's stream: publishes what each write added, in order.

    A failure that may pass fails the batch, and the stream delivers it again until it succeeds; what was published
    twice has the same ids. EventBridge may take a call's later entries without its earlier ones: so an item's next
    event waits for the one before, and none overtakes. An event that can never be published becomes a dead letter
    with the reason, and holds up nothing.
    """

    def __init__(
        self,
        publisher: Publisher,
        dead_letters: DeadLetters,
        *,
        name: str,
        clock: Clock,
        tracer: Tracer = PASSIVE,
        meter: RelayMeter | None = None,
    ) -> None:
        self._publisher = publisher
        self._dead_letters = dead_letters
        self._name = name
        self._clock = clock
        self._tracer = tracer
        self._meter = meter

    def __call__(self, batch: Mapping[str, Any], context: Any) -> None:  # noqa: ARG002 - Lambda passes it
        """Raises TransientError when any event could not be published for now."""
        records = batch["Records"]
        with self._tracer.receiving(self._name, records) as span:
            waiting = _by_item(Change.from_stream_record(record) for record in records)
            span.link(event for events in waiting.values() for event in events)
            self._publish_all(waiting)

    def _publish_all(self, waiting: dict[str, deque[CloudEvent]]) -> None:
        stopped: list[TransientError] = []
        settled: list[Relayed] = []
        while waiting:
            stopped += self._publish_next(waiting, settled)
        if self._meter is not None:
            self._meter.batch(settled, at=self._clock.now())
        if stopped:
            raise TransientError(f"the events of {len(stopped)} items were not all published: {stopped[0]}")

    def _publish_next(self, waiting: dict[str, deque[CloudEvent]], settled: list[Relayed]) -> list[TransientError]:
        """Each item's next event in as few calls as they fit; what stops items for now."""
        wave = {key: events.popleft() for key, events in waiting.items()}
        failures = self._publisher.publish(list(wave.values()))
        stopped: list[TransientError] = []
        for place, (key, event) in enumerate(wave.items()):
            error = failures.get(place)
            settled.append(self._settle(event, error))
            if isinstance(error, TransientError):
                stopped.append(error)
                waiting[key].clear()
            if not waiting[key]:
                del waiting[key]
        return stopped

    def _settle(self, event: CloudEvent, error: BreakwaterError | None) -> Relayed:
        fate = "relayed" if error is None else "retry" if isinstance(error, TransientError) else "dead_letter"
        if error is not None and fate == "dead_letter":
            self._dead_letters.dead_letter(event.to_json(), self._reason(event, error))
        lag = lag_ms(event, done=epoch_ms(self._clock.now()))
        line = about(event) | {"relay": self._name, "outcome": fate} | ({} if error is None else why(error))
        log = logger().info if error is None else logger().warning
        log(fate, extra=line if lag is None else line | {"age_ms": lag})
        return Relayed(event.type, fate, lag)

    def _reason(self, event: CloudEvent, error: BreakwaterError) -> dict[str, str]:
        return reason(
            error,
            consumer=self._name,
            attempts=1,
            first_seen=event.time or "",
            failed_at=self._clock.now(),
            event=event,
        )
