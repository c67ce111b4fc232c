"""What billing needs from a store. `adapters/` has two of each: DynamoDB's and the memory twin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, Self

from events.envelope import CloudEvent
from functions.billing.domain import Decision, Invoice
from functions.billing.due import Place
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


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPage:
    """Some entries: their units by meter. `after` is where the next page begins, None at the end."""

    units: Mapping[str, int]
    after: str | None = None


class UsageLedger(Protocol):
    def record_all(self, usages: Sequence[UsageRecord]) -> Mapping[tuple[str, str], TransientError]:
        """Write the entries; those that could not be written for now are in the answer, by (source, id).

        Of one customer's period, an identity is one entry: writing it again changes nothing. One identity with two
        meanings is two events that a producer has given one name: CloudEvents forbids it, and to detect it would
        cost a second write for every record.
        """

    def totals(self, customer_id: str, period: str) -> Mapping[str, int]:
        """Units by meter, with everything that was recorded before the call."""

    def pages(self, customer_id: str, period: str, *, after: str | None = None) -> Iterator[LedgerPage]:
        """The ledger a part at a time, from its beginning or from where an earlier page ended.

        Everything is in it that was recorded before the call, but behind `after` alone.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How far an account's ledger has been added up: to `after`, which is None before its first page and at its end.

    `touched` is the account's from before the first page was read. What was reported since may be in it or not.
    """

    touched: int
    units: Mapping[str, int] = field(default_factory=dict)
    after: str | None = None

    def plus(self, page: LedgerPage) -> Self:
        units = {meter: self.units.get(meter, 0) + page.units.get(meter, 0) for meter in {**self.units, **page.units}}
        return type(self)(touched=self.touched, units=units, after=page.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer's account in one period.

    `touched` counts reports of usage; it is ahead of `closed` when there is usage that no close has seen.
    `billed` are the units on invoices by meter, `invoices` how many invoices that took. `tally` is there while a
    close is under way that takes more than one invocation. `unspread` is the part of it, counted in, that lies where
    accounts lay before they were spread over shards: its own `touched` and `closed`.
    """

    period: str
    customer_id: str
    touched: int = 0
    closed: int = 0
    billed: Mapping[str, int] = field(default_factory=dict)
    invoices: int = 0
    tally: Tally | None = None
    unspread: tuple[int, int] | None = None

    @property
    def place(self) -> Place:
        return Place(period=self.period, customer_id=self.customer_id)

    @property
    def is_settled(self) -> bool:
        return self.touched <= self.closed


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """Some accounts, as they lie in one shard. `after` is where the next page begins; None where a period ends."""

    accounts: tuple[Account, ...]
    after: Place | None = None


class Accounts(Protocol):
    def touch(self, period: str, customer_id: str) -> None:
        """Count one more report of usage. Call it after the ledger has the usage."""

    def find(self, period: str, customer_id: str) -> Account:
        """The account as it is now; an empty one when there was no usage."""

    def unsettled(self, shard: str, periods: Sequence[str], *, after: Place | None = None) -> Iterator[AccountPage]:
        """The accounts of a shard whose `touched` is ahead of `closed`, by period: all, or those behind a place."""

    def keep(self, account: Account, tally: Tally) -> None:
        """Keep the tally, over the one that the account was found with.

        Raises InFlightElsewhere, with nothing written, when another invocation has kept one or closed it meanwhile.
        """

    def close(self, account: Account, *, billed: Mapping[str, int], decision: Decision | None, now: datetime) -> None:
        """Set `closed` to the account's `touched`, and `billed`, and store the decision's new invoice, in one write.

        Its tally is gone with that, and it lies in its shard as a whole.

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


class Agenda(Protocol):
    def add(self, due: Sequence[CloudEvent]) -> None:
        """Put them all on the queue of what is due. Raises TransientError when one may not be there: add all again."""
