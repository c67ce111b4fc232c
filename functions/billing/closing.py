"""The close of billing periods: usage that no invoice covers yet becomes one.

    schedule ──17 shards──► queue ──► a shard is looked through ──its unsettled accounts──► the same queue
                                      an account is closed ──► one write: account, invoice, outbox

A message is a hint and no more: what is owed follows from the account, and only an account that is still as it was
read is closed. So messages may come twice, late or from two schedules; one that is lost is sent again a day later.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from events.envelope import CloudEvent
from functions.billing.domain import PAYMENT_TERM, Decision, Line, draft, invoice_id, issue
from functions.billing.due import AccountDue, ShardDue, account_due, all_shards, due_in, shard_due
from functions.billing.periods import closable, has_ended
from functions.billing.ports import Account, Accounts, Agenda, Tally, UsageLedger
from functions.billing.rating import Charge, PriceBook
from runtime.clock import Clock
from runtime.errors import BusinessRuleViolated, TransientError, Unfinished
from runtime.outcome import Outcome

CLOSED: Final = Outcome()
SETTLED: Final = Outcome(duplicate=True)


def begin(agenda: Agenda, now: datetime) -> int:
    """All accounts are to be looked through; how many messages say so. Raises TransientError: begin again."""
    due = tuple(all_shards(now))
    agenda.add(due)
    return len(due)


class PeriodClosing:
    """Bills every ended period for the usage that came in since it was billed last.

    One message is at work for `seconds` and the page that it is at; the rest is another invocation's.
    """

    def __init__(
        self,
        *,
        ledger: UsageLedger,
        accounts: Accounts,
        agenda: Agenda,
        prices: PriceBook,
        clock: Clock,
        seconds: float,
    ) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._agenda = agenda
        self._prices = prices
        self._clock = clock
        self._seconds = seconds

    def handle(self, event: CloudEvent) -> Outcome:
        """Look a shard through, or close an account. Raises Unfinished for an account whose ledger is not at its end.

        Raises UnreadableMessage for what cannot be due, and BusinessRuleViolated for a period that has not ended and
        for usage that cannot be rated.
        """
        due = due_in(event)
        return self._look_through(due) if isinstance(due, ShardDue) else self._close(due, event)

    def _look_through(self, due: ShardDue) -> Outcome:
        now = self._clock.now()
        for page in self._accounts.unsettled(due.shard, closable(now), after=due.after):
            self._agenda.add([account_due(account.place, account.touched, now=now) for account in page.accounts])
            if page.after is not None and self._is_over(now):
                self._agenda.add([shard_due(due.shard, now=now, after=page.after)])
                break
        return Outcome()

    def _close(self, due: AccountDue, cause: CloudEvent) -> Outcome:
        now = self._clock.now()
        if not has_ended(due.period, now):
            raise BusinessRuleViolated(f"the period {due.period} has not ended, or its grace has not")
        account = self._accounts.find(due.period, due.customer_id)
        if account.is_settled:
            return SETTLED
        tally = self._added_up(account, now)
        counted = replace(account, touched=tally.touched)
        decision = self._invoice(counted, self._prices.rate_all(account.billed, tally.units), cause, now)
        self._accounts.close(counted, billed={**account.billed, **tally.units}, decision=decision, now=now)
        return CLOSED

    def _added_up(self, account: Account, begun: datetime) -> Tally:
        """The tally at the ledger's end. What is read when something stops it, time or another, is kept."""
        found = tally = account.tally or Tally(touched=account.touched)
        try:
            for page in self._ledger.pages(account.customer_id, account.period, after=tally.after):
                tally = tally.plus(page)
                if tally.after is not None and self._is_over(begun):
                    raise Unfinished(f"{account.customer_id} of {account.period} is added up to {tally.after}")
        except TransientError:
            if tally is not found:
                self._accounts.keep(account, tally)
            raise
        return tally

    def _invoice(
        self, account: Account, charges: tuple[Charge, ...], cause: CloudEvent, now: datetime
    ) -> Decision | None:
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
        return issue(new, now=now, cause=cause)

    def _is_over(self, begun: datetime) -> bool:
        return self._clock.now() - begun >= timedelta(seconds=self._seconds)
