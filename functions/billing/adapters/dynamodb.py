"""Billing's store on DynamoDB: one table (see items.py for its keys). Accounts are in accounts.py.

AWS's errors come out as DependencyUnavailable or Throttled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from functions.billing.adapters.cursors import cursor_at, invoice_id_at, place_at
from functions.billing.adapters.items import (
    Item,
    customer_pk,
    invoice_item,
    invoice_key,
    packed,
    stored_of,
    usage_item,
    usage_pk,
)
from functions.billing.domain import Decision
from functions.billing.ports import LedgerPage, Page, Stored, UsageRecord
from runtime.aws import aws_errors
from runtime.clock import Clock
from runtime.errors import Conflict, DependencyUnavailable, Throttled, TransientError
from runtime.outbox import extended

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

BY_CUSTOMER: Final = "by-customer"

#: BatchWriteItem's limit.
MAX_BATCH: Final = 25
_WRITE_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Table:
    """A client and the table that it is meant for."""

    client: DynamoDBClient
    name: str

    def get(self, key: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Strongly consistent."""
        with aws_errors("DynamoDB"):
            return self.client.get_item(TableName=self.name, Key=key, ConsistentRead=True).get("Item")

    def pages(self, start: Item | None = None, **how: Any) -> Iterator[tuple[Sequence[Item], Item | None]]:
        """A query's items, all or those behind the key `start`, strongly consistent; with the key that a page ends at,
        which is None for the last.
        """
        while True:
            begin: Any = {} if start is None else {"ExclusiveStartKey": start}
            with aws_errors("DynamoDB"):
                answer = self.client.query(TableName=self.name, ConsistentRead=True, **how, **begin)
            start = answer.get("LastEvaluatedKey")
            yield answer["Items"], start
            if start is None:
                return

    def update(self, how: Any) -> None:
        """Raises ClientError when its condition does not hold. `how` is UpdateItem's, the table's name included."""
        with aws_errors("DynamoDB"):
            self.client.update_item(**how)

    def transact(self, writes: Sequence[Any]) -> None:
        """All of them or none. Raises ClientError when it is cancelled."""
        with aws_errors("DynamoDB"):
            self.client.transact_write_items(TransactItems=writes)


class DynamoDbLedger:
    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def record_all(self, usages: Sequence[UsageRecord]) -> Mapping[tuple[str, str], TransientError]:
        """BatchWriteItem, 25 at a time. A call may not write one key twice: of equal identities the last stands."""
        items = {_key(item): item for item in map(usage_item, usages)}
        failures = self._write_all(items)
        keys = {usage.identity: _key(usage_item(usage)) for usage in usages} if failures else {}
        return {identity: failures[key] for identity, key in keys.items() if key in failures}

    def _write_all(self, items: Mapping[tuple[str, str], Item]) -> dict[tuple[str, str], TransientError]:
        """A table that took nothing of a call is not asked again: the function's time is for those it can serve."""
        failures: dict[tuple[str, str], TransientError] = {}
        for start in range(0, len(items), MAX_BATCH):
            chunk = dict(islice(items.items(), start, start + MAX_BATCH))
            missed = self._write(chunk)
            failures |= missed
            if len(missed) == len(chunk):
                rest = islice(items, start + MAX_BATCH, None)
                return failures | dict.fromkeys(rest, next(iter(missed.values())))
        return failures

    def _write(self, items: Mapping[tuple[str, str], Item]) -> dict[tuple[str, str], TransientError]:
        """What DynamoDB leaves over is throttled: that is asked for again, a little later each time."""
        left = dict(items)
        for attempt in range(_WRITE_ATTEMPTS):
            self._clock.sleep(0.05 * attempt)
            try:
                left = {_key(item): item for item in self._put(list(left.values()))}
            except TransientError as error:
                return dict.fromkeys(left, error)
            if not left:
                return {}
        return dict.fromkeys(left, Throttled("DynamoDB left the usage unprocessed"))

    def _put(self, items: Sequence[Item]) -> list[Any]:
        """The items that were not written."""
        writes: Any = [{"PutRequest": {"Item": item}} for item in items]
        with aws_errors("DynamoDB"):
            answer = self._table.client.batch_write_item(RequestItems={self._table.name: writes})
        return [write["PutRequest"]["Item"] for write in answer["UnprocessedItems"].get(self._table.name, ())]

    def totals(self, customer_id: str, period: str) -> Mapping[str, int]:
        totals = Counter[str]()
        for page in self.pages(customer_id, period):
            totals.update(page.units)
        return totals

    def pages(self, customer_id: str, period: str, *, after: str | None = None) -> Iterator[LedgerPage]:
        pk = usage_pk(customer_id, period)
        pages = self._table.pages(
            start=packed({"pk": pk, "sk": after}) if after is not None else None,
            KeyConditionExpression="pk = :pk",
            ProjectionExpression="meter, quantity",
            ExpressionAttributeValues=packed({":pk": pk}),
        )
        for entries, last in pages:
            units = Counter[str]()
            for entry in entries:
                units[entry["meter"]["S"]] += int(entry["quantity"]["N"])
            yield LedgerPage(units=units, after=last["sk"]["S"] if last else None)


