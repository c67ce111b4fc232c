"""Queues and streams: whatever a message is, it ends in an effect, a rejection or a dead letter with a reason.

Or it is let pass, when it says that the same event comes in an older version that is known.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from events.binding import batch_in, events_in
from events.envelope import CloudEvent, InvalidEvent
from events.versions import OlderVersionTravels
from functions.billing import manifest as billing
from functions.ingestion import manifest as ingestion
from functions.ingestion.domain import normalised
from functions.notification import manifest as notification
from local.memory.company import Company
from local.memory.queue import QueueRefused
from runtime.outbox import Change
from tests.fuzz.contract import holds_for, is_reason

_START = datetime(2026, 5, 20, 14, 30, tzinfo=UTC)
_SERVICES = (ingestion.SERVICE, billing.SERVICE, notification.SERVICE)
_CONSUMERS = [consumer for service in _SERVICES for consumer in service.consumers]


def fuzz_consumer(data: bytes) -> None:
    """The bytes as a message in each consumer's queue."""
    company = _company()
    with suppress(QueueRefused):
        for consumer in _CONSUMERS:
            company.cloud.queue(consumer.name).send(data.decode(errors="replace"))
        company.cloud.run()
        found = _found_in(data.decode(errors="replace"))
        settled = _told_by_ingestion(company) + len(company.cloud.dlq(ingestion.CONSUMER.name))
        assert settled + sum(map(_is_left_to_an_older_version, found)) == len(found)
    _all_is_settled(company)


def fuzz_stream_record(data: bytes) -> None:
    """The bytes, if they are an event, as one in an outbox: it gets onto the bus, or it is a dead letter."""
    company = _company()
    with suppress(InvalidEvent):
        event = CloudEvent.parse(data)
        change = Change(key="INVOICE#1", new=("an older one", event.to_json()), old=("an older one",))
        assert Change.from_stream_record(change.to_stream_record(1)) == change
        company.cloud.stream(billing.RELAY.function.name).put(change)
        company.cloud.run()
        published = [e for e in company.cloud.bus.archive if e["detail"].get("id") == event.id]
        assert published or company.cloud.dlq(billing.RELAY.function.name).peek()
    _all_is_settled(company)


def _company() -> Company:
    return Company(seed=1, start=_START, archive=True)


def _told_by_ingestion(company: Company) -> int:
    """What ingestion made of the message: events with its source, or contacts, which it forwards as they are."""
    types = {*ingestion.SERVICE.emits}
    told = [envelope["detail"] for envelope in company.cloud.bus.archive if envelope["detail-type"] in types]
    return sum(len(batch_in(detail) or [detail]) for detail in told)


def _found_in(body: str) -> list[CloudEvent | InvalidEvent]:
    try:
        return events_in(body)
    except InvalidEvent as error:
        return [error]


def _is_left_to_an_older_version(found: CloudEvent | InvalidEvent) -> bool:
    try:
        if isinstance(found, CloudEvent):
            normalised(found, _START)
    except InvalidEvent as error:
        return isinstance(error, OlderVersionTravels)
    return False


def _all_is_settled(company: Company) -> None:
    for function in (function for service in _SERVICES for function in service.functions):
        assert not company.cloud.function(function.name).errors
    for consumer in _CONSUMERS:
        assert len(company.cloud.queue(consumer.name)) == 0
        assert all(is_reason(message.attributes) for message in company.cloud.dlq(consumer.name).peek())
    assert all(is_reason(m.attributes) for m in company.cloud.dlq(billing.RELAY.function.name).peek())
    for envelope in company.cloud.bus.archive:
        holds_for(CloudEvent.parse(envelope["detail"]))
