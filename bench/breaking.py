"""What keeps working while billing's code is broken, and whether all is done once it is repaired.

On the embedded stack: a copy of the project whose billing is broken as soon as it is imported is deployed over one that
works. What takes part are real requests, events and e-mails. A flow that has not come to its end within `PATIENCE`
seconds while billing is broken waits; what it waits for is the repair.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final

from bench.broken_billing import Deployment, Kind
from events.catalog import (
    BillingInvoicePaid,
    CustomerContactUpdatedV1,
    IngestionUsageRecorded,
    PartnerPaymentSettled,
    PartnerUsageReported,
    initial,
)
from events.envelope import CloudEvent
from functions.billing.manifest import PAYMENTS, USAGE
from functions.billing.periods import period_of
from functions.ingestion.manifest import SOURCE as INGESTION
from local.embedded.client import Client, Refused
from local.embedded.hops import Watcher
from local.embedded.mailbox import Mail, mails
from local.embedded.polling import DeadlinePassed, wait_until
from local.embedded.stack import CONSUMERS, Stack

PATIENCE: Final = 45.0
_REPAIR_PATIENCE: Final = 120.0
_SELDOM: Final = 8.0
#: With the three others, as many as one PutEvents takes.
_BUSY: Final = 7
#: Seconds until the queues show a message again whose batch failed as a whole. The templates have minutes; so short a
#: time that all tries were over before the repair would make dead letters of what waits, as a long outage does.
SHOWN_AGAIN: Final = 60


class NotAllDone(Exception):
    """Something that was accepted while billing was broken was not done after the repair; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """`works`: it came to its end while billing was broken."""

    name: str
    works: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """`waiting` is how many messages the queues held before the repair.

    `done_s` is how long after the repair everything was done, with queues that show a message again after
    `shown_again_s`; `templates_s` is what the templates say in its place. `dead` are dead letters, at the end. What was
    shown `tries` times while billing was broken would be one (see decision 7), to be redriven.
    """

    flows: Sequence[Flow]
    waiting: int
    done_s: float
    shown_again_s: int
    templates_s: int
    tries: int
    dead: int


