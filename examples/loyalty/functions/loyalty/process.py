"""Loyalty's one use case: a point for every hundred minor units that were paid."""

from __future__ import annotations

from typing import Final

from events.catalog import BillingInvoicePaid, LoyaltyPointsEarned, caused_by, payload_of
from events.envelope import CloudEvent
from functions.loyalty.manifest import SOURCE
from runtime.clock import Clock
from runtime.outcome import Outcome

_MINOR_UNITS_A_POINT: Final = 100


class Loyalty:
    """Keeps no state: the derived id makes a second run harmless."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def handle(self, event: CloudEvent) -> Outcome:
        """Raises InvalidEvent."""
        invoice = payload_of(event)
        assert isinstance(invoice, BillingInvoicePaid)  # noqa: S101 - the rule picks no other
        earned = LoyaltyPointsEarned(customer_id=invoice.customer_id, points=invoice.amount // _MINOR_UNITS_A_POINT)
        return Outcome.of([caused_by(event, earned, source=SOURCE, time=self._clock.now())])
