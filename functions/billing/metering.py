"""Usage into the ledger, a batch at a time. Writing it again changes nothing, so nobody remembers what was written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from events.catalog import IngestionUsageRecorded, payload_of
from events.envelope import CloudEvent, InvalidEvent, Problem
from functions.billing.periods import accepting_period, period_of
from functions.billing.ports import Accounts, UsageLedger, UsageRecord
from functions.billing.rating import PriceBook
from runtime.clock import Clock
from runtime.errors import BusinessRuleViolated, TransientError
from runtime.outcome import Outcome

_Failures = dict[tuple[str, str], TransientError]


class Metering:
    def __init__(self, *, ledger: UsageLedger, accounts: Accounts, prices: PriceBook, clock: Clock) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._prices = prices
        self._clock = clock
        self._touched = _Touched()

    def record(self, events: Sequence[CloudEvent]) -> Sequence[Outcome | Exception]:
        """Write the usage into the ledger and touch the accounts that it is on (see Together)."""
        now = self._clock.now()
        read = [self._read(event, now) for event in events]
        usages = [usage for usage in read if isinstance(usage, UsageRecord)]
        failures = dict(self._ledger.record_all(usages))
        # Also for a repeat: the first run may have stopped between the ledger and the account.
        failures |= self._touch_all([usage for usage in usages if usage.identity not in failures], now)
        return [failures.get(usage.identity, Outcome()) if isinstance(usage, UsageRecord) else usage for usage in read]

    def _read(self, event: CloudEvent, now: datetime) -> UsageRecord | Exception:
        try:
            return self._usage(event, now)
        except (InvalidEvent, BusinessRuleViolated) as error:
            return error

    def _usage(self, event: CloudEvent, now: datetime) -> UsageRecord:
        payload = payload_of(event)
        if not isinstance(payload, IngestionUsageRecorded):
            raise InvalidEvent([Problem("type", f"{event.type} is no usage")])
        self._prices.price(payload.meter)
        return UsageRecord(
            customer_id=payload.customer_id,
            period=accepting_period(payload.used_at, now),
            source=event.source,
            id=event.id,
            meter=payload.meter,
            quantity=payload.quantity,
            used_at=payload.used_at,
        )

    def _touch_all(self, usages: Sequence[UsageRecord], now: datetime) -> _Failures:
        failures: _Failures = {}
        for (period, customer_id), group in _by_account(usages).items():
            try:
                self._touch(period, customer_id, now)
            except TransientError as error:
                failures |= dict.fromkeys((usage.identity for usage in group), error)
        return failures

    def _touch(self, period: str, customer_id: str, now: datetime) -> None:
        if not self._touched.lately(period, customer_id, now):
            self._accounts.touch(period, customer_id)
            self._touched.remember(period, customer_id, now)


class _Touched:
    """Accounts of the running period that are known to be touched.

    One touch is enough before the period's first close, and that comes only after the period's end and
    its grace. Ended periods are not remembered: a close may have been there in between.
    """

    def __init__(self) -> None:
        self._period = ""
        self._customers: set[str] = set()

    def lately(self, period: str, customer_id: str, now: datetime) -> bool:
        return period == self._period == period_of(now) and customer_id in self._customers

    def remember(self, period: str, customer_id: str, now: datetime) -> None:
        if period != period_of(now):
            return
        if period != self._period:
            self._period, self._customers = period, set()
        self._customers.add(customer_id)


def _by_account(usages: Iterable[UsageRecord]) -> dict[tuple[str, str], list[UsageRecord]]:
    accounts: dict[tuple[str, str], list[UsageRecord]] = {}
    for usage in usages:
        accounts.setdefault((usage.period, usage.customer_id), []).append(usage)
    return accounts
