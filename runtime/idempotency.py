"""Effects that cannot be part of our own write, once: Powertools idempotency with its traps set right.

The records are Powertools' own, under the keys that its `idempotent_function` gives them with the payload
`{"source": …, "id": …}`, the key `[source, id]` and the consumer as prefix. The steps are its, too. They stand here
because a key that is known needs no JMESPath, and what a handler returns needs no way through JSON.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii
from typing import Any, Final

from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyItemAlreadyExistsError,
    IdempotencyItemNotFoundError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import STATUS_CONSTANTS, DataRecord
from pydantic_core import to_json

from events.envelope import CloudEvent
from runtime.aws import client, translated
from runtime.clock import epoch_millis
from runtime.errors import DependencyUnavailable, InFlightElsewhere, TransientError
from runtime.outcome import Handle, Outcome

#: Longer than any event can come back: from the bus's archive (30 days at most), then a queue (4), then its DLQ (14).
#: Synthesis holds every stage to it. Powertools' own default is an hour.
RETENTION_DAYS: Final = 60
#: What the records' table has its TTL on.
EXPIRY_ATTRIBUTE: Final = "expiration"

_KEY: Final = "[source, id]"
#: Looks at a record that vanishes or expires between two looks, as often as Powertools does.
_LOOKS: Final = 3
_IN_PROGRESS: Final = STATUS_CONSTANTS["INPROGRESS"]
_COMPLETED: Final = STATUS_CONSTANTS["COMPLETED"]
_EXPIRED: Final = STATUS_CONSTANTS["EXPIRED"]


class EventRecords(BasePersistenceLayer):
    """What a persistence layer of Powertools' is to Once: records by their keys, in the layer's own terms."""

    def millis(self) -> int:
        """The time, in milliseconds since the Unix epoch."""
        return epoch_millis()

    def begin(self, key: str, *, remaining: int | None, kept: int) -> None:
        """Lock it for `remaining` milliseconds, and keep the record for `kept` seconds.

        Raises IdempotencyItemAlreadyExistsError.
        """
        now = self.millis()
        locked_until = None if remaining is None else now + remaining
        expiry = now // 1_000 + kept
        self._put_record(DataRecord(key, _IN_PROGRESS, expiry, locked_until))

    def finish(self, key: str, events: list[dict[str, Any]], *, kept: int) -> None:
        expiry = self.millis() // 1_000 + kept
        self._update_record(DataRecord(key, _COMPLETED, expiry, response_data=_as_text(events)))

    def forget(self, key: str) -> None:
        self._delete_record(DataRecord(key))

    def find(self, key: str) -> DataRecord | None:
        try:
            return self._get_record(key)
        except IdempotencyItemNotFoundError:
            return None


#: Nobody has begun, or the record is past its time, or its lock is. In Powertools' words.
_IS_FREE: Final = (
    "attribute_not_exists(#id) OR #expiry < :now OR (#status = :inprogress "
    "AND attribute_exists(#in_progress_expiry) AND #in_progress_expiry < :now_in_millis)"
)
_IS_FREE_NAMES: Final = {
    "#id": "id",
    "#expiry": EXPIRY_ATTRIBUTE,
    "#in_progress_expiry": "in_progress_expiration",
    "#status": "status",
}

_DONE_NAMES: Final = {"#expiry": EXPIRY_ATTRIBUTE, "#response_data": "data", "#status": "status"}


class _DynamoDbRecords(EventRecords, DynamoDBPersistenceLayer):
    """On a table. What it asks is what Powertools' layer asks, word for word, with less work."""

    def begin(self, key: str, *, remaining: int | None, kept: int) -> None:
        now = self.millis()
        item = {"id": {"S": key}, EXPIRY_ATTRIBUTE: {"N": str(now // 1_000 + kept)}, "status": {"S": _IN_PROGRESS}}
        if remaining is not None:
            item["in_progress_expiration"] = {"N": str(now + remaining)}
        try:
            self.client.put_item(
                TableName=self.table_name,
                Item=item,
                ConditionExpression=_IS_FREE,
                ExpressionAttributeNames=_IS_FREE_NAMES,
                ExpressionAttributeValues={
                    ":now": {"N": str(now // 1_000)},
                    ":now_in_millis": {"N": str(now)},
                    ":inprogress": {"S": _IN_PROGRESS},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self.client.exceptions.ConditionalCheckFailedException as error:
            raise IdempotencyItemAlreadyExistsError(old_data_record=self._there(error.response)) from error

    def finish(self, key: str, events: list[dict[str, Any]], *, kept: int) -> None:
        self.client.update_item(
            TableName=self.table_name,
            Key={"id": {"S": key}},
            UpdateExpression="SET #response_data = :response_data, #expiry = :expiry, #status = :status",
            ExpressionAttributeNames=_DONE_NAMES,
            ExpressionAttributeValues={
                ":expiry": {"N": str(self.millis() // 1_000 + kept)},
                ":response_data": {"S": _as_text(events)},
                ":status": {"S": _COMPLETED},
            },
        )

    def _there(self, answer: Mapping[str, Any]) -> DataRecord | None:
        return self._item_to_data_record(answer["Item"]) if "Item" in answer else None


def dynamodb_store(table_name: str) -> EventRecords:
    return _DynamoDbRecords(table_name=table_name, expiry_attr=EXPIRY_ATTRIBUTE, boto3_client=client("dynamodb"))


class Once:
    """Runs a handler once for each (`consumer`, source, id), and remembers the events it returned.

    A duplicate gets the same events back: the first run may have died between its effect and its
    publishing, and events with the same ids harm nobody.
    """

    def __init__(self, store: EventRecords, consumer: str, *, retention_days: int = RETENTION_DAYS) -> None:
        self._store = store
        self._consumer = consumer
        self._kept = retention_days * 86_400
        self._context: Any = None

    def register(self, context: Any) -> None:
        """Tie locks to this invocation's time limit, so that a lock does not outlive a function that timed out."""
        self._context = context

    def run(self, handle: Handle, event: CloudEvent) -> Outcome:
        """Raises InFlightElsewhere while another invocation holds the event, and whatever `handle` raises."""
        key = self._key(event)
        for _ in range(_LOOKS):
            try:
                self._begin(key)
            except IdempotencyItemAlreadyExistsError as there:
                record = there.old_data_record or self._find(key)
                if record is not None and not _is_over(record):
                    return _repeated(record)
            else:
                return self._first(key, handle, event)
        raise DependencyUnavailable("idempotency store: a record came and went from one look to the next")

    def _key(self, event: CloudEvent) -> str:
        """As Powertools makes it. The prefix names the consumer: by default it would be a function's qualified name,
        and a rename would forget everything that was done."""
        identity = f"[{encode_basestring_ascii(event.source)}, {encode_basestring_ascii(event.id)}]"
        return f"{self._consumer}#{hashlib.md5(identity.encode(), usedforsecurity=False).hexdigest()}"

    def _begin(self, key: str) -> None:
        remaining = None if self._context is None else self._context.get_remaining_time_in_millis()
        try:
            self._store.begin(key, remaining=remaining, kept=self._kept)
        except IdempotencyItemAlreadyExistsError:
            raise
        except Exception as error:
            raise _unavailable(error) from error

    def _find(self, key: str) -> DataRecord | None:
        try:
            return self._store.find(key)
        except Exception as error:
            raise _unavailable(error) from error

    def _first(self, key: str, handle: Handle, event: CloudEvent) -> Outcome:
        try:
            events = handle(event).events
        except Exception:
            self._forget(key)
            raise
        try:
            self._store.finish(key, [caused.to_dict() for caused in events], kept=self._kept)
        except Exception as error:
            raise _unavailable(error) from error
        return Outcome(events)

    def _forget(self, key: str) -> None:
        try:
            self._store.forget(key)
        except Exception as error:
            raise _unavailable(error) from error


def _as_text(events: list[dict[str, Any]]) -> str:
    """Compact, for a record's bytes are paid for; Powertools reads any JSON."""
    try:
        return to_json(events).decode()
    except ValueError:  # half a character, which json can escape
        return json.dumps(events)


def _unavailable(error: Exception) -> TransientError:
    return translated(error, "idempotency store")


def _is_over(record: DataRecord) -> bool:
    """Whether it has expired, or its lock has, since the store held it against us."""
    locked_until = record.in_progress_expiry_timestamp
    lock_is_over = locked_until is not None and locked_until < epoch_millis()
    return record.status == _EXPIRED or (record.status == _IN_PROGRESS and lock_is_over)


def _repeated(record: DataRecord) -> Outcome:
    """What the first run came to. Raises InFlightElsewhere when it has not come to anything yet."""
    if record.status == _IN_PROGRESS:
        raise InFlightElsewhere(f"Execution already in progress with idempotency key: {_KEY}={record.idempotency_key}")
    events = record.response_json_as_dict() or ()
    return Outcome(tuple(CloudEvent.parse(event) for event in events), duplicate=True)
