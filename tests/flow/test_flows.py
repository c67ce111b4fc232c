"""Whole flows through the memory cloud: what deploys, on virtual time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from contracts.company import SERVICES
from events.binding import to_entry
from events.envelope import CloudEvent, derived_id
from functions.notification.manifest import MESSAGES
from local.memory.company import Company
from runtime.claim_check import checked_out
from runtime.errors import Throttled, TransientError
from runtime.topology import topology
from tests.unit.event_builders import members, paid, usage

START = datetime(2026, 5, 20, 14, tzinfo=UTC)
IN_JUNE = datetime(2026, 6, 2, 3, tzinfo=UTC)


@pytest.fixture(params=["services", "monolith", "ingestion+billing,notification"])
def company(request: pytest.FixtureRequest) -> Company:
    """In each topology: what a service promises does not depend on whom it shares a function with."""
    return Company(seed=1, start=START, archive=True, topology=topology(request.param, SERVICES))


def contact(**changes) -> CloudEvent:
    data = {"customer_id": "cus_abc123", "name": "Ada", "email": "ada@example.com"} | changes.pop("data", {})
    base = members(id="c-1", type="customer.contact.updated", source="crm", time="2026-05-20T13:00:00Z", data=data)
    return CloudEvent.parse(base | changes)


def payment(invoice: dict, kind: str = "settled", **changes) -> CloudEvent:
    data = {"payment_id": "pay_1", "invoice_id": invoice["id"], "amount": invoice["amount"], "currency": "USD"}
    data |= {"reason": "card declined"} if kind == "failed" else {}
    return CloudEvent.parse(members(id=f"p-{kind}", type=f"partner.payment.{kind}", data=data) | changes)


def used(quantity: int, **changes) -> CloudEvent:
    data = {"customer_id": "cus_abc123", "meter": "seats", "quantity": quantity, "used_at": "2026-05-20T13:00:00Z"}
    return usage(data=data, **changes)


def issue(company: Company, key: str = "key-1") -> dict:
    lines = [{"description": "Consulting", "quantity": 1, "unit_amount": 49900}]
    order = {"customer_id": "cus_abc123", "currency": "USD", "lines": lines}
    status, invoice = company.bill("POST", "/invoices", order, Idempotency_Key=key)
    assert status == 201
    return invoice


def meet(company: Company, event: CloudEvent | None = None) -> None:
    company.cloud.publish(event or contact())
    company.cloud.run()


def archived(company: Company, type_: str) -> list[dict]:
    return [envelope["detail"] for envelope in company.cloud.bus.archive if envelope["detail-type"] == type_]


def reasons(company: Company, consumer: str) -> list[tuple[str, str]]:
    """Of its own letters: in a group, others' are in the same DLQ."""
    dead = [m.attributes for m in company.cloud.dlq(consumer).peek() if m.attributes["consumer"] == consumer]
    return [(attributes["reason"], attributes["attempts"]) for attributes in dead]


def test_a_settled_payment_ends_in_one_receipt(company: Company) -> None:
    meet(company)
    invoice = issue(company)

    company.post_events(payment(invoice))
    company.cloud.run()

    assert company.bill("GET", f"/invoices/{invoice['id']}")[1]["state"] == "paid"
    assert [mail.subject for mail in company.mail if "Receipt" in mail.subject] == [
        f"Receipt for invoice {invoice['id']}: USD 499.00"
    ]


def test_every_event_of_a_flow_shares_one_correlation(company: Company) -> None:
    meet(company)
    invoice = issue(company)

    company.post_events(payment(invoice))
    company.cloud.run()

    chain = ["ingestion.payment.settled", "billing.invoice.paid"]
    events = [archived(company, type_)[0] for type_ in chain] + [archived(company, "notification.message.sent")[-1]]
    assert [event["correlationid"] for event in events] == ["p-settled"] * 3
    assert [event["causationid"] for event in events] == ["p-settled", events[0]["id"], events[1]["id"]]


