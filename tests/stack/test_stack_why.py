"""Where is my event? The commands on the embedded stack, after what the demonstration plays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from events.envelope import CloudEvent
from local.embedded.client import Client
from local.embedded.hops import Watcher
from local.embedded.play import example
from local.embedded.stack import Stack
from ops.__main__ import app
from tests.stack.stack_builders import dead_letters_of, known_customer, mails_to, order, payment, soon


def ops(stack: Stack, monkeypatch: pytest.MonkeyPatch, *words: str) -> Result:
    for name, value in stack.cloud.environment().items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(app, [*words, "--stage", "embedded"])


def told(stack: Stack, monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    return json.loads(ops(stack, monkeypatch, "why", *words, "--json").stdout)


def types_in(event: Any) -> list[str]:
    return [event["type"], *(type_ for child in event["caused"] for type_ in types_in(child))]


def test_a_poison_event_is_told_with_its_reason_and_with_what_to_do(
    stack: Stack, client: Client, unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = f"poison-{unique}"
    client.put(CloudEvent.parse({**example("poison.json"), "id": event_id}))
    soon(lambda: dead_letters_of(client, "notification", event_id), "the dead letter")

    result = ops(stack, monkeypatch, "why", event_id)

    assert result.exit_code == 1
    assert result.stdout.startswith("Stopped: notification could not read it (data.amount: ")
    assert "It waits in notification-dlq since" in result.stdout
    assert "tried once" in result.stdout
    assert "billing-service sent it so" in result.stdout
    assert "python -m ops dlq edit" in result.stdout
    # It was looked at, and is still there for everybody else.
    assert soon(lambda: dead_letters_of(client, "notification", event_id), "the dead letter")


def test_a_paid_invoice_is_told_as_the_whole_tree_in_time_order(
    stack: Stack, client: Client, watcher: Watcher, unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = known_customer(client, watcher, f"cus-{unique}")
    invoice = client.issue_invoice(order(customer), key=unique)
    paid = payment(invoice)
    client.post(paid)
    soon(lambda: len(mails_to(stack, customer)) == 2, "the invoice and its receipt are sent")

    story = soon(lambda: _ended(told(stack, monkeypatch, "--invoice", invoice["id"])), "both lines of notification")

    issuing, paying = story["events"]
    assert types_in(issuing) == ["billing.invoice.issued", "notification.message.sent"]
    assert types_in(paying) == [
        "partner.payment.settled",
        "ingestion.payment.settled",
        "billing.invoice.paid",
        "notification.message.sent",
    ]
    assert paying["arrival"]["via"] == "http"
    came = [event["arrival"]["at"] for event in _walk(paying)]
    assert came == sorted(came)
    assert f"invoice {invoice['id']} was paid and {customer} was told by e-mail" in story["verdict"]["sentence"]
    assert story["gaps"] == []


def _ended(story: Any) -> Any:
    """The story, once its last lines are in the logs: they come a moment after the e-mail."""
    return story if len(story["events"]) == 2 and story["verdict"]["standing"] == "done" else None


def _walk(event: Any) -> list[Any]:
    return [event, *(each for child in event["caused"] for each in _walk(child))]


def test_tail_shows_a_customers_flow_as_it_comes(
    stack: Stack, client: Client, watcher: Watcher, unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = known_customer(client, watcher, f"cus-{unique}")

    def shown() -> list[Any]:
        result = ops(stack, monkeypatch, "tail", "--since", "10m", "--for", "0", "--customer", customer, "--json")
        return [json.loads(text) for text in result.stdout.splitlines()]

    (line,) = soon(shown, "the contact's line")
    assert (line["function"], line["outcome"]) == ("notification-contacts", "handled")