class DynamoDbInvoices:
    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, invoice_id: str) -> Stored | None:
        item = self._table.get(invoice_key(invoice_id))
        return stored_of(item) if item else None

    def save(self, decision: Decision, *, over: Stored | None, now: datetime) -> None:
        try:
            with aws_errors("DynamoDB"):
                self._table.client.put_item(**put_invoice(self._table, decision, over=over, now=now))
        except ClientError as error:
            raise refusal(error, f"invoice {decision.invoice.id}") from error

    def of_customer(self, customer_id: str, *, limit: int, cursor: str | None = None) -> Page:
        start = {"ExclusiveStartKey": _index_key(customer_id, place_at(cursor))} if cursor else {}
        with aws_errors("DynamoDB"):
            answer = self._table.client.query(
                TableName=self._table.name,
                IndexName=BY_CUSTOMER,
                KeyConditionExpression="gsi1pk = :customer",
                ExpressionAttributeValues=packed({":customer": customer_pk(customer_id)}),
                ScanIndexForward=False,
                Limit=limit + 1,
                **start,
            )
        shown = answer["Items"][:limit]
        more = len(answer["Items"]) > limit or (shown and "LastEvaluatedKey" in answer)
        return Page(
            invoices=tuple(stored_of(item).invoice for item in shown),
            cursor=cursor_at(shown[-1]["gsi1sk"]["S"]) if more else None,
        )


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def put_invoice(table: Table, decision: Decision, *, over: Stored | None, now: datetime) -> Any:
    """A PutItem that succeeds only over the version that was read, or where there is nothing."""
    stored = Stored(
        invoice=decision.invoice,
        version=over.version + 1 if over else 1,
        outbox=extended(over.outbox if over else (), decision.events, now),
    )
    put = {"TableName": table.name, "Item": invoice_item(stored)}
    if over is None:
        return put | {"ConditionExpression": "attribute_not_exists(pk)"}
    return put | {
        "ConditionExpression": "version = :read",
        "ExpressionAttributeValues": packed({":read": over.version}),
    }


def _index_key(customer_id: str, place: str) -> Any:
    return packed({"gsi1pk": customer_pk(customer_id), "gsi1sk": place}) | invoice_key(invoice_id_at(place))


def refusal(error: ClientError, what: str) -> TransientError:
    """A cancelled transaction says for each of its writes why; a failed condition says only that."""
    reasons: Any = error.response.get("CancellationReasons", [{"Code": "ConditionalCheckFailed"}])
    codes = {reason.get("Code") for reason in reasons}
    if codes & {"ConditionalCheckFailed", "TransactionConflict"}:
        return Conflict(f"{what} was changed by somebody else")
    if codes & {"ThrottlingError", "ProvisionedThroughputExceeded"}:
        return Throttled(f"{what}: {error}")
    return DependencyUnavailable(f"{what}: {error}")
