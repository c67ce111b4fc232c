"""Plays `examples/` as real clients would, and checks what comes of it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Protocol

from events.envelope import CloudEvent
from events.twins import in_versions
from local.embedded.client import Client, DeadLetter, Refused
from local.embedded.hops import Watcher
from local.embedded.mailbox import Mail, mails, shown
from local.embedded.paths import EXAMPLES
from local.embedded.polling import DeadlinePassed, wait_until
from local.embedded.stack import Stack

_SECONDS: Final = 60
_PERIOD: Final = "2026-05"
_EXPECTED_USAGE: Final = {"api_calls": 20_000, "seats": 3}
_FILE: Final = "usage.csv"
_FILE_CUSTOMER: Final = "cus_def456"
_FILE_USAGE: Final = {"api_calls": 20_000, "seats": 4}
_FILE_REJECTS: Final = ["line 4", "line 7"]
_RECEIPT: Final = "receipt"


class Audience(Protocol):
    """Whoever is told of a performance. `over_http` are the ids of the events that came by HTTP."""

    over_http: set[str]

    def say(self, text: str) -> None: ...

    def phase(self, name: str) -> AbstractContextManager[None]:
        """Entered around each part."""

    def first_receipt(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Something that must have come true, and what was found instead."""

    name: str
    expected: str
    seen: str
    ok: bool


def example(name: str) -> Any:
    return json.loads((EXAMPLES / name).read_text())


#: The event that nobody can read.
POISON_ID: Final = str(example("poison.json")["id"])