def test_the_seed_event_eleven_times_is_one_e_mail(company: Company) -> None:
    meet(company)

    for _ in range(11):
        company.cloud.publish(paid())
    company.cloud.run()

    assert len(company.mail) == 1


def test_usage_sent_over_http_and_over_the_bus_is_counted_once(company: Company) -> None:
    report = used(3)

    company.post_events(report)
    company.cloud.publish(report, report)
    company.cloud.run()

    _, seen = company.bill("GET", "/customers/cus_abc123/usage?period=2026-05")
    assert [(meter["meter"], meter["quantity"]) for meter in seen["meters"]] == [("seats", 3)]


def test_a_payment_that_is_told_twice_is_one_receipt(company: Company) -> None:
    meet(company)
    invoice = issue(company)

    company.post_events(payment(invoice))
    company.post_events(payment(invoice, id="p-again"))
    company.cloud.run()

    assert len(archived(company, "billing.invoice.paid")) == 1
    assert reasons(company, "billing") == []


def test_a_failed_payment_is_told_and_a_later_one_still_pays(company: Company) -> None:
    meet(company)
    invoice = issue(company)

    for kind in ("failed", "settled"):
        company.post_events(payment(invoice, kind))
        company.cloud.run()

    assert [mail.subject for mail in company.mail if "did not go through" in mail.subject] != []
    assert company.bill("GET", f"/invoices/{invoice['id']}")[1]["state"] == "paid"


def test_a_payment_of_the_wrong_amount_is_a_dead_letter_at_its_first_try(company: Company) -> None:
    invoice = issue(company)

    company.post_events(payment(invoice | {"amount": 1}))
    company.cloud.run()

    assert reasons(company, "billing") == [("business_rule", "1")]


def test_an_ended_period_is_billed_once_and_late_usage_by_a_supplement(company: Company) -> None:
    company.post_events(used(2))
    company.cloud.run()
    company.cloud.clock.advance((IN_JUNE - START).total_seconds())

    billed = []
    for id_ in ("", "", "late"):
        if id_:
            company.post_events(used(1, id=id_))
            company.cloud.run()
        company.cloud.run_schedule("billing-close")
        company.cloud.run()
        billed.append([event["data"]["amount"] for event in archived(company, "billing.invoice.issued")])

    assert billed == [[3000], [3000], [3000, 1500]]


def test_a_bad_record_from_the_bus_is_rejected_with_the_reason_and_not_tried_again(company: Company) -> None:
    company.cloud.publish(usage(data={"customer_id": "cus_abc123"}))
    company.cloud.run()

    (rejection,) = archived(company, "ingestion.record.rejected")
    assert {problem["field"] for problem in rejection["data"]["problems"]} == {
        "data.meter",
        "data.quantity",
        "data.used_at",
    }
    assert company.cloud.function("ingestion").invocations == 1
    assert len(company.cloud.dlq("ingestion")) == 0


def test_a_plain_eventbridge_event_from_another_system_is_usage_too(company: Company) -> None:
    entry = to_entry(used(4), company.cloud.bus.name)
    bare = {"customer_id": "cus_abc123", "meter": "seats", "quantity": 4, "used_at": "2026-05-20T13:00:00Z"}

    company.cloud.put_events([{**entry, "Source": "acme.crm", "Detail": json.dumps(bare)}])
    company.cloud.run()

    _, seen = company.bill("GET", "/customers/cus_abc123/usage?period=2026-05")
    assert seen["meters"][0]["quantity"] == 4


def test_of_a_batch_of_a_hundred_the_bad_three_are_named_and_the_others_counted(company: Company) -> None:
    batch = [used(1, id=f"u-{n}").to_dict() for n in range(100)]
    batch[7]["data"]["quantity"] = "many"
    batch[50] = {"specversion": "1.0"}
    batch[99]["type"] = "billing.invoice.paid"

    status, receipt = company.post_events(*batch)
    company.cloud.run()

    rejected = {r["index"]: r["problems"][0]["field"] for r in receipt["results"] if r["status"] == "rejected"}
    _, seen = company.bill("GET", "/customers/cus_abc123/usage?period=2026-05")
    assert status == 202
    assert rejected == {7: "data.quantity", 50: "id", 99: "type"}
    assert seen["meters"][0]["quantity"] == 97


