"""The synthesised templates on the emulator: what goes in over HTTP and the bus comes out as it should."""

from __future__ import annotations

import json
from http import HTTPStatus

from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent as SdkEvent

from local.embedded.client import Client
from local.embedded.hops import Watcher
from local.embedded.paths import EXAMPLES
from local.embedded.stack import Stack
from tests.stack.stack_builders import (
    MOMENT,
    PERIOD,
    dead_letters_of,
    invoice_paid,
    known_customer,
    mails_to,
    order,
    payment,
    soon,
    usage,
)


def sdk_event(event_id: str, customer: str) -> SdkEvent:
    return SdkEvent(
        attributes={
            "specversion": "1.0",
            "id": event_id,
            "source": "metering-partner",
            "type": "partner.usage.reported",
            "time": MOMENT,
            "datacontenttype": "application/json",
        },
        data={"customer_id": customer, "meter": "api_calls", "quantity": 5, "used_at": "2026-05-20T14:30:00Z"},
    )


def test_a_receipt_goes_out_when_a_payment_comes_in_over_http(
    stack: Stack, client: Client, watcher: Watcher, unique: str
) -> None:
    customer = known_customer(client, watcher, f"cus-{unique}")
    invoice = client.issue_invoice(order(customer), key=unique)

    answer = client.post(payment(invoice))

    assert answer.status == HTTPStatus.ACCEPTED
    soon(lambda: client.invoice(invoice["id"])["state"] == "paid", "the invoice is paid")
    soon(lambda: len(mails_to(stack, customer)) == 2, "the invoice and its receipt are sent")
    subjects = [mail.subject for mail in mails_to(stack, customer)]
    assert sorted(subjects) == [
        f"Invoice {invoice['id']} for USD 499.00",
        f"Receipt for invoice {invoice['id']}: USD 499.00",
    ]


def test_one_e_mail_goes_out_when_the_seed_event_comes_in_eleven_times(
    stack: Stack, client: Client, watcher: Watcher
) -> None:
    seed = (EXAMPLES / "seed-event.json").read_text()
    customer = known_customer(client, watcher, json.loads(seed)["data"]["customer_id"])

    client.put_text(seed)
    soon(lambda: mails_to(stack, customer), "the receipt is sent")
    for _ in range(10):
        client.put_text(seed)

    def deliveries() -> list[str]:
        hops = (hop for hop in watcher.hops if hop.identity == ("billing-service", "evt_01J2XYZ"))
        return [hop.outcome for hop in hops if hop.outcome != "retry"]

    soon(lambda: len(deliveries()) >= 11, "all eleven are handled")
    # On an endpoint that has seen the seed event before, all eleven are duplicates.
    assert sorted(deliveries())[:10] == ["duplicate"] * 10
    assert len(mails_to(stack, customer)) == 1


def test_a_poison_event_is_a_dead_letter_with_its_reason_after_one_try(client: Client, unique: str) -> None:
    poison = json.dumps(
        {**invoice_paid(f"poison-{unique}", "cus-any").to_dict(), "data": {"invoice_id": "inv-1", "amount": "a lot"}}
    )

    client.put_text(poison)

    (letter,) = soon(lambda: dead_letters_of(client, "notification", f"poison-{unique}"), "the dead letter")
    assert letter.reason["reason"] == "unreadable"
    assert "data.amount" in letter.reason["error_message"]
    assert letter.reason["attempts"] == "1"
    assert json.loads(letter.body)["detail"] == json.loads(poison)


def test_nine_are_processed_and_one_is_a_dead_letter_after_three_tries_when_one_of_ten_fails(
    stack: Stack, client: Client, watcher: Watcher, unique: str
) -> None:
    customer = known_customer(client, watcher, f"cus-{unique}")
    events = [invoice_paid(f"{unique}-{n}", "cus-nobody-knows" if n == 3 else customer).to_json() for n in range(10)]

    stack.cloud.client("sqs").send_message_batch(
        QueueUrl=stack.queue_url("notification"),
        Entries=[{"Id": str(n), "MessageBody": event} for n, event in enumerate(events)],
    )

    soon(lambda: len(mails_to(stack, customer)) == 9, "nine receipts are sent")
    (letter,) = soon(lambda: dead_letters_of(client, "notification", f"{unique}-3"), "the dead letter")
    assert letter.reason["attempts"] == "3"
    assert "no contact" in letter.reason["error_message"]
    assert letter.body == events[3]
    assert len(mails_to(stack, customer)) == 9


def test_the_official_sdk_is_understood_in_structured_and_in_binary_mode(client: Client, unique: str) -> None:
    customer = f"cus-{unique}"
    structured = to_structured_event(sdk_event(f"{unique}-structured", customer))
    binary = to_binary_event(sdk_event(f"{unique}-binary", customer))

    answers = [client.post_raw(message.headers, message.body) for message in (structured, binary)]

    assert [answer.status for answer in answers] == [HTTPStatus.ACCEPTED] * 2
    soon(lambda: client.usage(customer, PERIOD) == {"api_calls": 10}, "both are booked")


def test_97_are_processed_and_3_are_named_when_3_of_a_batch_of_100_are_bad(client: Client, unique: str) -> None:
    customer = f"cus-{unique}"
    batch = [usage(f"{unique}-{n}", customer).to_dict() for n in range(100)]
    batch[10]["specversion"] = "0.3"
    batch[50]["data"]["quantity"] = -1
    del batch[90]["source"]

    answer = client.post_batch(batch)

    receipt = answer.json()
    assert answer.status == HTTPStatus.ACCEPTED
    assert (receipt["accepted"], receipt["rejected"], receipt["failed"]) == (97, 3, 0)
    rejected = {r["index"]: r["problems"][0]["field"] for r in receipt["results"] if r["status"] == "rejected"}
    assert rejected == {10: "specversion", 50: "data.quantity", 90: "source"}
    soon(lambda: client.usage(customer, PERIOD) == {"api_calls": 97}, "97 are booked")
