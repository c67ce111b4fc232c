"""Powertools' idempotency records in memory, on virtual time: the twin of DynamoDBPersistenceLayer."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyItemAlreadyExistsError,
    IdempotencyItemNotFoundError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord

from local.memory.clock import VirtualClock
from runtime.idempotency import COMPLETED, IN_PROGRESS, AlreadyBegun, Record, as_text

#: Idempotency key -> item. What a DynamoDB table is to the real layer: several layers may share one.
Table = dict[str, dict[str, Any]]


class _Record(DataRecord):
    """A record that virtual time, not this machine's, has judged: it was valid when it was read."""

    @property
    def is_expired(self) -> bool:
        return False


class MemoryIdempotency(BasePersistenceLayer):
    """Keeps records in `table` (a table of its own by default) under DynamoDBPersistenceLayer's conditions.

    It is the runtime's EventRecords, too.
    """

    def __init__(self, *, clock: VirtualClock, table: Table | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.table: Table = {} if table is None else table
        self._clock = clock
        self._remaining_millis: int | None = None

    def begin(self, key: str, *, remaining: int | None, kept: int) -> None:
        self._remaining_millis = remaining
        try:
            self._put_record(DataRecord(key, IN_PROGRESS, self._seconds() + kept))
        except IdempotencyItemAlreadyExistsError as there:
            raise AlreadyBegun(None if there.old_data_record is None else _told(there.old_data_record)) from there

    def finish(self, key: str, events: list[dict[str, Any]], *, kept: int) -> None:
        self._update_record(DataRecord(key, COMPLETED, self._seconds() + kept, response_data=as_text(events)))

    def forget(self, key: str) -> None:
        self._delete_record(DataRecord(key))

    def find(self, key: str) -> Record | None:
        try:
            return _told(self._get_record(key))
        except IdempotencyItemNotFoundError:
            return None

    def save_inprogress(self, data: dict[str, Any], remaining_time_in_millis: int | None = None) -> None:
        # The base class would turn it into a time on this machine's clock.
        self._remaining_millis = remaining_time_in_millis
        super().save_inprogress(data, remaining_time_in_millis)

    def _get_expiry_timestamp(self) -> int:
        return self._seconds() + self.expires_after_seconds

    def _get_record(self, idempotency_key: str) -> DataRecord:
        item = self.table.get(idempotency_key)
        if item is None or item["expiration"] < self._seconds():
            raise IdempotencyItemNotFoundError
        return _as_record(idempotency_key, item)

    def _put_record(self, data_record: DataRecord) -> None:
        existing = self.table.get(data_record.idempotency_key)
        if existing is not None and not self._is_free(existing):
            record = _as_record(data_record.idempotency_key, existing)
            self._validate_payload(data_payload=data_record, stored_data_record=record)
            self._save_to_cache(data_record=record)
            raise IdempotencyItemAlreadyExistsError(old_data_record=record)
        # Not data_record.status: it would hold the expiry against this machine's clock.
        item: dict[str, Any] = {"expiration": data_record.expiry_timestamp, "status": IN_PROGRESS}
        if self._remaining_millis is not None:
            item["in_progress_expiration"] = self._clock.micros // 1000 + self._remaining_millis
        if self.payload_validation_enabled and data_record.payload_hash:
            item["validation"] = data_record.payload_hash
        self.table[data_record.idempotency_key] = item

    def _update_record(self, data_record: DataRecord) -> None:
        item = self.table.setdefault(data_record.idempotency_key, {})
        item |= {
            "expiration": data_record.expiry_timestamp,
            "status": COMPLETED,
            "data": data_record.response_data,
        }
        if self.payload_validation_enabled:
            item["validation"] = data_record.payload_hash

    def _delete_record(self, data_record: DataRecord) -> None:
        self.table.pop(data_record.idempotency_key, None)

    def _is_free(self, item: dict[str, Any]) -> bool:
        """Expired, or held by an invocation that ran out of time."""
        if item["expiration"] < self._seconds():
            return True
        held_until = item.get("in_progress_expiration")
        return item["status"] == IN_PROGRESS and held_until is not None and held_until < self._clock.micros // 1000

    def _seconds(self) -> int:
        return self._clock.micros // 1_000_000


def _as_record(key: str, item: dict[str, Any]) -> DataRecord:
    # Without the lock's expiry: the caller would hold it against this machine's clock.
    return _Record(
        idempotency_key=key,
        status=item["status"],
        expiry_timestamp=item["expiration"],
        response_data=item.get("data", ""),
        payload_hash=item.get("validation", ""),
    )


def _told(record: DataRecord) -> Record:
    """Without its times, which virtual time has judged."""
    return Record(record.idempotency_key, record.status, None, None, record.response_data)
