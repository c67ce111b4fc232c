"""The close of a period on the emulator: schedule, queue, table, stream and bus."""

from __future__ import annotations

import json
from typing import Any

from local.embedded.client import Client
from local.embedded.stack import Stack
from tests.stack.stack_builders import PERIOD, dead_letters_of, soon, unspread_account, usage

CUSTOMERS = 12


def close(stack: Stack) -> None:
    stack.cloud.client("lambda").invoke(FunctionName=stack.function_name("billing-close"), Payload=b"{}")


def invoices(client: Client, customer: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(client.try_billing(f"invoices?customer_id={customer}").body)["invoices"]
    return found


def use(client: Client, *customers: str, id_: str = "1", booked: int = 0) -> None:
    """20,000 API calls of each: 4.00 dollars after the first 10,000, which are free. `booked` are those before."""
    client.post_batch([usage(f"{name}-{id_}", name, quantity=20_000).to_dict() for name in customers])
    for name in customers:
        soon(
            lambda name=name: client.usage(name, PERIOD) == {"api_calls": booked + 20_000}, f"usage of {name} is booked"
        )


def test_each_customer_is_billed_once_when_the_schedule_runs_twice_and_again_for_what_comes_late(
    stack: Stack, client: Client, unique: str
) -> None:
    customers = [f"cus-{unique}-{n}" for n in range(CUSTOMERS)]
    use(client, *customers)

    close(stack)
    close(stack)
    soon(lambda: all(invoices(client, customer) for customer in customers), "every customer has an invoice")
    use(client, customers[0], id_="late", booked=20_000)
    close(stack)
    soon(lambda: invoices(client, customers[0])[:-1], "the supplementary invoice")

    others = [[invoice["amount"] for invoice in invoices(client, customer)] for customer in customers[1:]]
    assert others == [[400]] * (CUSTOMERS - 1)
    assert [invoice["amount"] for invoice in invoices(client, customers[0])] == [800, 400]


def test_what_was_billed_before_accounts_were_spread_is_not_billed_again(
    stack: Stack, client: Client, unique: str
) -> None:
    customer = f"cus-{unique}-old"
    use(client, customer)
    use(client, customer, id_="2", booked=20_000)
    unspread_account(stack, customer, touched=2, closed=1, billed={"api_calls": 20_000}, invoices=1)

    close(stack)

    (invoice,) = soon(lambda: invoices(client, customer), "the rest is billed")
    assert (invoice["lines"][0]["quantity"], invoice["amount"]) == (20_000, 800)


def test_an_account_that_cannot_be_closed_is_a_dead_letter_with_its_reason(
    stack: Stack, client: Client, unique: str
) -> None:
    not_over = {"specversion": "1.0", "id": unique, "source": "billing-service", "type": "billing.account.due"}
    body = json.dumps(not_over | {"data": {"period": "2999-01", "customer_id": f"cus-{unique}"}})

    stack.cloud.client("sqs").send_message(QueueUrl=stack.queue_url("billing-accounts"), MessageBody=body)

    (letter,) = soon(lambda: dead_letters_of(client, "billing-accounts", unique), "the dead letter")
    assert (letter.reason["reason"], letter.reason["attempts"]) == ("business_rule", "1")