def test_one_message_in_ten_that_cannot_be_handled_yet_is_a_dead_letter_after_three_tries(company: Company) -> None:
    meet(company)
    for n in range(10):
        customer = "cus_stranger" if n == 4 else "cus_abc123"
        event = paid(id=f"e-{n}", data=paid().data | {"customer_id": customer})
        envelope = {"source": event.source, "detail-type": event.type, "detail": event.to_dict()}
        company.cloud.queue(MESSAGES.name).send(json.dumps(envelope))

    company.cloud.run()

    assert len(company.mail) == 9
    assert [(a, n) for a, n in reasons(company, MESSAGES.name)] == [("contact_unknown", "3")]


def test_a_contact_that_comes_late_still_gets_its_receipt_after_a_redrive(company: Company) -> None:
    company.cloud.publish(paid())
    company.cloud.run()
    assert company.mail == []

    meet(company)
    company.cloud.redrive(MESSAGES.name)
    company.cloud.run()

    assert len(company.mail) == 1


def test_redriving_what_was_done_sends_nothing_twice(company: Company) -> None:
    meet(company)
    company.cloud.publish(paid())
    company.cloud.run()

    company.cloud.dlq(MESSAGES.name).send(paid().to_json())
    company.cloud.redrive(MESSAGES.name)
    company.cloud.run()

    assert len(company.mail) == 1


def test_a_poison_event_is_a_dead_letter_that_names_the_field(company: Company) -> None:
    company.cloud.publish(paid(data={"invoice_id": "inv_1"}))
    company.cloud.run()

    (dead,) = company.cloud.dlq(MESSAGES.name).peek()
    assert dead.attributes["reason"] == "unreadable"
    assert "data.amount" in dead.attributes["error_message"]


def test_a_webhook_that_fails_for_now_does_not_send_the_e_mail_again(company: Company) -> None:
    meet(company, contact(data={"webhook_url": "https://hooks.example.com/in"}))
    tries = iter([TransientError("503"), None])

    def trouble(_: object) -> None:
        if error := next(tries):
            raise error

    company.notification.webhooks.trouble = trouble
    company.cloud.publish(paid())
    company.cloud.run()

    assert (len(company.mail), len(company.webhooks)) == (1, 1)
    assert not list(tries)


def test_the_newest_contact_stands_whatever_comes_last(company: Company) -> None:
    meet(company, contact(id="new", time="2026-05-20T13:30:00Z", data={"email": "new@example.com"}))
    meet(company, contact(id="old", time="2026-05-20T13:00:00Z", data={"email": "old@example.com"}))

    company.cloud.publish(paid())
    company.cloud.run()

    assert [mail.to for mail in company.mail] == ["new@example.com"]


def test_the_same_seed_gives_the_same_run() -> None:
    def run() -> list:
        company = Company(seed=7, start=START, log_limit=1000)
        meet(company)
        company.post_events(payment(issue(company)))
        company.cloud.run()
        return list(company.cloud.log)

    assert run() == run()


def test_derived_ids_tie_an_effect_to_its_cause(company: Company) -> None:
    company.post_events(used(1))
    company.cloud.run()

    (recorded,) = archived(company, "ingestion.usage.recorded")
    assert recorded["id"] == derived_id("/partners/acme", "e-1", "ingestion.usage.recorded", 0)


def test_a_contact_from_the_future_does_not_freeze_the_contact_book(company: Company) -> None:
    meet(company, contact(id="typo", time="9999-01-01T00:00:00Z", data={"email": "wrong@example.com"}))
    meet(company, contact())

    company.cloud.publish(paid())
    company.cloud.run()

    assert [mail.to for mail in company.mail] == ["ada@example.com"]
    assert reasons(company, "notification-contacts") == [("business_rule", "1")]


