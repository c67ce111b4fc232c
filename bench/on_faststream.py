"""A peer of the memory cloud: FastStream's in-memory test broker, with the same three services on the same payload
models, and the same mail at the end. It has no idempotency, no outbox, no batches and no time.

Source: https://faststream.ag2.ai/latest/getting-started/subscription/test/
"""

from __future__ import annotations

import asyncio
from itertools import count, islice
from typing import Final

from faststream.nats import NatsBroker, TestNatsBroker

from bench.flows import ADDRESS, CUSTOMER, NOW, Unfinished, payment
from events.catalog import BillingInvoicePaid, IngestionPaymentSettled, PartnerPaymentSettled
from functions.notification.domain import Contact
from functions.notification.rendering import Content, render

RECORDS: Final = 3


class FastStreamAtWork:
    """Each call runs so many flows. Raises Unfinished."""

    def __init__(self) -> None:
        self._numbers = count()
        self._owed: dict[str, int] = {}
        self._mail: list[Content] = []
        self._contact = Contact(customer_id=CUSTOMER, name="Ada Lovelace", email=ADDRESS, updated_at=NOW, event_id="c")
        self._broker = NatsBroker()
        self._subscribe()

    def owe(self, flows: int) -> list[PartnerPaymentSettled]:
        payments = [payment(n) for n in islice(self._numbers, flows)]
        self._owed |= {made.invoice_id: made.amount for made in payments}
        return payments

    def pay(self, payments: list[PartnerPaymentSettled]) -> None:
        sent = len(self._mail)
        asyncio.run(self._publish(payments))
        if len(self._mail) - sent != len(payments):
            raise Unfinished(f"{len(payments)} payments, but {len(self._mail) - sent} e-mails")

    def _subscribe(self) -> None:
        broker = self._broker

        @broker.subscriber(PartnerPaymentSettled.type)
        @broker.publisher(IngestionPaymentSettled.type)
        async def ingest(paid: PartnerPaymentSettled) -> IngestionPaymentSettled:
            return IngestionPaymentSettled.model_validate(paid.to_data())

        @broker.subscriber(IngestionPaymentSettled.type)
        @broker.publisher(BillingInvoicePaid.type)
        async def settle(paid: IngestionPaymentSettled) -> BillingInvoicePaid:
            return self._settled(paid)

        @broker.subscriber(BillingInvoicePaid.type)
        async def tell(invoice: BillingInvoicePaid) -> None:
            self._mail.append(render(BillingInvoicePaid.type, invoice, self._contact))

    def _settled(self, paid: IngestionPaymentSettled) -> BillingInvoicePaid:
        if self._owed.pop(paid.invoice_id) != paid.amount:
            raise ValueError("the payment is not what is owed")
        return BillingInvoicePaid(
            invoice_id=paid.invoice_id,
            customer_id=CUSTOMER,
            amount=paid.amount,
            currency=paid.currency,
            payment_id=paid.payment_id,
            paid_at=NOW,
        )

    async def _publish(self, payments: list[PartnerPaymentSettled]) -> None:
        async with TestNatsBroker(self._broker) as broker:
            for made in payments:
                await broker.publish(made, PartnerPaymentSettled.type)
