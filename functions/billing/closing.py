"""The close of billing periods: usage that no invoice covers yet becomes one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from functions.billing.domain import PAYMENT_TERM, Decision, Line, draft, invoice_id, issue
from functions.billing.periods import closable
from functions.billing.ports import Account, Accounts, UsageLedger
from functions.billing.rating import Charge, PriceBook

#: Seconds that one account may take. With less left, the close leaves the rest to its next run.
MARGIN: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    period: str
    customer_id: str
    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one run came to. `complete` is False when it stopped for lack of time."""

    closed: int
    invoices: tuple[str, ...]
    failures: tuple[Failure, ...]
    complete: bool


class PeriodClosing:
    """Bills every ended period for the usage that came in since it was billed last.

    A run may stop anywhere and run again, also beside another run: one write closes one account, and
    an account that is closed already is left alone.
    """

    def __init__(self, *, ledger: UsageLedger, accounts: Accounts, prices: PriceBook) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._prices = prices

    def close_periods(self, *, now: datetime, remaining_time: Callable[[], float]) -> Report:
        """Close what is closable at `now`. `remaining_time` gives the seconds that are left.

        An account that cannot be closed is reported, and holds up no other.
        """
        closed, invoices, failures, complete = 0, list[str](), list[Failure](), True
        for account in (a for period in closable(now) for a in self._accounts.unsettled(period)):
            if remaining_time() < MARGIN:
                complete = False
                break
            try:
                decision = self._close(account, now)
            except Exception as error:  # noqa: BLE001 - whatever it is, it holds up no other account
                failures.append(Failure(period=account.period, customer_id=account.customer_id, error=error))
            else:
                closed += 1
                invoices += [decision.invoice.id] if decision else []
        return Report(closed=closed, invoices=tuple(invoices), failures=tuple(failures), complete=complete)

    def _close(self, account: Account, now: datetime) -> Decision | None:
        totals = self._ledger.totals(account.customer_id, account.period)
        charges = self._prices.rate_all(account.billed, totals)
        decision = self._invoice(account, charges, now)
        self._accounts.close(account, billed={**account.billed, **totals}, decision=decision, now=now)
        return decision

    def _invoice(self, account: Account, charges: tuple[Charge, ...], now: datetime) -> Decision | None:
        """None when nothing is owed: an invoice over nothing would only ask for a payment of nothing."""
        if not sum(charge.amount for charge in charges):
            return None
        new = draft(
            id=invoice_id(now, "period", account.customer_id, account.period, account.invoices),
            customer_id=account.customer_id,
            currency=self._prices.currency,
            lines=tuple(map(Line.of, charges)),
            period=account.period,
            due_at=now + PAYMENT_TERM,
            now=now,
        )
        return issue(new, now=now)
