"""A company in the weather of a plan, and everybody around it: producers, clients, payment providers, operators."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, ClassVar, Final

from events.binding import to_entry
from events.catalog import dataschema, payload_of, readable_versions
from events.envelope import CloudEvent
from events.twins import in_versions
from functions.billing.manifest import CLOSE
from functions.ingestion.manifest import INCOMING
from functions.notification.domain import Email
from functions.notification.ports import Refused
from local.memory.company import Company
from local.memory.faults import Effect, FaultyNetwork
from local.memory.functions import InvocationFailed
from local.memory.queue import Message
from local.simulate.book import Book, Said
from local.simulate.generate import REFUSED
from local.simulate.letters import is_hopeless, is_transient
from local.simulate.plan import (
    Close,
    Noise,
    Order,
    Pay,
    Plan,
    Redrive,
    Replay,
    Send,
    SendBatch,
    Step,
    Upload,
    Void,
    Way,
)
from local.simulate.sites import CONSUMERS
from local.simulate.weather import PlannedDisorder, PlannedWeather

#: More steps than any plan needs: what takes more has no end.
_LIMIT: Final = 100_000
_ROUNDS: Final = 4
_LONGEST_WAIT: Final = 60.0
_PATIENT_POLL: Final = 5.0
#: Of an account's close: each page of its ledger is one, and pages are so small that ledgers have several.
_STEPS: Final[Mapping[str, Any]] = {"ledger_page": 3, "account_seconds": 0}


class World:
    """`on_effect` is told of each effect of a call; what it raises ends the run."""

    def __init__(self, plan: Plan, on_effect: Callable[[World, Effect], None]) -> None:
        self.plan = plan
        self.book = Book()
        self.effects: list[Effect] = []
        self.said: list[Said] = []
        self.disorder = PlannedDisorder(plan)
        self.calm_since = 0
        self._on_effect = on_effect
        self.company = Company(
            seed=plan.seed, start=plan.start, archive=True, network=self._network, disorder=self.disorder, **_STEPS
        )
        self.cloud = self.company.cloud
        self.clock = self.cloud.clock
        self.company.notification.mailer.trouble = _refuse

    def _network(self, clock: Any) -> FaultyNetwork:
        self.network = FaultyNetwork(clock, PlannedWeather(self.plan), self._happened)
        return self.network

    def _happened(self, effect: Effect) -> None:
        self._on_effect(self, effect)
        self.effects.append(effect)

    def play(self) -> None:
        """Everything that the plan says; then the trouble ends, and what was put off is made up for."""
        for step in self.plan.steps:
            self._at(step)
        self.cloud.run(_LIMIT)
        self.network.calm = True
        self.calm_since = self.clock.micros
        self._make_up()
        if any(self.effects_of("ledger.record_all")):
            self._end_periods()
            self._make_up()

    def effects_of(self, *names: str) -> Iterator[Effect]:
        return (effect for effect in self.effects if effect.call.name in names)

    def archived(self, type_: str = "") -> Iterator[Mapping[str, Any]]:
        """The CloudEvents that were put on the bus, oldest first, of the types that contain `type_`."""
        details = (envelope["detail"] for envelope in self.cloud.bus.archive or ())
        return (detail for detail in details if "specversion" in detail and type_ in detail["type"])

    def dead_letters(self) -> Iterator[tuple[str, Message]]:
        for name in CONSUMERS:
            yield from ((name, message) for message in self.cloud.dlq(name).peek())

    def say(self, who: str, what: str) -> None:
        self.said.append(Said(self.clock.micros, who, what))

    def _at(self, step: Step) -> None:
        do = self._DOES[type(step)]
        self.clock.call_at(self.plan.moment(step.at), lambda: self.clock.spawn(lambda: do(self, step)))

    def _make_up(self) -> None:
        for _ in range(_ROUNDS):
            if not any(is_transient(m) and not is_hopeless(m, self.book) for _, m in self.dead_letters()):
                return
            for consumer in CONSUMERS:
                self.cloud.redrive(consumer)
            self.cloud.run(_LIMIT)

    def _end_periods(self) -> None:
        now = self.clock.now()
        due = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, 7, tzinfo=UTC) + timedelta(days=1)
        self.clock.advance((due - now).total_seconds())
        self.clock.spawn(lambda: self._close(Close(0)))
        self.cloud.run(_LIMIT)

    def _send(self, step: Send) -> None:
        event = CloudEvent.parse(step.event)
        self.say("producer", f"sends {event.type} {event.source} {event.id} by {step.way}")
        ways: dict[Way, Callable[[CloudEvent], None]] = {
            "http": self._post,
            "bus": self._put,
            "bare": self._put_bare,
        }
        ways[step.way](event)

    def _send_batch(self, step: SendBatch) -> None:
        events = [CloudEvent.parse(event) for event in step.events]
        self.say("producer", f"posts a batch of {', '.join(event.id for event in events)}")
        self._post(*events)

    def _post(self, *events: CloudEvent) -> None:
        """A batch (also of one) until each event is accepted or rejected."""
        self.book.sent |= {event.identity: event for event in events}
        left = list(events)

        def attempt() -> bool:
            status, receipt = self.company.post_events(*(event.to_dict() for event in left))
            self._expect("POST /events", status, 202, 422, 503)
            fates = [result["status"] for result in receipt["results"]]
            self._accept(*(e for e, fate in zip(left, fates, strict=True) if fate == "accepted"))
            left[:] = [e for e, fate in zip(left, fates, strict=True) if fate == "failed"]
            return not left

        self._until(attempt)

    def _put(self, event: CloudEvent) -> None:
        self.book.sent[event.identity] = event
        self.cloud.publish(*_in_all_versions(event))
        self._accept(event)

    def _put_bare(self, event: CloudEvent) -> None:
        entry = dict(to_entry(event, self.cloud.bus.name)) | {"Detail": json.dumps(event.data)}
        (answer,) = self.cloud.put_events([entry])["Entries"]
        known = CloudEvent.parse(event.to_dict() | {"id": answer["EventId"]})
        self.book.sent[known.identity] = known
        self._accept(known)

    def _upload(self, step: Upload) -> None:
        self.say("partner", f"puts the file {step.name} with {', '.join(event['id'] for event in step.events)}")
        events = [CloudEvent.parse(event) for event in step.events]
        self.book.sent |= {event.identity: event for event in events}
        self._accept(*events)
        body = "".join(f"{event.to_json()}\n" for event in events).encode()
        file = self.company.put_file(f"{INCOMING}{step.name}.ndjson", body)
        for _ in range(step.news - 1):
            self.company.tell_of(file)

    def _accept(self, *events: CloudEvent) -> None:
        self.book.accepted |= {event.identity: event for event in events}

    def _noise(self, step: Noise) -> None:
        self.say("somebody", f"puts {step.body!r} into {step.queue}")
        self.cloud.queue(step.queue).send(step.body)
        self.book.noise.append(step)

    def _order(self, step: Order) -> None:
        self.say("client", f"orders an invoice with {step.key}")
        lines = [{"description": "Consulting", "quantity": 1, "unit_amount": step.amount}]
        body = {"customer_id": step.customer, "currency": "USD", "lines": lines}

        def attempt() -> bool:
            status, answer = self.company.bill("POST", "/invoices", body, Idempotency_Key=step.key)
            self._expect("POST /invoices", status, 201, 409, 503)
            if status == HTTPStatus.CREATED:
                self.book.answers[step.key].append(answer)
            return status == HTTPStatus.CREATED

        self._until(attempt)

    def _pay(self, step: Pay) -> None:
        invoice = self._invoice_of(step.key)
        if invoice is None:
            return
        data = {"payment_id": step.payment, "invoice_id": invoice["id"], "amount": invoice["amount"] + step.off}
        data |= {"currency": "USD"} | ({"reason": "card declined"} if step.kind == "failed" else {})
        event = CloudEvent.parse(
            {
                "specversion": "1.0",
                "id": step.id,
                "source": "/payments",
                "type": f"partner.payment.{step.kind}",
                "time": "2026-05-20T14:00:00Z",
                "data": data,
            }
        )
        if step.off:
            self.book.wrong.add(event.identity)
        self._send(Send(step.at, event.to_dict(), step.way))

    def _void(self, step: Void) -> None:
        invoice = self._invoice_of(step.key)
        if invoice is None:
            return
        self.say("clerk", f"voids {invoice['id']}")

        def attempt() -> bool:
            status, _ = self.company.bill("POST", f"/invoices/{invoice['id']}/void")
            self._expect("POST /invoices/…/void", status, 200, 409, 503)
            return status != HTTPStatus.SERVICE_UNAVAILABLE

        self._until(attempt)

    def _close(self, _: Close) -> None:
        self.say("schedule", "closes periods")

        def attempt() -> bool:
            self.cloud.run_schedule(CLOSE.function.name)
            return True

        self._until(attempt)

    def _redrive(self, step: Redrive) -> None:
        moved = self.cloud.redrive(step.consumer)
        self.say("operator", f"redrives {moved} messages of {step.consumer}")

    def _replay(self, step: Replay) -> None:
        now = self.clock.now()
        count = self.cloud.bus.replay(now - timedelta(seconds=step.seconds), now, name=step.name)
        self.say("operator", f"replays {count} events as {step.name}")

    def _invoice_of(self, key: str) -> dict[str, Any] | None:
        """The answer to the order with this key, as soon as there is one; None when there is no such order."""
        if not any(isinstance(step, Order) and step.key == key for step in self.plan.steps):
            return None
        while not self.book.answers[key]:
            self.clock.sleep(_PATIENT_POLL)
        return self.book.answers[key][0]

    def _until(self, attempt: Callable[[], bool]) -> None:
        """A caller tries until it is answered, ever more slowly."""
        wait = 1.0
        while not self._answered(attempt):
            self.clock.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)

    def _answered(self, attempt: Callable[[], bool]) -> bool:
        try:
            return attempt()
        except InvocationFailed:
            return False

    def _expect(self, request: str, status: int, *expected: int) -> None:
        if status not in expected:
            self.book.strange.append(f"{request}: {status}")

    _DOES: ClassVar[Mapping[type[Any], Callable[[World, Any], None]]] = {
        Send: _send,
        SendBatch: _send_batch,
        Upload: _upload,
        Noise: _noise,
        Order: _order,
        Pay: _pay,
        Void: _void,
        Close: _close,
        Redrive: _redrive,
        Replay: _replay,
    }


def _refuse(email: Email) -> None:
    if email.to == REFUSED:
        raise Refused(f"{REFUSED} does not exist")


def _in_all_versions(event: CloudEvent) -> tuple[CloudEvent, ...]:
    """As a producer sends it that reads the newest version, and knows readers that do not."""
    if len(readable_versions(event.type)) == 1:
        return (event,)
    payload = payload_of(event)
    newest = {"data": payload.to_data(), "dataschema": dataschema(payload.type, payload.version)}
    return in_versions(event.model_copy(update=newest))
