"""Events in the outboxes of billing's table. Items are read by their keys, all of them only if that is asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from events.envelope import CloudEvent, InvalidEvent
from functions.billing.adapters.dynamodb import DynamoDbInvoices, Table
from functions.billing.manifest import RELAY, SERVICE
from ops.letters.asking import asking
from ops.story.evidence import Kept
from ops.target import Target
from runtime.outbox import ATTRIBUTE

#: Items of a table that is scanned without being asked to: a demonstration's, or a test's.
TINY: Final = 1_000
#: A customer's newest invoices, as far as their outboxes are read.
_INVOICES: Final = 10


class Outboxes:
    """Methods raise TransientError or CannotAsk when the table cannot be read."""

    def __init__(self, target: Target) -> None:
        self._client = target.client("dynamodb")
        self._table = target.stage.resource_name(SERVICE.name)
        self._invoices = DynamoDbInvoices(Table(self._client, self._table))

    def of_invoices(self, invoice_ids: Collection[str]) -> list[Kept]:
        found = [(id_, self._invoices.find(id_)) for id_ in sorted(invoice_ids)]
        return [kept for id_, stored in found if stored for kept in self._kept(id_, stored.outbox)]

    def invoices_of(self, customer_id: str) -> list[str]:
        """The ids of the customer's newest invoices."""
        page = self._invoices.of_customer(customer_id, limit=_INVOICES)
        return [invoice.id for invoice in page.invoices]

    @property
    def is_tiny(self) -> bool:
        with asking(self._table):
            table = self._client.describe_table(TableName=self._table)["Table"]
        return int(table.get("ItemCount", 0)) <= TINY

    def scan(self, text: str) -> list[Kept]:
        """All events that have `text` in them. Reads the whole table."""
        names = {"#outbox": ATTRIBUTE}
        with asking(self._table):
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table,
                ProjectionExpression="id, #outbox",
                FilterExpression="attribute_exists(#outbox)",
                ExpressionAttributeNames=names,
            )
            items: list[Any] = [item for page in pages for item in page["Items"]]
        entries = [(item["id"]["S"], [entry["S"] for entry in item[ATTRIBUTE]["L"]]) for item in items]
        return [kept for id_, texts in entries for kept in self._kept(id_, [t for t in texts if text in t])]

    def _kept(self, invoice_id: str, entries: Collection[str]) -> Iterator[Kept]:
        for entry in entries:
            try:
                event = CloudEvent.parse(entry)
            except InvalidEvent:  # nobody but the relay need be able to read it
                continue
            yield Kept(event=event, item=f"invoice {invoice_id}", table=self._table, relay=RELAY.function.name)
