"""The outbox: events wait inside the item whose change they announce, until the stream relay publishes them.

Each write carries the item's outbox along and adds to it. The relay sees every write, in each item's
order, and publishes what a write added. Entries leave the outbox with a later write, once they are older
than the stream can be behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from events.envelope import CloudEvent
from runtime.errors import TransientError
from runtime.publisher import Publisher
from runtime.telemetry import logger

#: The item attribute: a list of strings, each one event in the JSON event format.
ATTRIBUTE: Final = "outbox"
#: Twice what a DynamoDB stream keeps.
KEPT: Final = timedelta(hours=48)


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
    """The outbox with `events` added, and without entries that were published long ago."""
    kept = (entry for entry in outbox if _is_recent(entry, now))
    return (*kept, *(event.to_json() for event in events))


def _is_recent(entry: str, now: datetime) -> bool:
    occurred_at = CloudEvent.parse(entry).occurred_at
    return occurred_at is None or now - occurred_at < KEPT


class OutboxRelay:
    """Lambda entry point for a table's stream: publishes what each write added, in order.

    Any failure fails the batch, and the stream delivers it again: nothing overtakes, and what was
    published twice has the same ids.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    def __call__(self, batch: Mapping[str, Any], context: Any) -> None:  # noqa: ARG002 - Lambda passes it
        """Raises TransientError when any event could not be published."""
        changes = [Change.from_stream_record(record) for record in batch["Records"]]
        events = [event for change in changes for event in change.added]
        failures = self._publisher.publish(events)
        for event in events:
            error = failures.get(event.identity)
            logger().info(
                "relayed" if error is None else "relay_failed",
                extra={
                    "event_id": event.id,
                    "event_source": event.source,
                    "event_type": event.type,
                    "correlation_id": event.correlation_id,
                    "error_message": str(error or "") or None,
                },
            )
        if failures:
            raise TransientError(
                f"{len(failures)} of {len(events)} events were not published: {next(iter(failures.values()))}"
            )