def test_events_of_billing_survive_a_bus_that_is_away_for_an_hour(company: Company) -> None:
    meet(company)
    put = company.cloud.bus.put
    back = company.cloud.clock.now().timestamp() + 3600

    def away(entries):
        if company.cloud.clock.now().timestamp() < back:
            raise TransientError("the bus is away")
        return put(entries)

    company.cloud.bus.put = away
    invoice = issue(company)
    company.cloud.run()

    assert [event["subject"] for event in archived(company, "billing.invoice.issued")] == [invoice["id"]]
    assert len(company.mail) == 1


# Replays of the archive


def replay(company: Company, name: str) -> None:
    company.cloud.bus.replay(START - timedelta(days=1), START + timedelta(days=30), name=name)
    company.cloud.run()


def test_a_replay_of_everything_changes_nothing_and_sends_nothing(company: Company) -> None:
    meet(company)
    invoice = issue(company)
    company.post_events(used(3))
    company.post_events(payment(invoice))
    company.cloud.run()
    mails = list(company.mail)

    replay(company, "june")

    _, seen = company.bill("GET", "/customers/cus_abc123/usage?period=2026-05")
    assert seen["meters"][0]["quantity"] == 3
    assert company.bill("GET", f"/invoices/{invoice['id']}")[1]["state"] == "paid"
    assert company.mail == mails
    assert [len(company.cloud.dlq(name)) for name in ("ingestion", "billing", "billing-usage", "notification")] == [
        0
    ] * 4


def test_a_replay_makes_up_for_effects_that_never_happened_only_when_it_is_asked_to(company: Company) -> None:
    company.cloud.publish(paid())
    company.cloud.run()
    meet(company)

    replay(company, "june")
    silent = len(company.mail)
    for _ in range(2):
        replay(company, "with-effects-june")

    assert (silent, len(company.mail)) == (0, 1)


def test_a_message_that_is_throttled_all_day_is_handled_once_when_it_is_over(company: Company) -> None:
    meet(company)

    back = START + timedelta(hours=6)

    def busy(_: object) -> None:
        if company.cloud.clock.now() < back:
            raise Throttled("the mail service says slow down")

    company.notification.mailer.trouble = busy
    company.cloud.publish(paid())
    company.cloud.run()

    assert len(company.mail) == 1
    assert len(company.cloud.dlq("notification")) == 0


# Data too large for queues and the bus


def large_usage(**changes) -> CloudEvent:
    event = used(1, **changes)
    return event.model_copy(update={"data": {**event.data, "note": "x" * 1_200_000}})


def seats(company: Company) -> int:
    _, seen = company.bill("GET", "/customers/cus_abc123/usage?period=2026-05")
    return seen["meters"][0]["quantity"]


def test_three_megabytes_over_http_arrive_whole(company: Company) -> None:
    report = used(3)
    large = report.model_copy(update={"data": {**report.data, "note": "é" * 1_500_000}})

    status, _ = company.post_events(large)
    company.cloud.run()

    (recorded,) = archived(company, "ingestion.usage.recorded")
    assert status == 202
    assert "data" not in recorded
    assert checked_out(CloudEvent.parse(recorded), company.claims).data == large.data
    assert seats(company) == 3
    assert [reasons(company, name) for name in ("ingestion", "billing-usage")] == [[], []]


def test_a_crowd_of_large_events_is_counted_to_the_last_one(company: Company) -> None:
    events = [large_usage(id=f"u-{n}") for n in range(12)]

    statuses = [company.post_events(*events[n : n + 3])[0] for n in range(0, 12, 3)]
    company.cloud.run()

    assert statuses == [202] * 4
    assert seats(company) == 12


def test_an_event_whose_data_was_gone_is_counted_when_it_is_put_back_and_redriven(company: Company) -> None:
    company.post_events(large_usage())
    kept = dict(company.claims.objects)
    company.claims.objects.clear()
    company.cloud.run()
    gone = reasons(company, "ingestion")

    company.claims.objects |= kept
    company.cloud.redrive("ingestion")
    company.cloud.run()

    assert gone == [("payload_gone", "1")]
    assert seats(company) == 1
