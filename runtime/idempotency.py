"""Effects that cannot be part of our own write, once: Powertools' idempotency, with its traps set right.

The records are those that Powertools keeps, under the keys that its `idempotent_function` gives them with the payload
`{"source": …, "id": …}`, the key `[source, id]` and the consumer as prefix. The steps are its, too. They stand here
because a key that is known needs no JMESPath, what a handler returns needs no way through JSON, and Powertools' own
module loads all of boto3: a cold start would pay for that. A test holds every call to what Powertools asks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from pydantic_core import to_json

from events.envelope import CloudEvent
from runtime.aws import later, translated
from runtime.clock import epoch_millis
from runtime.errors import DependencyUnavailable, InFlightElsewhere, TransientError
from runtime.outcome import Handle, Outcome

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

#: Longer than any event can come back: from the bus's archive (30 days at most), then a queue (4), then its DLQ (14).
#: Synthesis holds every stage to it. Powertools' own default is an hour.
RETENTION_DAYS: Final = 60
#: What the records' table has its TTL on.
EXPIRY_ATTRIBUTE: Final = "expiration"

_KEY: Final = "[source, id]"
#: Looks at a record that vanishes or expires between two looks, as often as Powertools does.
_LOOKS: Final = 3
#: What a record says, in Powertools' words.
IN_PROGRESS: Final = "INPROGRESS"
COMPLETED: Final = "COMPLETED"


class Record(NamedTuple):
    """What is known of an event that was begun.

    `expires` is in seconds since the Unix epoch, `locked_until` in milliseconds; None is never. `result` is JSON.
    """

    key: str
    status: str
    expires: int | None
    locked_until: int | None
    result: str


class AlreadyBegun(Exception):
    """There is a record, and neither it nor its lock is over. `record` is it, if the store told."""

    def __init__(self, record: Record | None) -> None:
        super().__init__()
        self.record = record


class EventRecords(Protocol):
    """Where Once remembers."""

    def begin(self, key: str, *, remaining: int | None, kept: int) -> None:
        """Lock it for `remaining` milliseconds, and keep the record for `kept` seconds. Raises AlreadyBegun."""

    def finish(self, key: str, events: list[dict[str, Any]], *, kept: int) -> None: ...

    def forget(self, key: str) -> None: ...

    def find(self, key: str) -> Record | None: ...


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


class DynamoDbRecords:
    """On a table. What it asks is what Powertools' layer asks, word for word."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._client = client
        self._table = table_name

    def begin(self, key: str, *, remaining: int | None, kept: int) -> None:
        now = epoch_millis()
        item: dict[str, Any] = {
            "id": {"S": key},
            EXPIRY_ATTRIBUTE: {"N": str(now // 1_000 + kept)},
            "status": {"S": IN_PROGRESS},
        }
        if remaining is not None:
            item["in_progress_expiration"] = {"N": str(now + remaining)}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression=_IS_FREE,
                ExpressionAttributeNames=_IS_FREE_NAMES,
                ExpressionAttributeValues={
                    ":now": {"N": str(now // 1_000)},
                    ":now_in_millis": {"N": str(now)},
                    ":inprogress": {"S": IN_PROGRESS},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            there: Mapping[str, Any] = error.response
            raise AlreadyBegun(_record_of(there["Item"]) if "Item" in there else None) from error

    def finish(self, key: str, events: list[dict[str, Any]], *, kept: int) -> None:
        self._client.update_item(
            TableName=self._table,
            Key={"id": {"S": key}},
            UpdateExpression="SET #response_data = :response_data, #expiry = :expiry, #status = :status",
            ExpressionAttributeNames=_DONE_NAMES,
            ExpressionAttributeValues={
                ":expiry": {"N": str(epoch_millis() // 1_000 + kept)},
                ":response_data": {"S": as_text(events)},
                ":status": {"S": COMPLETED},
            },
        )

    def forget(self, key: str) -> None:
        self._client.delete_item(TableName=self._table, Key={"id": {"S": key}})

    def find(self, key: str) -> Record | None:
        answer = self._client.get_item(TableName=self._table, Key={"id": {"S": key}}, ConsistentRead=True)
        return _record_of(answer["Item"]) if "Item" in answer else None


def _record_of(item: Mapping[str, Any]) -> Record:
    lock = item.get("in_progress_expiration")
    return Record(
        key=item["id"]["S"],
        status=item["status"]["S"],
        expires=int(item[EXPIRY_ATTRIBUTE]["N"]),
        locked_until=int(lock["N"]) if lock else None,
        result=item.get("data", {}).get("S", ""),
    )


def dynamodb_store(table_name: str) -> DynamoDbRecords:
    return DynamoDbRecords(later("dynamodb"), table_name)


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
            except AlreadyBegun as there:
                record = there.record or self._find(key)
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
        except AlreadyBegun:
            raise
        except Exception as error:
            raise _unavailable(error) from error

    def _find(self, key: str) -> Record | None:
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


def as_text(events: list[dict[str, Any]]) -> str:
    """Compact, for a record's bytes are paid for; Powertools reads any JSON."""
    try:
        return to_json(events).decode()
    except ValueError:  # half a character, which json can escape
        return json.dumps(events)


def _unavailable(error: Exception) -> TransientError:
    return translated(error, "idempotency store")


def _is_over(record: Record) -> bool:
    """Whether it has expired, or its lock has, since the store held it against us."""
    now = epoch_millis()
    expired = record.expires is not None and now // 1_000 > record.expires
    unlocked = record.locked_until is not None and record.locked_until < now
    return expired or (record.status == IN_PROGRESS and unlocked)


def _repeated(record: Record) -> Outcome:
    """What the first run came to. Raises InFlightElsewhere when it has not come to anything yet."""
    if record.status != COMPLETED:
        raise InFlightElsewhere(f"Execution already in progress with idempotency key: {_KEY}={record.key}")
    events = json.loads(record.result) if record.result else ()
    return Outcome(tuple(CloudEvent.parse(event) for event in events), duplicate=True)
