"""The walks of `docs/operating.md`, walked: on a stack of their own, since others' dead letters are none of theirs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from local.embedded.client import Client, DeadLetter
from local.embedded.hops import Watcher
from local.embedded.paths import PROJECT
from local.embedded.stack import PREFIX, Stack, deploy_stack, endpoint
from ops.__main__ import app
from tests.stack.grant_probes import milliseconds
from tests.stack.stack_builders import contact, invoice_paid, known_customer, mails_to, order, payment, soon
from tests.stack.walks import Walk, Walker, walks

DOCUMENT: Path = PROJECT / "docs" / "operating.md"
WALKS = walks(DOCUMENT)
#: Nobody listens there.
NOWHERE = "http://127.0.0.1:9"

pytestmark = pytest.mark.xdist_group("incidents")


@pytest.fixture(scope="module")
def stack(clean_environ: dict[str, str]) -> Iterator[Stack]:
    with endpoint(clean_environ, print) as (cloud, is_ours):
        yield deploy_stack(cloud, clean_environ, print, is_ours=is_ours)


@pytest.fixture(scope="module")
def watcher(stack: Stack) -> Iterator[Watcher]:
    with Watcher(stack, on_hop=lambda _: None, since=milliseconds()) as watcher:
        yield watcher


class Endpoint:
    """A customer's webhook endpoint, which is down until it is up. `got` are the events' ids."""

    def __init__(self) -> None:
        got = self.got = list[str]()

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                got.append(json.loads(self.rfile.read(int(self.headers["content-length"])))["id"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Receiver, bind_and_activate=False)
        self._server.server_bind()  # the port is taken, and refuses until somebody listens
        self._thread: Thread | None = None
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def up(self) -> None:
        self._server.server_activate()
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


@dataclass
class World:
    """What is not the operator's doing. `known` are the words that a walk begins with."""

    stack: Stack
    client: Client
    watcher: Watcher
    name: str
    known: dict[str, str] = field(default_factory=dict)
    endpoint: Endpoint = field(default_factory=Endpoint)

    @property
    def events(self) -> dict[str, Callable[[], None]]:
        """By the names that the document gives them."""
        return {
            "another billing system sends three amounts as text": self.sends_text,
            "the other billing system is mended, and sends all three again": self.sends_again,
            "SES does not answer, and invoices are paid": self.loses_ses,
            "SES answers again": self.gets_ses_back,
            "a customer's endpoint is down, and three invoices of that customer are paid": self.endpoint_is_down,
            "the customer's endpoint is back": self.endpoint.up,
            "the customer has got each event once": self.endpoint_has_all,
            "somebody pays whose contact nobody has sent": self.a_stranger_pays,
            "the CRM sends the contact": self.becomes_known,
            "billing is deployed with a handler that crashes, and somebody pays": self.billing_crashes,
            "billing is rolled back": self.rolls_back,
            "the contact book is emptied, and an invoice is paid": self.forgets_contacts,
            "every customer is known again, and was written to once": self.all_are_known,
        }

    def sends_text(self) -> None:
        known_customer(self.client, self.watcher, self.name)
        for event in self._three():
            data = {**event.data, "amount": "499.00"}
            self.client.put_text(json.dumps({**event.to_dict(), "data": data}))

    def sends_again(self) -> None:
        self.client.put(*self._three())
        soon(lambda: len(mails_to(self.stack, self.name)) == 3, "three receipts")

    def loses_ses(self) -> None:
        known_customer(self.client, self.watcher, self.name)
        self._configure("notification", Environment={"Variables": self._variables(AWS_ENDPOINT_URL_SESV2=NOWHERE)})
        self.client.put(*(invoice_paid(f"{self.name}-{n}", self.name) for n in range(6)))
        self.known["event"] = f"{self.name}-5"

    def gets_ses_back(self) -> None:
        self._configure("notification", Environment={"Variables": self._variables()})

    def endpoint_is_down(self) -> None:
        customer = f"{self.name}-hook"
        event = contact(customer, email=None, webhook_url=self.endpoint.url)
        self.client.put(event)
        self.watcher.wait_for(event.identity, "notification-contacts", timeout=60)
        self.client.put(*(invoice_paid(f"{customer}-{n}", customer) for n in range(3)))

    def endpoint_has_all(self) -> None:
        soon(lambda: sorted(self.endpoint.got) == [f"{self.name}-hook-{n}" for n in range(3)], "each event, once")

    def a_stranger_pays(self) -> None:
        self.known |= {"customer": self.name, "invoice": self._pays(self.name)}
        about = f"no contact of {self.name} has come in yet"

        def given_up() -> list[DeadLetter]:
            letters = self.client.dead_letters("notification")
            return [letter for letter in letters if letter.reason.get("error_message") == about]

        soon(lambda: len(given_up()) == 2, "the invoice and its receipt are given up")

    def becomes_known(self) -> None:
        known_customer(self.client, self.watcher, self.name)

    def billing_crashes(self) -> None:
        known_customer(self.client, self.watcher, self.name)
        self._show_again_after(5)
        self._crashing_since = milliseconds()
        self._handler = self.stack.configuration("billing")["Handler"]
        self._configure("billing", Handler="os.abort")
        self.known |= {"customer": self.name, "invoice": self._pays(self.name)}

    def rolls_back(self) -> None:
        soon(lambda: self._begun("billing", self._crashing_since) >= 3, "it has crashed three times")
        self._show_again_after(180)
        self._configure("billing", Handler=self._handler)

    def forgets_contacts(self) -> None:
        for name in (self.name, f"{self.name}-2"):
            known_customer(self.client, self.watcher, name)
        self.client.put(invoice_paid(f"{self.name}-before", self.name))
        soon(lambda: mails_to(self.stack, self.name), "the receipt from before")
        for item in self._contacts():
            key = {"customer_id": item["customer_id"]}
            self.stack.cloud.client("dynamodb").delete_item(TableName=f"{PREFIX}-contacts", Key=key)
        self.client.put(invoice_paid(f"{self.name}-after", self.name))
        self.known["customer"] = self.name

    def all_are_known(self) -> None:
        assert {self.name, f"{self.name}-2"} <= {item["customer_id"]["S"] for item in self._contacts()}
        assert len(mails_to(self.stack, self.name)) == 2

    def _three(self) -> list[Any]:
        return [invoice_paid(f"{self.name}-{n}", self.name) for n in range(3)]

    def _pays(self, customer: str) -> str:
        invoice = self.client.issue_invoice(order(customer), key=customer)
        self.client.put(payment(invoice))
        return str(invoice["id"])

    def _contacts(self) -> list[Any]:
        return list(self.stack.cloud.client("dynamodb").scan(TableName=f"{PREFIX}-contacts")["Items"])

    def _variables(self, **more: str) -> dict[str, str]:
        now = self.stack.configuration("notification")["Environment"]["Variables"]
        return {name: value for name, value in now.items() if name != "AWS_ENDPOINT_URL_SESV2"} | more

    def _configure(self, function: str, **changes: Any) -> None:
        name = self.stack.function_name(function)
        self.stack.cloud.client("lambda").update_function_configuration(FunctionName=name, **changes)

    def _show_again_after(self, seconds: int) -> None:
        """A crashed function's message: three minutes are too long for a test."""
        url = self.stack.queue_url("billing")
        self.stack.cloud.client("sqs").set_queue_attributes(
            QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)}
        )

    def _begun(self, function: str, since: int) -> int:
        """How often the function was called, by its log."""
        group = self.stack.log_groups[function]
        found = self.stack.cloud.client("logs").filter_log_events(logGroupName=group, startTime=since)["events"]
        return sum(event["message"].startswith("START") for event in found)


@pytest.fixture
def world(stack: Stack, watcher: Watcher, unique: str) -> Iterator[World]:
    world = World(stack, Client(stack), watcher, f"cus-{unique}")
    yield world
    world.endpoint.close()


def run(stack: Stack, words: list[str]) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*words, "--stage", "embedded"], env=stack.cloud.environment())
    return result.exit_code, result.stdout


def test_the_document_walks_through_five_incidents() -> None:
    assert len(WALKS) == 5


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.title)
def test_an_incident_goes_as_the_document_tells_it(stack: Stack, world: World, walk: Walk) -> None:
    walker = Walker(
        run=lambda words: run(stack, words),
        until=soon,
        world=world.events,
        known=world.known,
    )

    walker.walk(walk)
