"""What is measured of whole flows, in the memory cloud."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from events.envelope import CloudEvent, format_time
from local.memory.company import Company
from tests.unit.emf_documents import Metrics, extracted, of
from tests.unit.event_builders import members, usage

START = datetime(2026, 5, 20, 14, tzinfo=UTC)


class Measured:
    """The company, and the lines that its functions measured in."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.company = Company(seed=1, start=START, metrics=self.lines.append)

    @property
    def now(self) -> datetime:
        return self.company.cloud.clock.now()

    def run(self) -> Metrics:
        self.company.cloud.run()
        return extracted(self.lines)

    def issue(self) -> dict:
        lines = [{"description": "Consulting", "quantity": 1, "unit_amount": 49900}]
        order = {"customer_id": "cus_abc123", "currency": "USD", "lines": lines}
        return self.company.bill("POST", "/invoices", order, Idempotency_Key="key-1")[1]

    def event(self, **changes) -> CloudEvent:
        return CloudEvent.parse(members(time=format_time(self.now)) | changes)


@pytest.fixture
def measured() -> Measured:
    return Measured()


def pay(measured: Measured, **changes) -> CloudEvent:
    invoice = measured.issue()
    data = {"payment_id": "pay_1", "invoice_id": invoice["id"], "amount": invoice["amount"], "currency": "USD"}
    return measured.event(id="p-1", type="partner.payment.settled", data=data, **changes)


def test_each_service_measures_its_part_of_a_payment_s_way(measured: Measured) -> None:
    contact = {"customer_id": "cus_abc123", "name": "Ada", "email": "ada@example.com"}
    measured.company.post_events(measured.event(id="c", type="customer.contact.updated", source="crm", data=contact))
    measured.run()
    measured.company.post_events(pay(measured))

    metrics = measured.run()

    assert of(metrics, "ingestion", "partner.payment.settled")["Handled"] == [1]
    assert of(metrics, "billing", "ingestion.payment.settled")["Handled"] == [1]
    assert of(metrics, "billing-relay", "billing.invoice.paid")["Handled"] == [1]
    assert of(metrics, "notification", "billing.invoice.paid")["Handled"] == [1]
    assert of(metrics, "notification-contacts", "customer.contact.updated")["Handled"] == [1]


def test_critical_time_grows_from_hop_to_hop_of_the_same_fact(measured: Measured) -> None:
    measured.company.cloud.clock.advance(1.3)
    measured.company.post_events(pay(measured))

    metrics = measured.run()

    (first,), (second,) = (of(metrics, name)["CriticalTime"] for name in ("ingestion", "billing"))
    assert 0 < first < second


def test_a_duplicate_is_measured_as_one(measured: Measured) -> None:
    event = pay(measured)
    for _ in range(2):
        measured.company.post_events(event)
        metrics = measured.run()

    billing = of(metrics, "billing")
    assert (billing["Handled"], billing["Duplicate"]) == ([1], [1])
    assert len(billing["CriticalTime"]) == 1


def test_usage_of_last_week_has_no_critical_time_wherever_it_comes_by(measured: Measured) -> None:
    measured.company.post_events(usage(time="2026-05-13T14:00:00Z"))

    metrics = measured.run()

    for function in ("ingestion", "billing-usage"):
        assert of(metrics, function)["Handled"] == [1]
        assert "CriticalTime" not in of(metrics, function)


def test_a_dead_letter_is_measured_where_it_ends_and_each_try_before_it(measured: Measured) -> None:
    nobody = measured.event(
        id="p",
        source="ingestion-service",
        type="ingestion.payment.settled",
        data={"payment_id": "p", "invoice_id": "inv_20260520_404", "amount": 1, "currency": "USD"},
    )
    measured.company.cloud.publish(nobody)

    assert of(measured.run(), "billing", "ingestion.payment.settled")["DeadLetter"] == [1]


def test_what_sends_strange_types_makes_one_more_metric_and_no_more(measured: Measured) -> None:
    for n in range(20):
        measured.company.cloud.queue("ingestion").send(measured.event(id=str(n), type=f"strange.{n}").to_json())

    found = {dict(dimensions).get("EventType") for dimensions in measured.run()}

    assert found == {"unknown", None}


def test_nothing_is_measured_where_nobody_wants_it(capsys: pytest.CaptureFixture[str]) -> None:
    company = Company(seed=1, start=START)
    company.post_events(usage())
    company.cloud.run()

    assert "CloudWatchMetrics" not in capsys.readouterr().out
