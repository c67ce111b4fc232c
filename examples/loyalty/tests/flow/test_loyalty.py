from __future__ import annotations

from datetime import UTC, datetime

import pytest

from contracts.company import SERVICES
from events.catalog import BillingInvoicePaid, initial
from local.memory.company import Company
from runtime.topology import topology

NOW = datetime(2026, 5, 20, 14, tzinfo=UTC)


@pytest.mark.parametrize("grouping", ["services", "monolith"])
def test_a_paid_invoice_earns_points_once_when_it_is_told_twice(grouping: str) -> None:
    company = Company(seed=1, start=NOW, archive=True, topology=topology(grouping, SERVICES))
    invoice = BillingInvoicePaid(invoice_id="inv_1", customer_id="cus_1", amount=49_900, currency="USD")
    paid = initial(invoice, id="evt_1", source="billing-service", time=NOW)

    company.cloud.publish(paid)
    company.cloud.publish(paid)
    company.cloud.run()

    earned = [e["detail"] for e in company.cloud.bus.archive if e["detail-type"] == "loyalty.points.earned"]
    assert {event["id"]: event["data"] for event in earned} == {
        earned[0]["id"]: {"customer_id": "cus_1", "points": 499}
    }
