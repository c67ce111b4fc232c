"""What billing needs from a store. `adapters/` has two of each: DynamoDB's and the memory twin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from functions.billing.domain import Decision, Invoice
from runtime.errors import TransientError


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRecord:
    """One entry of the ledger. Its identity is (`source`, `id`): that of the event that told of it."""

    customer_id: str
    period: str
    source: str
    id: str
    meter: str
    quantity: int
    used_at: datetime

    @property
    def identity(self) -> tuple[str, str]:
        return (self.source, self.id)


class UsageLedger(Protocol):
    def record_all(self, usages: Sequence[UsageRecord]) -> Mapping[tuple[str, str], TransientError]:
        """Write the entries; those that could not be written for now are in the answer, by (source, id).

        Of one customer's period, an identity is one entry: writing it again changes nothing. One identity with two
        meanings is two events that a producer has given one name: CloudEvents forbids it, and to detect it would
        cost a second write for every record.
        """

    def totals(self, customer_id: str, period: str) -> Mapping[str, int]:
        """Units by meter, with everything that was recorded before the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer's account in one period.

    `touched` counts reports of usage; it is ahead of `closed` when there is usage that no close has seen.
    `billed` are the units on invoices by meter, `invoices` how many invoices that took.
    """

    period: str
    customer_id: str
    touched: int = 0
    closed: int = 0
    billed: Mapping[str, int] = field(default_factory=dict)
    invoices: int = 0


class Accounts(Protocol):
    def touch(self, period: str, customer_id: str) -> None:
        """Count one more report of usage. Call it after the ledger has the usage."""

    def find(self, period: str, customer_id: str) -> Account:
        """The account as it is now; an empty one when there was no usage."""

    def unsettled(self, period: str) -> Iterator[Account]:
        """The accounts whose `touched` is ahead of `closed`."""

    def close(self, account: Account, *, billed: Mapping[str, int], decision: Decision | None, now: datetime) -> None:
        """Set `closed` to the account's `touched` and `billed`, and store the decision's new invoice, in one write.

        Raises Conflict, with nothing written, when the account was closed by somebody else meanwhile.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An invoice as it lies in the store: `version` guards the next write, `outbox` are its events as JSON."""

    invoice: Invoice
    version: int
    outbox: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some invoices; `cursor` opens the next page, None is the end."""

    invoices: tuple[Invoice, ...]
    cursor: str | None = None


class InvalidCursor(ValueError):
    """The cursor is not one that this listing gave."""


class Invoices(Protocol):
    def find(self, invoice_id: str) -> Stored | None:
        """The invoice as the last write left it."""

    def save(self, decision: Decision, *, over: Stored | None, now: datetime) -> None:
        """Store the decision, state and events in one write, over what was found; `over=None` for a new invoice.

        Raises Conflict, with nothing written, when somebody else was faster.
        """

    def of_customer(self, customer_id: str, *, limit: int, cursor: str | None = None) -> Page:
        """A customer's invoices, newest first. A new invoice may show up a moment late.

        Raises InvalidCursor.
        """
