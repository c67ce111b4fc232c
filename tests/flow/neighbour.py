"""Another build of the company, run in another tree: `pay` prints the event of a paid invoice, `tell` reads it.

Run as `python -c <this text> pay|tell`, so that what it imports is that tree's.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

from events.envelope import CloudEvent
from local.memory.company import Company

CUSTOMER = {"customer_id": "cus_1", "name": "Ada", "email": "ada@example.com"}
ORDER = {
    "customer_id": "cus_1",
    "currency": "USD",
    "lines": [{"description": "Consulting", "quantity": 1, "unit_amount": 49900}],
}


def company() -> Company:
    return Company(seed=1, start=datetime(2026, 5, 20, 14, tzinfo=UTC), archive=True)


def event(id_: str, type_: str, data: dict) -> CloudEvent:
    members = {"specversion": "1.0", "id": id_, "source": "/elsewhere", "type": type_, "data": data}
    return CloudEvent.parse(members | {"time": "2026-05-20T13:00:00Z"})


def pay(here: Company) -> str:
    """Billing issues an invoice and takes a payment: the `billing.invoice.paid` that it sent."""
    _, invoice = here.bill("POST", "/invoices", ORDER, Idempotency_Key="key-1")
    payment = {"payment_id": "pay_1", "invoice_id": invoice["id"], "amount": invoice["amount"], "currency": "USD"}
    here.post_events(event("p-1", "partner.payment.settled", payment))
    here.cloud.run()
    [paid] = [e["detail"] for e in here.cloud.bus.archive if e["detail-type"] == "billing.invoice.paid"]
    return json.dumps(paid)


def tell(here: Company, paid: str) -> str:
    """Notification hears of it: the subjects of the e-mails that it sent, and what it could not read."""
    here.cloud.publish(event("c-1", "customer.contact.updated", CUSTOMER))
    here.cloud.run()
    here.cloud.publish(CloudEvent.parse(paid))
    here.cloud.run()
    dead = here.cloud.dlq("notification").peek()
    return json.dumps([mail.subject for mail in here.mail] + [letter.attributes["reason"] for letter in dead])


if __name__ == "__main__":
    sys.stdout.write(pay(company()) if sys.argv[1] == "pay" else tell(company(), sys.stdin.read()))
