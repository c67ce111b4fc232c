"""Usage for a run: events of which the n-th is always the same, and what the stack has made of them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final, NamedTuple

from events.catalog import PartnerUsageReported, initial
from events.envelope import CloudEvent
from functions.billing.manifest import USAGE
from functions.billing.periods import period_of
from functions.ingestion.api import MAX_BATCH
from functions.ingestion.domain import normalised
from functions.ingestion.manifest import CONSUMER as INGESTION
from local.embedded.client import Client, DeadLetter, Refused
from local.embedded.polling import wait_until
from local.embedded.stack import Stack

CONSUMERS: Final = (INGESTION, USAGE)
_CUSTOMERS: Final = tuple(f"cus_{n}" for n in range(20))
_METERS: Final = ("api_calls", "storage_gb_hours", "seats")
_PATIENCE: Final = 60


@dataclass(frozen=True)
class Traffic:
    """`count` events, reported to have happened at `moment`."""

    count: int
    moment: datetime
    seed: int

    def batches(self) -> Iterator[Sequence[CloudEvent]]:
        """Of many sizes."""
        chance, start = random.Random(self.seed), 0  # noqa: S311 - a schedule, not a secret
        while start < self.count:
            end = min(start + chance.randint(1, MAX_BATCH), self.count)
            yield [self.event(n) for n in range(start, end)]
            start = end

    def event(self, n: int) -> CloudEvent:
        payload = PartnerUsageReported(
            customer_id=_CUSTOMERS[n % len(_CUSTOMERS)],
            meter=_METERS[n % len(_METERS)],
            quantity=1 + n % 7,
            used_at=self.moment,
        )
        return initial(payload, id=f"usage-{n}", source="metering-partner", time=self.moment)

    @property
    def period(self) -> str:
        return period_of(self.moment)

    @cached_property
    def booked_as(self) -> Mapping[str, str]:
        """Id under which the ledger has an event -> id under which it was sent."""
        return {normalised(event, self.moment).id: event.id for event in map(self.event, range(self.count))}


class Booked(NamedTuple):
    customer: str
    meter: str
    quantity: int


@dataclass(frozen=True)
class Books:
    """What the stack says of the traffic that it was sent."""

    stack: Stack
    traffic: Traffic

    @cached_property
    def ledger(self) -> Mapping[str, Booked]:
        """By event id, straight from the table."""
        return {id_: entry for customer in _CUSTOMERS for id_, entry in self._of(customer)}

    @cached_property
    def letters(self) -> Mapping[str, Sequence[DeadLetter]]:
        """Consumer -> its dead letters."""
        client = Client(self.stack)
        return {consumer.name: client.dead_letters(consumer.name) for consumer in CONSUMERS}

    @property
    def lost(self) -> int:
        """Events that were accepted, and are neither booked nor dead."""
        dead = {letter.reason.get("event_id") for letters in self.letters.values() for letter in letters}
        missing = self.traffic.booked_as.keys() - self.ledger.keys()
        return sum(not {id_, self.traffic.booked_as[id_]} & dead for id_ in missing)

    @property
    def strange(self) -> int:
        """Entries that nobody sent."""
        return len(self.ledger.keys() - self.traffic.booked_as.keys())

    @property
    def unexplained(self) -> int:
        """Dead letters without a reason."""
        return sum("reason" not in letter.reason for letters in self.letters.values() for letter in letters)

    @property
    def reasons(self) -> Mapping[str, int]:
        """Dead letters by consumer and reason."""
        return Counter(
            f"{consumer}: {letter.reason.get('reason', 'none')}"
            for consumer, letters in self.letters.items()
            for letter in letters
        )

    @property
    def wrong_totals(self) -> int:
        """Customers for whom the API says anything else than the sum of what the ledger holds."""
        expected: dict[str, Counter[str]] = {}
        for entry in self.ledger.values():
            expected.setdefault(entry.customer, Counter())[entry.meter] += entry.quantity
        return sum(self._total(customer) != totals for customer, totals in expected.items())

    def _of(self, customer: str) -> Iterator[tuple[str, Booked]]:
        table = self.stack.variable("billing", "billing-api", "BILLING_TABLE")
        query = {"KeyConditionExpression": "pk = :pk", "ConsistentRead": True}
        key = {":pk": {"S": f"USAGE#{customer}#{self.traffic.period}"}}
        pages = self.stack.cloud.client("dynamodb").get_paginator("query")
        for page in pages.paginate(TableName=table, ExpressionAttributeValues=key, **query):
            for item in page["Items"]:
                yield item["id"]["S"], Booked(customer, item["meter"]["S"], int(item["quantity"]["N"]))

    def _total(self, customer: str) -> Mapping[str, int]:
        """Asked again when a fault is in the way."""

        def asked() -> Mapping[str, int] | None:
            try:
                return Client(self.stack).usage(customer, self.traffic.period)
            except (Refused, OSError):
                return None

        return wait_until(asked, what="the API says the totals", timeout=_PATIENCE)