@dataclass(frozen=True)
class Breaking:
    """One run on a stack that stands and works, and whose queues show messages again sooner (see shown_sooner)."""

    stack: Stack
    watcher: Watcher
    moment: datetime
    kind: Kind
    templates_s: int

    def measured(self, deployment: Deployment) -> Broken:
        """Raises NotAllDone, Refused, and what a deployment may raise."""
        invoice = self._prepared()
        deployment.say(f"deploying a billing that {self.kind}")
        with deployment.broken(self.kind):
            deployment.say(f"sending what it would handle, and waiting for up to {PATIENCE:.0f} s")
            told, calls = self._sent(invoice), self._calls(invoice)
            works = _ended(told, PATIENCE)
            # Last: on the emulator a call that fails ends the process, and with it what others' messages it has.
            works |= _ended(calls, 0)
            waiting = self.stack.backlog()
        deployment.say("repaired: waiting until everything is done")
        took = self._done({**told, **{name: _seldom(call) for name, call in calls.items()}})
        return Broken(
            flows=[Flow(name=name, works=name in works) for name in (*told, *calls)],
            waiting=waiting,
            done_s=took,
            shown_again_s=SHOWN_AGAIN,
            templates_s=self.templates_s,
            tries=PAYMENTS.tries,
            dead=sum(len(self._client.dead_letters(consumer.name)) for consumer in CONSUMERS),
        )

    def _done(self, ends: Mapping[str, Callable[[], object]]) -> float:
        """How many seconds it takes until all flows have come to their end. Raises NotAllDone."""
        began = time.monotonic()
        missing = ends.keys() - _ended(ends, _REPAIR_PATIENCE)
        if missing:
            raise NotAllDone(f"after the repair, still not done: {', '.join(sorted(missing))}")
        return round(time.monotonic() - began, 1)

    @property
    def _name(self) -> str:
        """In all ids, so that one run's are no other's."""
        return self.kind.replace(" ", "-")

    @property
    def _customer(self) -> str:
        return f"cus_{self._name}"

    @property
    def _others_invoice(self) -> str:
        """Of another billing system."""
        return f"inv_{self._name}"

    @cached_property
    def _client(self) -> Client:
        return Client(self.stack)

    def _prepared(self) -> Mapping[str, Any]:
        """A customer who can be written to, and who has been told of an invoice."""
        contact = self._contact("Ada Byron", later=0)
        self._client.put(contact)
        self.watcher.wait_for(contact.identity, "notification-contacts", timeout=_REPAIR_PATIENCE)
        line = {"description": "Onboarding", "quantity": 1, "unit_amount": 49_900}
        order = {"customer_id": self._customer, "currency": "USD", "lines": [line]}
        invoice = self._client.issue_invoice(order, key=f"results-{self._name}")
        wait_until(
            lambda: self._mails(invoice["id"]), what="the customer is told of the invoice", timeout=_REPAIR_PATIENCE
        )
        return invoice

    def _sent(self, invoice: Mapping[str, Any]) -> Mapping[str, Callable[[], object]]:
        """Sends everything; what tells, then, whether a flow has come to its end."""
        usage, payment, contact, paid = (
            self._usage(),
            self._payment(invoice),
            self._contact("Ada Lovelace", later=1),
            self._paid(),
        )
        accepted = self._client.post(usage).status == HTTPStatus.ACCEPTED
        # In one call, and so in one batch where they share a queue: as on a busy day, with billing's records between.
        self._client.put(contact, *self._on_its_way(), paid, payment)
        return {
            "the API accepts records": lambda: accepted,
            "records are checked and published": lambda: self._handled(usage, "ingestion"),
            "contacts are updated": lambda: self._handled(contact, "notification-contacts"),
            "customers are told of events that are there": lambda: self._mails(self._others_invoice),
            "payments are booked, and receipts sent": lambda: len(self._mails(invoice["id"])) == 2,  # noqa: PLR2004
        }

    def _calls(self, invoice: Mapping[str, Any]) -> Mapping[str, Callable[[], bool]]:
        """The flows that only billing's API can tell of."""
        return {
            "billing's API answers": lambda: self._answers(f"invoices/{invoice['id']}"),
            "usage is booked": lambda: self._used() == 1,
        }

    def _handled(self, event: CloudEvent, function: str) -> bool:
        return any(
            hop.identity == event.identity and hop.function == function and hop.outcome == "handled"
            for hop in list(self.watcher.hops)
        )

    def _answers(self, path: str) -> bool:
        with suppress(OSError):
            return self._client.try_billing(path).status == HTTPStatus.OK
        return False

    def _used(self) -> int:
        with suppress(Refused, OSError):
            return self._client.usage(self._customer, period_of(self.moment)).get("api_calls", 0)
        return 0

    def _mails(self, invoice_id: str) -> list[Mail]:
        return [mail for mail in mails(self.stack.cloud) if mail.mentions(invoice_id)]

    def _usage(self) -> CloudEvent:
        payload = PartnerUsageReported(customer_id=self._customer, meter="api_calls", quantity=1, used_at=self.moment)
        return initial(payload, id=f"usage-{self._name}", source="metering-partner", time=self.moment)

    def _on_its_way(self) -> list[CloudEvent]:
        """What ingestion has passed on, of a customer of its own: nobody asks for it, but each batch has some."""
        payload = IngestionUsageRecorded(customer_id="cus_busy", meter="api_calls", quantity=1, used_at=self.moment)
        ids = (f"busy-{n}-{self._name}" for n in range(_BUSY))
        return [initial(payload, id=id_, source=INGESTION, time=self.moment) for id_ in ids]

    def _payment(self, invoice: Mapping[str, Any]) -> CloudEvent:
        fields = {name: invoice[name] for name in ("amount", "currency")}
        payload = PartnerPaymentSettled(payment_id=f"payment-{self._name}", invoice_id=invoice["id"], **fields)
        return initial(payload, id=f"payment-{self._name}", source="payment-provider", time=self.moment)

    def _contact(self, name: str, *, later: int) -> CloudEvent:
        """The newest by its time stands: the second one is later."""
        payload = CustomerContactUpdatedV1(customer_id=self._customer, name=name, email="ada@example.com")
        moment = self.moment + timedelta(seconds=later)
        return initial(payload, id=f"contact-{later}-{self._name}", source="crm", time=moment)

    def _paid(self) -> CloudEvent:
        payload = BillingInvoicePaid(
            invoice_id=self._others_invoice, customer_id=self._customer, amount=49_900, currency="USD"
        )
        return initial(payload, id=f"paid-{self._name}", source="billing-service", time=self.moment)


def shown_sooner(stack: Stack) -> int:
    """Seconds that the templates had: of billing's queues, the one that hides its messages longest."""
    sqs = stack.cloud.client("sqs")
    urls = {consumer.name: stack.queue_url(consumer.name) for consumer in CONSUMERS}
    before = dict[str, int]()
    for url in set(urls.values()):
        asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
        before[url] = int(asked["Attributes"]["VisibilityTimeout"])
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(SHOWN_AGAIN)})
    return max(before[urls[name]] for name in (PAYMENTS.name, USAGE.name))


def _seldom(ask: Callable[[], bool]) -> Callable[[], bool]:
    """Asked every few seconds only: what it asks has other work to do."""
    asked = [float("-inf")]

    def due() -> bool:
        if time.monotonic() - asked[0] < _SELDOM:
            return False
        asked[0] = time.monotonic()
        return ask()

    return due


def _ended(ends: Mapping[str, Callable[[], object]], timeout: float) -> set[str]:
    """Those that come to their end in time."""
    done = set[str]()

    def all_done() -> bool:
        done.update(name for name, ended in ends.items() if name not in done and ended())
        return len(done) == len(ends)

    with suppress(DeadlinePassed):
        wait_until(all_done, what="every flow comes to its end", timeout=timeout)
    return done
