"""`python -m ops replay` on the embedded stack: what a service forgot comes back, and nobody is written to again."""

from __future__ import annotations

import json
from typing import Any

from typer.testing import CliRunner

from functions.billing.adapters.items import usage_pk
from functions.billing.manifest import SOURCE as BILLING
from local.embedded.client import Client
from local.embedded.hops import Watcher
from local.embedded.stack import PREFIX, Stack
from ops.__main__ import app
from tests.stack.stack_builders import (
    PERIOD,
    contact,
    dead_letters_of,
    invoice_paid,
    known_customer,
    mails_to,
    soon,
    usage,
)


def replayed(stack: Stack, *args: str) -> dict[str, Any]:
    """Of the last hour, to its end; what the command says of it."""
    words = ["replay", "--since", "1h", "--stage", "embedded", "--yes", "--json", *args]
    result = CliRunner().invoke(app, words, env=stack.cloud.environment())
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def outcomes(watcher: Watcher, event_id: str, function: str) -> list[str]:
    return [hop.outcome for hop in watcher.hops if (hop.event_id, hop.function) == (event_id, function)]


def contact_of(stack: Stack, customer: str) -> dict[str, Any] | None:
    key = {"customer_id": {"S": customer}}
    item: dict[str, Any] | None = (
        stack.cloud.client("dynamodb").get_item(TableName=f"{PREFIX}-contacts", Key=key).get("Item")
    )
    return item


def temporary_rules(stack: Stack) -> list[str]:
    found = stack.cloud.client("events").list_rules(EventBusName=PREFIX, NamePrefix=f"{PREFIX}-replay-")
    return [rule["Name"] for rule in found["Rules"]]


def test_a_contact_that_was_lost_is_known_again_when_its_events_are_replayed(
    stack: Stack, client: Client, watcher: Watcher, unique: str
) -> None:
    customer = known_customer(client, watcher, f"cus-{unique}")
    before = contact_of(stack, customer)
    stack.cloud.client("dynamodb").delete_item(TableName=f"{PREFIX}-contacts", Key={"customer_id": {"S": customer}})

    replayed(stack, "--to-consumer", "notification-contacts", "--customer", customer)

    assert before is not None
    assert soon(lambda: contact_of(stack, customer), "the contact is known again") == before
    soon(lambda: outcomes(watcher, f"contact-{customer}", "notification-contacts") == ["handled"] * 2, "it is told")
    assert temporary_rules(stack) == []


def test_usage_that_was_lost_is_counted_again_and_no_consumer_is_asked_that_was_not_chosen(
    stack: Stack, client: Client, watcher: Watcher, unique: str
) -> None:
    customer, event_id = f"cus-{unique}", f"usage-{unique}"
    client.put(usage(event_id, customer, quantity=3))
    soon(lambda: client.usage(customer, PERIOD) == {"api_calls": 3}, "it is counted")
    _forget_usage(stack, customer)
    assert client.usage(customer, PERIOD) == {}

    replayed(stack, "--to-consumer", "billing-usage", "--customer", customer)

    soon(lambda: client.usage(customer, PERIOD) == {"api_calls": 3}, "it is counted again")
    watcher.catch_up()
    assert outcomes(watcher, event_id, "ingestion") == ["handled"]


def _forget_usage(stack: Stack, customer: str) -> None:
    table, dynamodb = f"{PREFIX}-billing", stack.cloud.client("dynamodb")
    values = {":pk": {"S": usage_pk(customer, PERIOD)}}
    found = dynamodb.query(TableName=table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues=values)
    for item in found["Items"]:
        dynamodb.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})


def test_an_e_mail_that_was_never_sent_is_sent_only_when_effects_are_asked_for_and_one_that_was_is_not(
    stack: Stack, client: Client, watcher: Watcher, unique: str
) -> None:
    customer, early, late = f"cus-{unique}", f"early-{unique}", f"late-{unique}"
    client.put(invoice_paid(early, customer))
    soon(lambda: dead_letters_of(client, "notification", early), "nobody knows the customer: the dead letter")
    client.put(contact(customer))
    watcher.wait_for(("crm", f"contact-{customer}"), "notification-contacts", timeout=60)
    client.put(invoice_paid(late, customer))
    soon(lambda: len(mails_to(stack, customer)) == 1, "the late one's receipt is sent")

    replayed(stack, "--to-consumer", "notification", "--customer", customer, "--source", BILLING)
    soon(lambda: "suppressed" in outcomes(watcher, early, "notification"), "the replay is let pass")
    silent = len(mails_to(stack, customer))
    replayed(stack, "--to-consumer", "notification", "--customer", customer, "--with-effects")

    soon(lambda: len(mails_to(stack, customer)) == 2, "the early one's receipt is sent")
    soon(lambda: "duplicate" in outcomes(watcher, late, "notification"), "the late one's is not sent again")
    assert silent == 1
    assert len(mails_to(stack, customer)) == 2


def test_only_the_rules_that_a_replay_names_get_its_events_on_the_emulator_as_on_aws(
    stack: Stack, client: Client, watcher: Watcher, unique: str
) -> None:
    customer = known_customer(client, watcher, f"cus-{unique}")
    client.put(invoice_paid(f"paid-{unique}", customer))
    soon(lambda: mails_to(stack, customer), "the receipt is sent")

    said = replayed(stack, "--to-consumer", "notification-contacts")

    soon(lambda: len(outcomes(watcher, f"contact-{customer}", "notification-contacts")) == 2, "the contact came again")
    watcher.catch_up()
    assert said["state"] == "COMPLETED"
    assert outcomes(watcher, f"paid-{unique}", "notification") == ["handled"]
