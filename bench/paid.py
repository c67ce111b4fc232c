"""The whole flow on the emulator, beside the comparison: from a provider's settled payment to the receipt's e-mail."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bench.effects import Load, Run, Way
from bench.end_to_end import EndToEnd, side_of
from events.binding import to_entry
from events.catalog import Channels, CustomerContactUpdated, PartnerPaymentSettled, initial
from local.embedded.client import Client
from local.embedded.mailbox import mails
from local.embedded.polling import wait_until
from local.embedded.stack import Stack

#: The emulator shows its whole mailbox or nothing of it: few, so that looking takes little.
BURST: Final = Load(count=60)
PACED: Final = Load(count=60, rate=5)
_CUSTOMER: Final = "cus_end_to_end"
_AMOUNT: Final = 1_000
_PATIENCE: Final = 300
_RECEIPT: Final = re.compile(r"Receipt for invoice ([^\s:]+):")


@dataclass(frozen=True, kw_only=True)
class Payments:
    """Of invoices that are issued beforehand."""

    stack: Stack
    moment: datetime

    def measured(self) -> EndToEnd:
        """Raises DeadlinePassed, NotTaken, Refused."""
        self._make_known()
        invoices = self._issued(BURST.count + PACED.count)
        way = Way(
            name="payment to receipt",
            entry=lambda n: self._entry(n, invoices[n]),
            there=lambda numbers: self._receipts({invoices[n]: n for n in numbers}),
        )
        burst = Run(cloud=self.stack.cloud, way=way, load=BURST, first=0).perform()
        paced = Run(cloud=self.stack.cloud, way=way, load=PACED, first=BURST.count).perform()
        return side_of(way.name, [(burst, paced)])

    def _make_known(self) -> None:
        contact = CustomerContactUpdated(
            customer_id=_CUSTOMER, name="Ada Lovelace", channels=Channels(email="ada@example.com")
        )
        Client(self.stack).put(initial(contact, id="end-to-end-contact", source="crm", time=self.moment))
        self._quiet()

    def _issued(self, count: int) -> Sequence[str]:
        """Their ids. The e-mails that tell of them have been sent by then."""
        order = {
            "customer_id": _CUSTOMER,
            "currency": "USD",
            "lines": [{"description": "Work", "quantity": 1, "unit_amount": _AMOUNT}],
        }

        def issue(n: int) -> str:
            return str(Client(self.stack).issue_invoice(order, key=f"end-to-end-{n}")["id"])

        with ThreadPoolExecutor(max_workers=2) as pool:
            invoices = list(pool.map(issue, range(count)))
        wait_until(lambda: len(self._about(invoices)) == count, what="invoices are told of", timeout=_PATIENCE)
        self._quiet()
        return invoices

    def _about(self, invoices: Collection[str]) -> set[str]:
        words = {word for mail in mails(self.stack.cloud) for word in mail.subject.split()}
        return {invoice for invoice in invoices if {invoice, f"{invoice}:"} & words}

    def _receipts(self, numbers: Mapping[str, int]) -> Collection[int]:
        found = (_RECEIPT.match(mail.subject) for mail in mails(self.stack.cloud))
        return {numbers[receipt[1]] for receipt in found if receipt and receipt[1] in numbers}

    def _entry(self, n: int, invoice: str) -> Mapping[str, Any]:
        payment = PartnerPaymentSettled(
            payment_id=f"pay_end_to_end_{n}", invoice_id=invoice, amount=_AMOUNT, currency="USD"
        )
        event = initial(payment, id=f"end-to-end-payment-{n}", source="payment-provider", time=self.moment)
        return {**to_entry(event, self.stack.bus_name)}

    def _quiet(self) -> None:
        wait_until(lambda: self.stack.backlog() == 0, what="the queues are empty", timeout=_PATIENCE)
