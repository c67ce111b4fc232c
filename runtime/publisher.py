"""Events to EventBridge: as few calls as AWS allows, and no entry lost on the way without a word."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, cast

from events.batches import CHUNK
from events.binding import Entry, entry_size, to_entry
from events.envelope import CloudEvent
from runtime.aws import aws_errors
from runtime.claim_check import ClaimChecks, checked_in
from runtime.clock import Clock
from runtime.errors import BreakwaterError, DependencyUnavailable, Throttled, TransientError, Unpublishable
from runtime.packing import Parcel, packed
from runtime.telemetry import about, logger
from runtime.tracing import PASSIVE, Tracer, begun_here

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient
    from types_boto3_events.type_defs import PutEventsRequestEntryTypeDef

#: PutEvents' limits. The byte limit is exclusive and counts all entries of a call; some regions still have 256 KB.
MAX_ENTRIES: Final = 10
MAX_BYTES: Final = 1_000_000
MAX_DETAIL_TYPE: Final = 128
#: EventBridge bills an event for each 64 KiB begun: one this large is worth a look at what it carries.
LARGE: Final = CHUNK

#: Entries with these codes may succeed when sent again; all others are refused for good.
_RETRYABLE: Final = {"ThrottlingException": Throttled, "InternalFailure": DependencyUnavailable}
_ATTEMPTS: Final = 3

Failures = Mapping[int, BreakwaterError]


class EntryResult(NamedTuple):
    """What became of one entry: accepted when `error_code` is None."""

    error_code: str | None = None
    error_message: str = ""


class EventBus(Protocol):
    def put(self, entries: Sequence[Entry]) -> Sequence[EntryResult]:
        """One PutEvents call; results stand in the entries' order. Raises TransientError when the call fails whole."""


class EventBridgeBus:
    """The real one."""

    def __init__(self, client: EventBridgeClient) -> None:
        self._client = client

    def put(self, entries: Sequence[Entry]) -> Sequence[EntryResult]:
        with aws_errors("EventBridge"):
            answer = self._client.put_events(Entries=cast("list[PutEventsRequestEntryTypeDef]", list(entries)))
        return [EntryResult(e.get("ErrorCode"), e.get("ErrorMessage", "")) for e in answer["Entries"]]


class Publisher:
    """Publishes to one bus.

    `max_bytes` is the limit of one call as AWS counts it (events.binding.entry_size). With `claims`, the data of
    an event that reaches it is checked in, and the event travels with the reference. Events of the types in `batched`
    may share an entry (runtime.packing).
    """

    def __init__(
        self,
        bus: EventBus,
        bus_name: str,
        clock: Clock,
        *,
        claims: ClaimChecks | None = None,
        max_bytes: int = MAX_BYTES,
        batched: Iterable[str] = (),
        jitter: Callable[[float, float], float] = random.uniform,
        tracer: Tracer = PASSIVE,
    ) -> None:
        self._bus = bus
        self._bus_name = bus_name
        self._clock = clock
        self._claims = claims
        self._max_bytes = max_bytes
        self._batched = frozenset(batched)
        self._jitter = jitter
        self._tracer = tracer

    def publish(self, events: Sequence[CloudEvent]) -> Failures:
        """Send the events in their order; what could not be sent is in the answer, by its place among them.

        Not by its identity: one event may be there in several versions, or twice. Unpublishable stands for an event
        that no retry can save, TransientError for one that another try may.
        """
        failures: dict[int, BreakwaterError] = {}
        parcels: list[Parcel] = []
        for place, event in enumerate(map(begun_here, events)):
            try:
                parcels.append(Parcel(self._entry(event), (event,), (place,)))
            except BreakwaterError as error:
                failures[place] = error
        down: BreakwaterError | None = None
        for chunk in self._chunks(packed(parcels, self._batched) if self._batched else parcels):
            # A bus that took nothing of one call is not asked for the next: there is a time limit to all this.
            failed = self._send(chunk) if down is None else _by_place(_Failed(parcel, down) for parcel in chunk)
            failures.update(failed)
            if len(failed) == sum(len(parcel.places) for parcel in chunk):
                down = next((e for e in failed.values() if isinstance(e, TransientError)), None)
        return failures

    def _entry(self, event: CloudEvent) -> Entry:
        """What to send. Raises Unpublishable, and TransientError for data that cannot be checked in for now."""
        entry = to_entry(event, self._bus_name)
        if entry["Source"].startswith("aws."):
            raise _unpublishable(event, "sources that start with 'aws.' are reserved")
        if len(entry["DetailType"]) > MAX_DETAIL_TYPE:
            raise _unpublishable(event, f"type is longer than {MAX_DETAIL_TYPE} characters")
        if (size := entry_size(entry)) >= LARGE:
            logger().warning("large_event", extra=about(event) | {"bytes": size})
        return entry if size < self._max_bytes else self._claimed(event, size)

    def _claimed(self, event: CloudEvent, size: int) -> Entry:
        if self._claims is None:
            raise _unpublishable(event, f"{size} bytes are over the bus's limit of {self._max_bytes}")
        entry = to_entry(checked_in(event, self._claims), self._bus_name)
        if (rest := entry_size(entry)) >= self._max_bytes:
            raise _unpublishable(event, f"{rest} bytes without its data are over the bus's limit of {self._max_bytes}")
        return entry

    def _chunks(self, parcels: Sequence[Parcel]) -> Iterator[list[Parcel]]:
        chunk: list[Parcel] = []
        total = 0
        for parcel in parcels:
            size = entry_size(parcel.entry)
            if chunk and (len(chunk) == MAX_ENTRIES or total + size >= self._max_bytes):
                yield chunk
                chunk, total = [], 0
            chunk.append(parcel)
            total += size
        if chunk:
            yield chunk

    def _send(self, chunk: list[Parcel]) -> dict[int, BreakwaterError]:
        """What failed for good, by place."""
        refused: dict[int, BreakwaterError] = {}
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._clock.sleep(self._jitter(0, 0.1 * 2**attempt))
            errors = self._attempt(chunk)
            refused.update(_by_place(e for e in errors if not isinstance(e.error, TransientError)))
            again = [e for e in errors if isinstance(e.error, TransientError)]
            if not again:
                return refused
            chunk = [e.parcel for e in again]
        return refused | _by_place(again)

    def _attempt(self, chunk: list[Parcel]) -> list[_Failed]:
        try:
            with self._tracer.sending(self._bus_name, [event for parcel in chunk for event in parcel.events]):
                results = self._bus.put([parcel.entry for parcel in chunk])
        except TransientError as error:
            return [_Failed(parcel, error) for parcel in chunk]
        return [
            _Failed(parcel, _RETRYABLE.get(code, Unpublishable)(f"{_named(parcel)}: {code}: {message}"))
            for parcel, (code, message) in zip(chunk, results, strict=True)
            if code is not None
        ]


class _Failed(NamedTuple):
    parcel: Parcel
    error: BreakwaterError


def _by_place(failed: Iterable[_Failed]) -> dict[int, BreakwaterError]:
    return {place: error for parcel, error in failed for place in parcel.places}


def _named(parcel: Parcel) -> str:
    event, others = parcel.events[0], len(parcel.events) - 1
    return f"{event.type} {event.id}" + (f" and {others} more" if others else "")


def _unpublishable(event: CloudEvent, why: str) -> Unpublishable:
    return Unpublishable(f"{event.type} {event.id}: {why}")
