"""What the stack tests send, and what they wait for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from events.catalog import (
    BillingInvoicePaid,
    CustomerContactUpdatedV1,
    PartnerPaymentSettled,
    PartnerUsageReported,
    initial,
)
from events.envelope import CloudEvent
from functions.billing import due
from functions.billing.adapters.items import packed
from functions.billing.due import Place, shard_of
from local.embedded.client import Client, DeadLetter
from local.embedded.cloud import http
from local.embedded.hops import Watcher
from local.embedded.mailbox import Mail, mails
from local.embedded.polling import wait_until
from local.embedded.stack import Stack
from runtime.claim_check import MemoryClaimChecks, checked_in

MOMENT = datetime(2026, 5, 20, 14, 30, tzinfo=UTC)
PERIOD = "2026-05"
SECONDS = 120
#: Bytes over what the queue and the bus carry.
LARGE = 1_100_000

Found = TypeVar("Found")


def soon(probe: Callable[[], Found | None], what: str) -> Found:
    return wait_until(probe, what=what, timeout=SECONDS)


def contact(customer: str, **changes: Any) -> CloudEvent:
    fields = {"customer_id": customer, "name": "Ada Lovelace", "email": f"{customer}@example.com"}
    payload = CustomerContactUpdatedV1(**{**fields, **changes})
    return initial(payload, id=f"contact-{customer}", source="crm", time=MOMENT)


def usage(event_id: str, customer: str, quantity: int = 1) -> CloudEvent:
    payload = PartnerUsageReported(customer_id=customer, meter="api_calls", quantity=quantity, used_at=MOMENT)
    return initial(payload, id=event_id, source="metering-partner", time=MOMENT)


def large_usage(event_id: str, customer: str, *, size: int = LARGE) -> CloudEvent:
    """Usage with more data than the queue and the bus carry."""
    event = usage(event_id, customer)
    return event.model_copy(update={"data": {**event.data, "note": "x" * size}})


def whose_data_is_gone(stack: Stack, event_id: str) -> CloudEvent:
    """Usage whose data was checked in once, and has been deleted since."""
    return checked_in(usage(event_id, "cus-any"), MemoryClaimChecks(stack.payload_bucket))


def payment(invoice: Mapping[str, Any]) -> CloudEvent:
    payload = PartnerPaymentSettled(
        payment_id=f"pay-{invoice['id']}",
        invoice_id=invoice["id"],
        amount=invoice["amount"],
        currency=invoice["currency"],
    )
    return initial(payload, id=f"settled-{invoice['id']}", source="payment-provider", time=MOMENT)


def invoice_paid(event_id: str, customer: str) -> CloudEvent:
    """The event as another billing system puts it on the bus; its invoice is named after the event."""
    payload = BillingInvoicePaid(invoice_id=f"inv-{event_id}", customer_id=customer, amount=49_900, currency="USD")
    return initial(payload, id=event_id, source="billing-service", time=MOMENT)


def account_due(customer: str) -> CloudEvent:
    """That the customer's account of the period is to be closed, as billing tells itself."""
    return due.account_due(Place(period=PERIOD, customer_id=customer), 1, now=MOMENT)


def shard_due(customer: str) -> CloudEvent:
    """That the customer's shard is to be looked through."""
    return due.shard_due(shard_of(customer), now=MOMENT)


def unspread_account(stack: Stack, customer: str, **members: Any) -> None:
    """An account as billing wrote it before accounts were spread."""
    item = {"pk": f"PERIOD#{PERIOD}", "sk": f"CUSTOMER#{customer}", "touched": 1} | members
    stack.cloud.client("dynamodb").put_item(
        TableName=stack.variable("billing", "billing-usage", "BILLING_TABLE"), Item=packed(item)
    )


def order(customer: str) -> dict[str, Any]:
    line = {"description": "Onboarding", "quantity": 1, "unit_amount": 49_900}
    return {"customer_id": customer, "currency": "USD", "lines": [line]}


def known_customer(client: Client, watcher: Watcher, name: str) -> str:
    """A customer whose contact notification has, and who can be written to at <name>@example.com."""
    event = contact(name)
    client.put(event)
    watcher.wait_for(event.identity, "notification-contacts", timeout=SECONDS)
    return name


def mails_to(stack: Stack, customer: str) -> list[Mail]:
    return mails(stack.cloud, to=f"{customer}@example.com")


def dead_letters_of(client: Client, consumer: str, event_id: str) -> list[DeadLetter]:
    return [letter for letter in client.dead_letters(consumer) if letter.reason.get("event_id") == event_id]


def copied(stack: Stack, function: str, name: str, **variables: str) -> None:
    """The same code, configuration, role and log group as a function called `name`, which nothing has run in yet.

    `variables` are added to its environment.
    """
    functions = stack.cloud.client("lambda")
    old = stack.configuration(function)
    code = functions.get_function(FunctionName=old["FunctionName"])["Code"]["Location"]
    functions.create_function(
        FunctionName=name,
        Runtime=old["Runtime"],
        Handler=old["Handler"],
        Role=old["Role"],
        Timeout=old["Timeout"],
        Environment={"Variables": old["Environment"]["Variables"] | variables},
        LoggingConfig={"LogGroup": stack.log_groups[function]},
        Code={"ZipFile": http("GET", code).body},
    )