class Play:
    """One performance on one stack."""

    def __init__(self, stack: Stack, watcher: Watcher, audience: Audience) -> None:
        self._stack = stack
        self._client = Client(stack)
        self._watcher = watcher
        self._audience = audience
        self._step = audience.phase
        self.invoice_id = ""

    def perform(self) -> list[Outcome]:
        """Everything in `examples/`, in an order in which it makes sense. Raises Refused and DeadlinePassed."""
        self._contact()
        self._usage()
        self._file()
        invoice = self._invoice()
        self._payment(invoice)
        self._seed()
        self._poison()
        with self._step("Outcomes"):
            return list(self._outcomes())

    def _contact(self) -> None:
        event = CloudEvent.parse(example("contact-v2.json"))
        with self._step("The CRM puts a contact on the bus, in both of its versions"):
            for version in in_versions(event):
                self._client.put(version)
            self._watcher.wait_for(event.identity, "notification-contacts", timeout=_SECONDS)

    def _usage(self) -> None:
        event, batch = CloudEvent.parse(example("usage.json")), example("usage-batch.json")
        self._audience.over_http |= {event.id, *(element["id"] for element in batch)}
        with self._step("A partner reports usage over HTTP: one record twice, then a batch of two"):
            for answer in (self._client.post(event), self._client.post(event), self._client.post_batch(batch)):
                _must(answer.status == HTTPStatus.ACCEPTED, f"POST /events: {answer.status} {answer.body!r}")
            self._wait(lambda: self._usage_now() == _EXPECTED_USAGE, "usage is booked")
            self._quiet()

    def _file(self) -> None:
        text = (EXAMPLES / _FILE).read_bytes()
        uploads = ((_FILE, text), (f"again-{_FILE}.gz", gzip.compress(text, mtime=0)))
        with self._step("A partner puts a file with two bad lines into the bucket, and once more, packed"):
            stored = [self._client.put_file(name, body) for name, body in uploads]
            self._wait(lambda: all(map(self._client.file_result, stored)), "the files' results")
            self._quiet()

    def _invoice(self) -> dict[str, Any]:
        with self._step("An operator issues an invoice over HTTP"):
            invoice = self._client.issue_invoice(example("invoice.json"), key="examples-invoice-1")
            self.invoice_id = str(invoice["id"])
            self._audience.say(f"POST /invoices → {self.invoice_id}, {invoice['state']}")
            self._wait(lambda: self._mails_about(self.invoice_id), "the customer is told of the invoice")
            self._quiet()
            return invoice

    def _payment(self, invoice: dict[str, Any]) -> None:
        payment = example("payment.json")
        paid = {"invoice_id": invoice["id"], "amount": invoice["amount"], "currency": invoice["currency"]}
        event = CloudEvent.parse({**payment, "data": {**payment["data"], **paid}})
        with self._step("The payment provider puts a settled payment on the bus"):
            self._client.put(event)
            self._wait(lambda: self._receipts(self.invoice_id), "the receipt for the payment")
            self._audience.first_receipt()
            self._quiet()

    def _seed(self) -> None:
        text = (EXAMPLES / "seed-event.json").read_text()
        with self._step("Another billing system puts the seed event on the bus, byte for byte"):
            self._client.put_text(text)
            self._wait(lambda: self._receipts(_seed_invoice()), "the receipt for the seed event")
            self._quiet()

    def _poison(self) -> None:
        event = CloudEvent.parse(example("poison.json"))
        with self._step("Something broken puts a poison event on the bus"):
            self._client.put(event)
            self._wait(self._poisoned, "the poison event in its dead-letter queue")
            self._quiet()

    def _outcomes(self) -> Iterator[Outcome]:
        self._quiet()
        state = str(self._client.invoice(self.invoice_id)["state"])
        yield Outcome(name="invoice paid", expected="paid", seen=state, ok=state == "paid")
        yield _exactly_one("receipt for the invoice", self._receipts(self.invoice_id))
        yield _exactly_one("receipt for the seed event", self._receipts(_seed_invoice()))
        usage = self._usage_now()
        name = "usage sent twice is counted once"
        yield Outcome(name=name, expected=str(_EXPECTED_USAGE), seen=str(usage), ok=usage == _EXPECTED_USAGE)
        yield from self._file_outcomes()
        yield _in_dead_letters(self._poisoned())

    def _file_outcomes(self) -> Iterator[Outcome]:
        usage = self._client.usage(_FILE_CUSTOMER, _PERIOD)
        name = "a file sent twice is counted once"
        yield Outcome(name=name, expected=str(_FILE_USAGE), seen=str(usage), ok=usage == _FILE_USAGE)
        seen = "; ".join(f"line {r['line']}, {r['reason']}" for r in self._client.rejects(_FILE))
        ok = [part.partition(",")[0] for part in seen.split("; ")] == _FILE_REJECTS
        yield Outcome(name="its bad lines are named", expected=" and ".join(_FILE_REJECTS), seen=seen, ok=ok)

    def receipt(self) -> list[str]:
        """The receipt for the paid invoice, as lines for people."""
        return [line for mail in self._receipts(self.invoice_id)[:1] for line in shown(mail)]

    def _quiet(self) -> None:
        """Only when no message is under way has everything happened that will, and been told."""
        self._wait(lambda: self._stack.backlog() == 0, "the queues are empty")
        self._watcher.catch_up()

    def _usage_now(self) -> dict[str, int]:
        return self._client.usage("cus_abc123", _PERIOD)

    def _mails_about(self, invoice_id: str) -> list[Mail]:
        return [mail for mail in mails(self._stack.cloud) if mail.mentions(invoice_id)]

    def _receipts(self, invoice_id: str) -> list[Mail]:
        return [mail for mail in self._mails_about(invoice_id) if _RECEIPT in mail.subject.lower()]

    def _poisoned(self) -> list[DeadLetter]:
        return [d for d in self._client.dead_letters("notification") if d.reason.get("event_id") == POISON_ID]

    def _wait(self, probe: Callable[[], object], what: str) -> None:
        wait_until(probe, what=what, timeout=_SECONDS)


def _seed_invoice() -> str:
    return str(example("seed-event.json")["data"]["invoice_id"])


def _exactly_one(name: str, found: list[Mail]) -> Outcome:
    seen = f"{len(found)} to {', '.join(found[0].to)}" if found else "none"
    return Outcome(name=name, expected="exactly 1 e-mail", seen=seen, ok=len(found) == 1)


def _in_dead_letters(found: list[DeadLetter]) -> Outcome:
    reason = found[-1].reason if found else {}
    seen = (
        f"{reason.get('reason')}: {reason.get('error_message')}, try {reason.get('attempts')}" if found else "not there"
    )
    ok = reason.get("reason") == "unreadable" and "data.amount" in reason.get("error_message", "")
    return Outcome(name="poison event is a dead letter", expected="unreadable, naming data.amount", seen=seen, ok=ok)


def _must(fact: bool, otherwise: str) -> None:
    if not fact:
        raise Refused(otherwise)


#: What the demonstration may fail with: the reason is in the message.
FAILURES: Final = (Refused, DeadlinePassed, OSError)
